"""The settings of where clients find the daemon."""

from typing import Final

from ollamaproxy.configuration.addresses import (
    ollamas_host,
    ollamas_origins,
    ollamas_port,
    parse_admin_endpoint,
    parse_endpoint,
    parse_host,
    parse_host_name,
    parse_origin,
)
from ollamaproxy.configuration.setting import OllamasVariable, Setting
from ollamaproxy.configuration.values import parse_port, parse_switch, parse_workers

LISTENING: Final = (
    Setting(
        name="host",
        text="The address to listen on.",
        parse=parse_host,
        default="0.0.0.0",  # noqa: S104 - the specification says so; the daemon warns
        group="listening",
        needs_restart=True,
        ollamas=OllamasVariable("OLLAMA_HOST", ollamas_host),
    ),
    Setting(
        name="port",
        text="The port to listen on; 0 takes any free one.",
        parse=parse_port,
        default="11434",
        group="listening",
        needs_restart=True,
        ollamas=OllamasVariable("OLLAMA_HOST", ollamas_port),
    ),
    Setting(
        name="listen",
        text="ENDPOINT to listen on instead of host and port, in Twisted's words or short, such as"
        " unix:/run/ollamaproxy.sock, systemd:domain=INET:index=0, haproxy:tcp:8080 or"
        " 127.0.0.1:8080.",
        parse=parse_endpoint,
        field="endpoints",
        group="listening",
        repeats=True,
        needs_restart=True,
    ),
    Setting(
        name="admin-listen",
        text="ENDPOINT for health, metrics and the status page, such as 11435 (on loopback),"
        " 127.0.0.1:11435 or what --listen takes; without it there are none.",
        parse=parse_admin_endpoint,
        field="admin",
        group="listening",
        needs_restart=True,
    ),
    Setting(
        name="ready-needs-gateway",
        text="Say on /readyz that the daemon is not ready while no gateway is up.",
        parse=parse_switch,
        is_switch=True,
    ),
    Setting(
        name="tls-certificate",
        text="PATH of a PEM file with the daemon's own certificate and those between it and the"
        " root: clients then come by https. What is renewed in place is read anew on SIGHUP.",
        parse=str,
        field="certificate",
        group="listening",
        is_path=True,
        needs_restart=True,
    ),
    Setting(
        name="tls-key",
        text="PATH of a PEM file with the certificate's key, if it is not in the same file.",
        parse=str,
        field="key",
        group="listening",
        is_path=True,
        needs_restart=True,
    ),
    Setting(
        name="workers",
        text="The number of processes that answer, for more than one core. Each has the limits of"
        " this configuration for itself.",
        parse=parse_workers,
        default="1",
        group="listening",
        needs_restart=True,
    ),
    Setting(
        name="origin",
        text="ORIGIN whose pages may use the daemon, besides Ollama's own list; may have one *.",
        parse=parse_origin,
        field="origins",
        repeats=True,
        ollamas=OllamasVariable("OLLAMA_ORIGINS", ollamas_origins),
    ),
    Setting(
        name="host-name",
        text="NAME of the daemon's that a browser may ask for.",
        parse=parse_host_name,
        field="host_names",
        repeats=True,
    ),
)
