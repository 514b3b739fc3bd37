"""The settings of the way to the gateway."""

from typing import Final

from ollamaproxy.configuration.setting import Setting
from ollamaproxy.network.bypass import parse_bypass
from ollamaproxy.network.gateway_header import masked_header, parse_gateway_header
from ollamaproxy.network.proxies import parse_proxy
from ollamaproxy.network.proxy_url import masked_url

NETWORK: Final = (
    Setting(
        name="proxy",
        text="The proxy on the way to the gateway, such as http://proxy.example.com:3128; none"
        " for none. If it is not given, the variables HTTPS_PROXY, HTTP_PROXY and ALL_PROXY count.",
        parse=parse_proxy,
        field="proxies",
        group="network",
        is_secret=True,
        masked=masked_url,
    ),
    Setting(
        name="no-proxy",
        text="HOSTS that are reached without a proxy, parted by commas, as in the variable"
        " NO_PROXY, which counts if it is not given.",
        parse=parse_bypass,
        field="bypass",
        group="network",
    ),
    Setting(
        name="ca-file",
        text="PATH of a PEM file with the certificate authorities that are trusted on the way to"
        " the gateway, instead of the system's.",
        parse=str,
        group="network",
        is_path=True,
    ),
    Setting(
        name="client-certificate",
        text="PATH of a PEM file with the certificate that the gateway is shown, if it asks.",
        parse=str,
        group="network",
        is_path=True,
    ),
    Setting(
        name="client-key",
        text="PATH of a PEM file with its private key, if that is not in the same file.",
        parse=str,
        group="network",
        is_path=True,
    ),
    Setting(
        name="gateway-header",
        text="NAME: VALUE of a header that the gateway gets with every request.",
        parse=parse_gateway_header,
        field="headers",
        group="network",
        repeats=True,
        is_secret=True,
        masked=masked_header,
    ),
)
