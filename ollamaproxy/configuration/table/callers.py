"""The settings of who may call, and of what the gateway is told of them."""

from typing import Final

from ollamaproxy.callers.rules import (
    ClientAuth,
    parse_client_auth,
    parse_end_user_header,
    parse_tag,
)
from ollamaproxy.configuration.setting import Setting

CALLERS: Final = (
    Setting(
        name="client-auth",
        text="Who may call: none (everybody), keys (of --keys-file), or passthrough (clients show"
        " keys of the gateway's). With a --keys-file it is keys.",
        parse=parse_client_auth,
        default="none",
        choices=tuple(way.value for way in ClientAuth),
    ),
    Setting(
        name="keys-file",
        text="PATH of the file with the callers' keys; ollamaproxy add-key adds one.",
        parse=str,
        is_path=True,
    ),
    Setting(
        name="end-user-header",
        text="The header that tells the gateway the caller's name, such as x-litellm-end-user-id.",
        parse=parse_end_user_header,
    ),
    Setting(
        name="tag",
        text="A tag for LiteLLM's accounts, sent with every request to a model.",
        parse=parse_tag,
        field="tags",
        repeats=True,
    ),
)
