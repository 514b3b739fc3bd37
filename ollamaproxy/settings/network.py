"""What a company's network asks of the way to the gateway."""

from attrs import field, frozen

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.network.bypass import Bypass
from ollamaproxy.network.gateway_header import GatewayHeader
from ollamaproxy.network.proxies import Proxies


@frozen(kw_only=True)
class Network:
    """
    The way to the gateway.

    Attributes:
        proxies: What stands between; ``None`` leaves it to the environment.
        bypass: What is reached without; ``None`` leaves it to the environment.
        ca_file: The path of a PEM file with the certificate authorities that
            are trusted; ``None`` leaves it to the platform.
        client_certificate: The path of a PEM file with the certificate that
            the gateway is shown, and those between it and its root.
        client_key: The path of a PEM file with its key; ``None`` if that is in
            the same file.
        headers: The gateway gets these with every request.
    """

    proxies: Proxies | None = None
    bypass: Bypass | None = None
    ca_file: str | None = None
    client_certificate: str | None = None
    client_key: str | None = field(default=None)
    headers: tuple[GatewayHeader, ...] = ()

    @client_key.validator
    def _check_key(self, _attribute: object, key: str | None) -> None:
        if key is not None and self.client_certificate is None:
            raise InvalidSetting("needs a --client-certificate, too", "client-key")
