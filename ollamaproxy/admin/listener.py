"""The admin address: there from before the first request until after the last."""

from collections.abc import Sequence
from typing import Any

from ollamaproxy.admin.site import AdminSite
from ollamaproxy.errors import CannotListen
from ollamaproxy.server.listeners import Listeners
from ollamaproxy.settings import Listening, Settings


class AdminListener:
    """Opens and closes the admin address."""

    def __init__(self, site: AdminSite, endpoints: Sequence[str], reactor: Any) -> None:
        """
        Prepare; nothing listens yet.

        Args:
            site: What to serve.
            endpoints: As an operator writes them; the first that is to be had is taken.
            reactor: Provides what the endpoints need.
        """
        self._site = site
        self._choices = [
            Listeners(reactor, Listening(endpoints=(it,)), site, setting="admin-listen")
            for it in endpoints
        ]

    def open(self) -> None:
        """
        Take the address.

        Raises:
            CannotListen: None is to be had; why not the last one.
        """
        while True:
            try:
                self._choices[0].open()
            except CannotListen:
                if len(self._choices) == 1:
                    raise
                del self._choices[0]
            else:
                return

    @property
    def url(self) -> str:
        """Where somebody on this machine finds the status page, once it is open."""
        return self._choices[0].local_url

    def follow(self, settings: Settings) -> None:
        """Answer from now on by these settings."""
        self._site.follow(settings)

    async def close(self) -> None:
        """Take no further connections, and close those that there are."""
        await self._choices[0].close()
        gone = self._site.drain()
        self._site.cut()
        self._site.abort()
        await gone
