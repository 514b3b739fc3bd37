"""The settings of the logs, and of whose address is in them."""

from typing import Final

from ollamaproxy.configuration.setting import Setting
from ollamaproxy.server.client_address import parse_trusted_proxy
from ollamaproxy.settings.logs import LogFormat, parse_log_format

LOGS: Final = (
    Setting(
        name="log-format",
        text="What a line is, of access lines and of the daemon's own messages: text, or json, an"
        " object for programs.",
        parse=parse_log_format,
        default="text",
        field="format",
        group="logs",
        choices=tuple(it.value for it in LogFormat),
        needs_restart=True,
    ),
    Setting(
        name="access-log",
        text="PATH of a file for the access lines, instead of standard output; opened anew on"
        " SIGUSR1 and SIGHUP, for logrotate.",
        parse=str,
        field="access_path",
        group="logs",
        is_path=True,
        needs_restart=True,
    ),
    Setting(
        name="log-file",
        text="PATH of a file for the daemon's own messages, instead of standard error; opened anew"
        " on SIGUSR1 and SIGHUP.",
        parse=str,
        field="messages_path",
        group="logs",
        is_path=True,
        needs_restart=True,
    ),
    Setting(
        name="trusted-proxy",
        text="NETWORK or address of proxies, such as 10.0.0.0/8, whose X-Forwarded-For tells the"
        " client's address in the logs; the word unix is the peers of a unix socket.",
        parse=parse_trusted_proxy,
        field="trusted_proxies",
        repeats=True,
    ),
)
