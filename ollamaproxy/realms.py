"""
What belongs to one key of the gateway's, so that nobody sees what is another's.

The callers who use the daemon's own key share one realm.  A key that a client
brings, or that the keys file has for one, has a realm of its own.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from ollamaproxy.callers.caller import NOBODY, Caller
from ollamaproxy.clocks import Clocks
from ollamaproxy.running import RunningModels
from ollamaproxy.upstream.catalogue import Catalogue

#: More are not remembered: clients can make up keys.  A list of models is some
#: 100 KiB, and who is forgotten waits for it once more.
MAX_REALMS: Final = 256


@frozen
class Realm:
    """
    What belongs to one key.

    Attributes:
        catalogue: Knows its models.
        running: Knows which of them are in use.
    """

    catalogue: Catalogue
    running: RunningModels


class Realms:
    """
    All realms.

    Attributes:
        own: That of the daemon's key; it is always there.
    """

    def __init__(self, make_catalogue: Callable[[Caller], Catalogue], clocks: Clocks) -> None:
        """
        Begin with the daemon's own.

        Args:
            make_catalogue: Makes one that asks with a caller's key.
            clocks: All of them.
        """
        self._make_catalogue = make_catalogue
        self._clocks = clocks
        self.own = self._make(NOBODY)
        #: What others knew before; each is taken over when its key comes again.
        self._before: Mapping[bytes, Realm] = {}
        #: By the key's hash: how long it takes to look one up tells nothing of
        #: the keys that are there.  The least recently used is in front.
        self._others: OrderedDict[bytes, Realm] = OrderedDict()

    def _make(self, caller: Caller, before: Realm | None = None) -> Realm:
        catalogue = self._make_catalogue(caller)
        if before is None:
            return Realm(catalogue, RunningModels(self._clocks))
        catalogue.take_over(before.catalogue)
        return Realm(catalogue, before.running)

    def of(self, caller: Caller) -> Realm:
        """Return what belongs to the key with which the gateway is asked for a caller."""
        if caller.gateway_key is None:
            return self.own
        digest = hashlib.sha256(caller.gateway_key.text.encode("ascii")).digest()
        realm = self._others.get(digest)
        if realm is None:
            realm = self._others[digest] = self._make(caller, self._before.get(digest))
            if len(self._others) > MAX_REALMS:
                # Who uses it now goes on with it.
                self._others.popitem(last=False)
        self._others.move_to_end(digest)
        return realm

    def take_over(self, before: "Realms") -> None:
        """
        Know what was known until now.

        Args:
            before: Of the same gateway, with other rules perhaps.
        """
        self.own = self._make(NOBODY, before.own)
        self._before = dict(before._others)  # noqa: SLF001 - one of us

    def start(self) -> None:
        """Ask for the models of the daemon's key now and again; others ask when they are needed."""
        self.own.catalogue.start()

    def stop(self) -> None:
        """Ask no more."""
        for realm in (self.own, *self._others.values()):
            realm.catalogue.stop()
