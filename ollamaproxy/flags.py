"""
The table of all flags: what each is called, what it means, and which setting it makes.

Every flag has an environment variable of its own.
"""

from typing import Final

from ollamaproxy.callers.rules import parse_client_auth, parse_end_user_header, parse_tag
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.flag import Flag, parse_switch
from ollamaproxy.limit_flags import LIMIT_FLAGS
from ollamaproxy.models.rules import parse_alias, parse_override, parse_pattern
from ollamaproxy.settings import Secret, parse_base_url, parse_cooldown, parse_port


def parse_origin(text: str) -> str:
    """
    Return an origin, such as ``https://chat.example.com`` or ``chrome-extension://*``.

    Raises:
        InvalidSetting: It has a path, or more than one ``*``.
    """
    scheme, _colon, rest = text.partition("://")
    if text != "*" and (not scheme or not rest or "/" in rest or text.count("*") > 1):
        raise InvalidSetting(
            f"origin {text!r} is not of the form SCHEME://HOST or SCHEME://HOST:PORT"
        )
    return text


def parse_host_name(text: str) -> str:
    """
    Return a host's name.

    Raises:
        InvalidSetting: It is an address, or has a port or a path.
    """
    if not text.isascii() or any(character in text for character in ":/* @"):
        raise InvalidSetting(f"host name {text!r} is not just a name, such as ai.example.com")
    return text


def parse_host(text: str) -> str:
    """Return an address; an IPv6 address may have brackets."""
    in_brackets = text.startswith("[") and text.endswith("]")
    return text[1:-1] if in_brackets else text


FLAGS: Final = (
    Flag(
        name="base-url",
        text="The gateway's address, with or without /v1. Required. Can be repeated: the next one"
        " is asked while one cannot be reached.",
        parse=parse_base_url,
        setting="base_urls",
        repeats=True,
    ),
    Flag(
        name="api-key",
        text="The gateway's key, sent as a Bearer token.",
        parse=Secret,
        setting="api_key",
    ),
    Flag(
        name="cooldown",
        text="SECONDS for which a gateway that failed is tried last. [default: 30]",
        parse=parse_cooldown,
        setting="cooldown_s",
    ),
    Flag(
        name="no-retry",
        text="Never send a request twice, not even if its connection closed without an answer.",
        parse=parse_switch,
        setting="no_retry",
        is_switch=True,
    ),
    Flag(
        name="port",
        text="The port to listen on. [default: 11434]",
        parse=parse_port,
        setting="port",
    ),
    Flag(
        name="host",
        text="The address to listen on. [default: 0.0.0.0]",
        parse=parse_host,
        setting="host",
    ),
    Flag(
        name="client-auth",
        text="Who may call: none (everybody), keys (of --keys-file), or passthrough (clients show"
        " keys of the gateway's). [default: none, or keys with --keys-file]",
        parse=parse_client_auth,
        setting="client_auth",
    ),
    Flag(
        name="keys-file",
        text="PATH of the file with the callers' keys; ollamaproxy add-key adds one.",
        parse=str,
        setting="keys_file",
    ),
    Flag(
        name="end-user-header",
        text="The header that tells the gateway the caller's name, such as"
        " x-litellm-end-user-id. [default: none]",
        parse=parse_end_user_header,
        setting="end_user_header",
    ),
    Flag(
        name="tag",
        text="A tag for LiteLLM's accounts, sent with every request to a model. Can be repeated.",
        parse=parse_tag,
        setting="tags",
        repeats=True,
    ),
    Flag(
        name="alias",
        text="NAME=MODEL: a further name for a model. Can be repeated.",
        parse=parse_alias,
        setting="aliases",
        repeats=True,
        group="models",
    ),
    Flag(
        name="include",
        text="PATTERN: only models that match exist for clients. Can be repeated.",
        parse=parse_pattern,
        setting="include",
        repeats=True,
        group="models",
    ),
    Flag(
        name="exclude",
        text="PATTERN: models that match do not exist for clients. Can be repeated.",
        parse=parse_pattern,
        setting="exclude",
        repeats=True,
        group="models",
    ),
    Flag(
        name="model-info",
        text="PATTERN=WORDS: what models can do, such as qwen*=tools,no-vision,context=32768."
        " Can be repeated.",
        parse=parse_override,
        setting="overrides",
        repeats=True,
        group="models",
    ),
    Flag(
        name="hide-wildcards",
        text="Do not list what only a wildcard of the gateway's covers.",
        parse=parse_switch,
        setting="hide_wildcards",
        group="models",
        is_switch=True,
    ),
    Flag(
        name="default-model",
        text="Answers requests that name no model.",
        parse=str,
        setting="default_model",
        group="models",
    ),
    Flag(
        name="ollama-version",
        text="The release of Ollama to report. [default: 0.32.15]",
        parse=str,
        setting="version",
    ),
    Flag(
        name="origin",
        text="ORIGIN whose pages may use the daemon, besides Ollama's own list; may have one *."
        " Can be repeated.",
        parse=parse_origin,
        setting="origins",
        repeats=True,
        ollamas_variable="OLLAMA_ORIGINS",
    ),
    Flag(
        name="host-name",
        text="NAME of the daemon's that a browser may ask for. Can be repeated.",
        parse=parse_host_name,
        setting="host_names",
        repeats=True,
    ),
    *LIMIT_FLAGS,
)
