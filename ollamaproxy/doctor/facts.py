"""What the probes found out, before anybody says what it means.  Pure."""

from enum import Enum, auto

from attrs import frozen


class Trouble(Enum):
    """
    Why there is no connection.

    REFUSED: The machine is there, and nothing listens on the port.
    SILENT: Nobody answered for longer than the system waits.
    IN_WORDS: The daemon's own connections say it in words.
    UNREACHABLE: The network knows no way to there.
    NOT_TRUSTED: Nobody whom this machine trusts vouches for the certificate,
        or it is not valid today.
    OTHER_HOST: The certificate is good, and names another host.
    """

    REFUSED = auto()
    SILENT = auto()
    IN_WORDS = auto()
    UNREACHABLE = auto()
    NOT_TRUSTED = auto()
    OTHER_HOST = auto()


@frozen(kw_only=True)
class Certificate:
    """
    The certificate that a server shows.

    Attributes:
        subject: Whom it is for, as the issuer calls it.
        issuer: Who vouches for it.
        names: The hosts that it is good for; a name may begin with ``*.``.
        begins_s: From when it is valid, in seconds since 1970.
        ends_s: Until when.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins_s: int
    ends_s: int


@frozen(kw_only=True)
class Connection:
    """
    What became of connecting.

    Attributes:
        host: Where to.
        port: Which port of it.
        trouble: Why there is none; ``None`` if there is one.
        words: What the system says of the trouble, or the daemon's own
            connections; may be empty.
        took_s: How long it took, or was waited for.
        certificate: What the server showed, should it be one with TLS.
    """

    host: str
    port: int
    trouble: Trouble | None
    words: str = ""
    took_s: float = 0.0
    certificate: Certificate | None = None


@frozen(kw_only=True)
class Answer:
    """
    What the gateway answered to a question.

    Attributes:
        status: Of HTTP.
        media_type: In lower case and without parameters; empty if not told.
        body: The beginning of it, without the key.
        location: Where it redirects to; empty if it does not.
    """

    status: int
    media_type: str
    body: bytes
    location: str = ""


@frozen(kw_only=True)
class FirstToken:
    """
    What came of a question to a model.

    Attributes:
        took_s: From the question to the first piece of the answer.
        text: That piece; empty if the model ended without one.
        litellm_version: As the gateway told with its answer; empty if it did not.
    """

    took_s: float
    text: str
    litellm_version: str = ""


class Listener(Enum):
    """
    What is at the daemon's address already.

    NOTHING: It is free.
    OURS: A daemon such as this one.
    OLLAMA: A real Ollama.
    AN_OLLAMA: Ollama or a daemon such as this one; it has no models to tell by.
    OTHER: Something else.
    """

    NOTHING = auto()
    OURS = auto()
    OLLAMA = auto()
    AN_OLLAMA = auto()
    OTHER = auto()


@frozen
class Found:
    """
    What is at the daemon's address.

    Attributes:
        listener: Who listens there.
        problem: Why the daemon cannot, although nobody does, in its own words;
            empty if it can.
    """

    listener: Listener
    problem: str = ""
