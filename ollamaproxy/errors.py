"""
What can go wrong, as one family of exceptions split by whose fault it is.

Every error carries the status and the text that the client is told.  Raise
them anywhere; they are answered in exactly one place,
:mod:`ollamaproxy.resources.exchange`.  A client that leaves is an outcome, not
an error.
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar


class InvalidSetting(ValueError):
    """
    A setting has a value that cannot work.

    Written out it begins with the flags of the settings that it is about, for
    who raises it does not know where their values come from; see
    :meth:`with_origins`.

    Attributes:
        text: What is wrong and what would work, without the settings' names.
        settings: The names of those that it is about, without dashes, the one
            to change in front; empty if the text says by itself where to look.
    """

    def __init__(self, text: str, *settings: str) -> None:
        super().__init__(text, *settings)
        self.text = text
        self.settings = settings

    def __str__(self) -> str:
        return _behind([f"--{name}" for name in self.settings], self.text)

    @property
    def mistakes(self) -> "tuple[InvalidSetting, ...]":
        """Each mistake by itself: this one, unless there are several."""
        return (self,)

    def with_origins(self, origins: Mapping[str, str]) -> "InvalidSetting":
        """
        Return the same, beginning with where the values come from.

        Args:
            origins: Of the settings that were given, by their names.
        """
        places = [origins.get(name, f"--{name}") for name in self.settings]
        return InvalidSetting(_behind(places, self.text))


class InvalidSettings(InvalidSetting):
    """Several mistakes at once; written out, each is a line."""

    def __init__(self, mistakes: Iterable[InvalidSetting]) -> None:
        self._mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self._mistakes)))

    @property
    def mistakes(self) -> tuple[InvalidSetting, ...]:
        """Override: all of them."""
        return self._mistakes

    def with_origins(self, origins: Mapping[str, str]) -> "InvalidSettings":
        """Override: of each."""
        return InvalidSettings(mistake.with_origins(origins) for mistake in self._mistakes)


class CannotListen(Exception):
    """
    An address is not to be had; the text says why and what to do.

    Attributes:
        setting: The name of the one that it comes from.
    """

    def __init__(self, text: str, setting: str) -> None:
        super().__init__(text, setting)
        self.text = text
        self.setting = setting

    def __str__(self) -> str:
        return self.text

    def with_origins(self, origins: Mapping[str, str]) -> "CannotListen":
        """Return the same, beginning with where the address comes from, if it is no default."""
        places = [origins[self.setting]] if self.setting in origins else []
        return CannotListen(_behind(places, self.text), self.setting)


def _behind(places: Iterable[str], text: str) -> str:
    """Return a text behind the places that it is about."""
    front = " and ".join(places)
    return f"{front}: {text}" if front else text


class ProxyError(Exception):
    """
    Something that ends a request, in words meant for the person who made it.

    Attributes:
        message: One or more sentences; what an Ollama client shows its user.
        status: The HTTP status (400-599) if nothing has been sent yet.
        outcome: A short constant name for logs.
        quotes: The message holds words of the gateway's or the model's, which
            may be a prompt's or a reply's: it is not for logs.
        asks_for_key: Another key of the client's would help, and HTTP has a
            header to say so.
    """

    default_status: ClassVar[int]
    outcome: ClassVar[str]
    quotes: ClassVar[bool] = False
    asks_for_key: ClassVar[bool] = False

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = self.default_status if status is None else status


class BadRequest(ProxyError):
    """The client's request cannot be understood or carried out."""

    default_status = 400
    outcome = "bad_request"


class ModelNotFound(BadRequest):
    """The gateway does not have the model that was asked for."""

    default_status = 404
    outcome = "model_not_found"


class Unauthorized(ProxyError):
    """Only for somebody who is signed in, or has shown who it is."""

    default_status = 401
    outcome = "unauthorized"


class CallerRefused(Unauthorized):
    """The client has shown no key, or none that may be used here."""

    outcome = "caller_refused"
    asks_for_key = True


class Forbidden(ProxyError):
    """The operator does not want that."""

    default_status = 403
    outcome = "forbidden"


class NotSupported(ProxyError):
    """Ollama does it, and a proxy cannot."""

    default_status = 501
    outcome = "not_supported"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} is not supported by this proxy: its models are those of its gateway"
        )


class Overloaded(ProxyError):
    """
    There is too much to do.

    Attributes:
        retry_after: When to try again, in seconds, as HTTP says it.
    """

    default_status = 503
    outcome = "overloaded"
    retry_after = "1"


class CutShort(ProxyError):
    """The daemon stops, and cannot wait for the reply."""

    default_status = 503
    outcome = "cut"

    def __init__(self) -> None:
        super().__init__("the proxy stops and cannot wait for the rest of this reply; try again")


class InternalError(ProxyError):
    """A bug of ours; what it was is in the log."""

    default_status = 500
    outcome = "bug"

    def __init__(self) -> None:
        super().__init__("internal error; the proxy's log tells more")


class UpstreamError(ProxyError):
    """The gateway, or the way to it, failed."""

    default_status = 502
    outcome = "upstream_error"


class UpstreamUnreachable(UpstreamError):
    """No connection to the gateway: refused, unknown host, bad certificate."""

    outcome = "upstream_unreachable"


class UpstreamTimeout(UpstreamError):
    """The gateway kept silent for longer than a deadline allows."""

    default_status = 504
    outcome = "upstream_timeout"


class UpstreamRefused(UpstreamError):
    """
    The gateway answered with an error of its own; status and text are the gateway's.

    Attributes:
        retry_after: When to try again, as HTTP says it; ``None`` if not told.
    """

    outcome = "upstream_refused"
    quotes = True

    def __init__(
        self, message: str, status: int | None = None, retry_after: str | None = None
    ) -> None:
        super().__init__(message, status)
        self.retry_after = retry_after


class GatewayKeyRefused(UpstreamRefused):
    """The gateway does not accept this daemon's key; the text is ours and has no part of it."""

    outcome = "gateway_key_refused"
    quotes = False


class CallerKeyRefused(UpstreamRefused):
    """The gateway does not accept the client's own key, which was passed through to it."""

    default_status = 401
    outcome = "caller_key_refused"
    asks_for_key = True


class GatewayForbids(UpstreamRefused):
    """The gateway knows the key that it got, and does not let it do what was asked."""

    outcome = "gateway_forbids"


class UpstreamGarbled(UpstreamError):
    """The gateway answered with something that is not the OpenAI protocol."""

    outcome = "upstream_garbled"


class ToolCallGarbled(UpstreamGarbled):
    """The model's call of a tool is not whole."""

    outcome = "tool_call_garbled"
    quotes = True


class UpstreamTruncated(UpstreamError):
    """The gateway's answer is missing or stops before its end."""

    outcome = "upstream_truncated"
