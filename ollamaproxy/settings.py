"""
What an operator can set, checked once and then unchangeable.

Nothing here reads the environment or the command line; :mod:`ollamaproxy.tap`
does, and ends with one :class:`Settings`.
"""

import re
from collections.abc import Iterable
from typing import Final

import hyperlink
from attrs import field, frozen

from ollamaproxy.callers.rules import ClientAuth
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.models.rules import ModelRules

#: A name or an address; what does not exist is for the name server to say.
_ASCII_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")

_SECONDS: Final = re.compile(r"[0-9]{1,5}(\.[0-9]{1,9})?")
_DAY_S: Final = 24 * 60 * 60

_VERSION: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){2}")

KIB: Final = 1024
MIB: Final = 1024 * KIB


@frozen(repr=False)
class Secret:
    """
    A text that must never be printed.

    Its ``repr`` and ``str`` are masked, so that it cannot slip into a log, an
    error or a traceback; the one place that needs the text asks for ``text``.
    """

    text: str = field()

    @text.validator
    def _check(self, _attribute: object, value: str) -> None:
        # RFC 9110 section 5.5 allows more, but a control character or a space
        # in a Bearer token (RFC 6750) is always a slip of copying.
        if not value or not all("!" <= character <= "~" for character in value):
            raise InvalidSetting(
                "the API key must be one word of printable ASCII characters; "
                "it seems to hold a space, a line break or a special character"
            )

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def as_bearer(self) -> bytes:
        """Return the value of an ``Authorization`` header with the secret."""
        return b"Bearer " + self.text.encode("ascii")

    def masked_in(self, text: str) -> str:
        """Return ``text`` with every appearance of the secret replaced by ``***``."""
        return text.replace(self.text, "***")


def parse_base_url(text: str) -> str:  # noqa: C901 - a list of checks, one after the other
    """
    Return the gateway's address without a trailing slash and without ``/v1``.

    ``http://h:4000``, ``http://h:4000/`` and ``http://h:4000/v1/`` mean the
    same gateway; a path before ``/v1`` is kept.

    Raises:
        InvalidSetting: It is not an http or https URL with a host, or it holds
            what a base URL has no place for (user, query, fragment).
    """
    text = text.strip()
    hint = "it should look like https://gateway.example.com or http://localhost:4000/v1"
    if "://" in text and "@" in text:  # first of all, for the texts below repeat the URL
        raise InvalidSetting("the base URL must not hold a user or password; use --api-key")
    try:
        url = hyperlink.URL.from_text(text).normalize(path=False)  # HTTP:// is http://
        host, port = url.host, url.port
    except ValueError as error:
        raise InvalidSetting(f"base URL {text!r} is malformed ({error}); {hint}") from error
    if url.scheme not in {"http", "https"} or not host:
        raise InvalidSetting(f"base URL {text!r} is not an http:// or https:// address; {hint}")
    if any(character <= " " or character == "\x7f" for character in text):
        raise InvalidSetting(f"base URL {text!r} has a space or control character in it; {hint}")
    if url.query or url.fragment:  # and here, too, a key may stand
        raise InvalidSetting(f"the base URL must not have a query or a fragment; {hint}")
    if port is None or not 0 < port <= 65535:
        raise InvalidSetting(f"base URL {text!r} has a port outside 1-65535; {hint}")
    segments = [segment for segment in url.path if segment]
    if segments and segments[-1] == "v1":
        segments.pop()
    url = url.replace(path=segments)
    try:
        if host.isascii():
            if not _ASCII_HOST.fullmatch(host):
                raise ValueError(host)
            # hyperlink encodes every name, and fails for IPv6 addresses and for
            # the underscores of Docker Compose's service names.
            url = url.replace(host="localhost").to_uri().replace(host=host)
        else:
            url = url.to_uri()
    except ValueError as error:
        raise InvalidSetting(f"base URL {text!r} has a malformed host; {hint}") from error
    return url.to_text().rstrip("/")


def _parse_base_urls(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(parse_base_url, texts))


def parse_cooldown(text: str) -> float:
    """
    Return for how long a gateway that failed is tried last, in seconds, up to a day.

    Raises:
        InvalidSetting: It is not a plain number from 0 to 86400.
    """
    if not _SECONDS.fullmatch(text) or float(text) > _DAY_S:
        raise InvalidSetting(f"cooldown {text!r} is not a number of seconds from 0 to {_DAY_S}")
    return float(text)


def parse_port(text: str) -> int:
    """
    Return a TCP port to listen on; 0 lets the system choose a free one.

    Raises:
        InvalidSetting: It is not a whole number from 0 to 65535.
    """
    # str.isdecimal also takes other scripts' digits; int() agrees with it.
    is_number = text.isascii() and text.isdecimal() and len(text) <= 5
    if not is_number or int(text) > 65535:
        raise InvalidSetting(f"port {text!r} is not a whole number from 0 to 65535")
    return int(text)


def parse_version(text: str) -> str:
    """
    Return a version for ``/api/version``.

    Raises:
        InvalidSetting: It is not three numbers with dots; clients compare them,
            and some take anything else for 0.
    """
    if not _VERSION.fullmatch(text):
        raise InvalidSetting(f"version {text!r} is not three numbers with dots, such as 0.32.15")
    return text


@frozen(kw_only=True)
class Deadlines:
    """
    How long the gateway may keep silent, and clients may take, in seconds, each phase by itself.

    There is none over a whole reply: a long answer that keeps coming is fine.

    Attributes:
        connect_s: Name lookup, TCP and TLS together, for each gateway that is
            tried.  A gateway is near.
        first_byte_s: All until the reply begins, with connecting, as often as
            that takes, and with sending the request.  LiteLLM holds the
            status line back until the model's first token, and a large prompt
            on a busy model takes minutes; the most patient common clients wait
            300 seconds.
        between_bytes_s: Between two pieces of a reply that has begun.
        header_s: From the first byte of a client's request to the end of its
            header.  It is one packet or two.
        body_grace_s: How often it is looked whether enough of a body comes.
        body_bytes_per_s: What is enough.  The slowest mobile networks are faster.
        idle_s: How long a client's connection may wait for its next request.
        write_stall_s: How long a client may read nothing of its reply.
        reading_bytes_per_s: How fast it must read a reply that was written at once.
        linger_s: How long a client that is refused may go on sending, so that
            it hears why.
        queue_s: How long a request may wait for its turn.
        drain_s: How long replies may go on when the daemon stops.
    """

    connect_s: float = 5.0
    first_byte_s: float = 300.0
    between_bytes_s: float = 60.0
    header_s: float = 10.0
    body_grace_s: float = 10.0
    body_bytes_per_s: float = 1.0 * KIB
    idle_s: float = 60.0
    write_stall_s: float = 30.0
    reading_bytes_per_s: float = 16.0 * KIB
    linger_s: float = 5.0
    queue_s: float = 30.0
    drain_s: float = 30.0


@frozen(kw_only=True)
class Limits:
    """
    How much may accumulate in memory, so that no peer can exhaust it.

    Attributes:
        max_request_bytes: The body of a client's request.  Pictures come in
            base64 and several at a time.
        max_event_bytes: One server-sent event of the gateway.  Long tool
            arguments arrive in one piece from some models; megabytes are not
            text any more.
        max_reply_bytes: A whole reply, gathered for a client that does not
            stream, and the body of an error or a model list.
        max_connections: Of clients at a time.  Each costs some 20 KiB.
        max_in_flight: Requests that are being answered by the gateway at a
            time.  More would only wait there.
        max_waiting: Requests that wait for their turn.  Ollama's own number.
        max_idle_connections: Connections to the gateway kept for the next
            request.  Twisted's default of 2 makes a burst pay for new ones.
    """

    max_request_bytes: int = 32 * MIB
    max_event_bytes: int = 8 * MIB
    max_reply_bytes: int = 64 * MIB
    max_idle_connections: int = 128
    max_connections: int = 2048
    max_in_flight: int = 512
    max_waiting: int = 512


@frozen(kw_only=True)
class Freshness:
    """
    For how long what is known of the gateway's models is good, in seconds.

    Attributes:
        refresh_s: They are asked for anew in the background when this old.
            Models change with the gateway's configuration, a few times a day.
        recent_s: So old they may be where a person waits for a new model to
            appear: in ``/api/tags``, and before a model is said not to exist.
        patience_s: How long a request waits for newer ones if it can do with
            older ones or none.  Home Assistant waits 5 for the whole list.
        deadline_s: How long the gateway may take to tell, all of it.
        retry_s: How long a gateway that did not tell is left alone.
        kept_s: So old they may become while the gateway does not tell; beyond
            that it is an error.  A day: an IDE that is shown no models forgets
            which one its user has chosen.
    """

    refresh_s: float = 300.0
    recent_s: float = 5.0
    patience_s: float = 3.0
    deadline_s: float = 15.0
    retry_s: float = 5.0
    kept_s: float = 86_400.0


@frozen(kw_only=True)
class Settings:
    """
    Everything that the daemon can be told.

    Attributes:
        base_url: The gateway, as :func:`parse_base_url` returns it.
        more_base_urls: Gateways that are asked, in this order, while it cannot
            be; with the same key.
        cooldown_s: For how long a gateway that failed is tried last, in
            seconds.  A restart of LiteLLM takes about as long.
        no_retry: No request but a GET is ever sent twice, not even if the
            connection closed before anything of an answer came.
        api_key: Sent to the gateway as a Bearer token; ``None`` sends none.
        host: The address to listen on.
        port: The port to listen on; 0 lets the system choose.
        origins: Pages of these may use the daemon, besides Ollama's own list;
            each may have one ``*``.
        host_names: The daemon's own names, which a browser may ask for.
        keys_file: The path of the file with the callers' keys.
        client_auth: Who may call; if not given, whoever is in the keys file,
            or everybody if there is none: a file that is named must not be idle.
        end_user_header: The gateway is told the caller's name in this header,
            in lower case; ``None`` does not tell it.
        tags: What the gateway is to book requests under, as LiteLLM has it.
        version: What ``/api/version`` reports: the Ollama release that is
            imitated, in plain numbers, because clients compare them.
        deadlines: How long the gateway may keep silent.
        models: What is decided about the models.
        freshness: For how long what is known of them is good.
        limits: How much may accumulate.
    """

    base_url: str = field(converter=parse_base_url)
    more_base_urls: tuple[str, ...] = field(default=(), converter=_parse_base_urls)
    cooldown_s: float = 30.0
    no_retry: bool = False
    api_key: Secret | None = None
    host: str = "0.0.0.0"  # noqa: S104 - the specification says so; tap.py warns
    port: int = 11434
    version: str = field(default="0.32.15", converter=parse_version)
    origins: tuple[str, ...] = ()
    host_names: tuple[str, ...] = ()
    keys_file: str | None = None
    client_auth: ClientAuth = field()
    end_user_header: str | None = None
    tags: tuple[str, ...] = ()
    models: ModelRules = field(factory=ModelRules)
    freshness: Freshness = Freshness()
    deadlines: Deadlines = Deadlines()
    limits: Limits = Limits()

    @more_base_urls.validator
    def _check_more(self, _attribute: object, urls: tuple[str, ...]) -> None:
        for url in urls:
            if self.base_urls.count(url) > 1:
                raise InvalidSetting(f"base URL {url!r} is given twice")

    @client_auth.default
    def _implied_client_auth(self) -> ClientAuth:
        return ClientAuth.NONE if self.keys_file is None else ClientAuth.KEYS

    @client_auth.validator
    def _check_client_auth(self, _attribute: object, value: ClientAuth) -> None:
        if value is ClientAuth.KEYS and self.keys_file is None:
            raise InvalidSetting(
                "--client-auth keys needs a --keys-file; ollamaproxy add-key makes one"
            )
        if value is not ClientAuth.KEYS and self.keys_file is not None:
            raise InvalidSetting(f"--client-auth {value.value} does not go with a --keys-file")

    @property
    def base_urls(self) -> tuple[str, ...]:
        """All gateways, the first one in front."""
        return (self.base_url, *self.more_base_urls)
