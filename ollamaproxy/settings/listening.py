"""Where clients find the daemon."""

from attrs import field, frozen

from ollamaproxy.errors import InvalidSetting


@frozen(kw_only=True)
class Listening:
    """
    Where the daemon listens, and how.  Fixed from its start to its end.

    Attributes:
        host: The address to listen on.
        port: The port to listen on; 0 lets the system choose.
        endpoints: Endpoints to listen on instead, as the operator wrote them,
            such as ``unix:/run/ollamaproxy.sock``; none is host and port.
        admin: The endpoint for health, metrics and the status page; ``None``
            is none.
        certificate: The path of a PEM file with the daemon's own certificate
            and those between it and the root; ``None`` is no TLS.
        key: The path of a PEM file with its private key; ``None`` if that is
            in the same file.
        workers: How many processes answer; 1 is this one.
    """

    host: str = "0.0.0.0"  # noqa: S104 - the specification says so; the daemon warns
    port: int = 11434
    endpoints: tuple[str, ...] = ()
    admin: str | None = None
    certificate: str | None = None
    key: str | None = field(default=None)
    workers: int = 1

    @key.validator
    def _check_key(self, _attribute: object, key: str | None) -> None:
        if key is not None and self.certificate is None:
            raise InvalidSetting("needs a --tls-certificate, too", "tls-key")
