"""
The gateway's refusals, as the client should hear of them.

Statuses do not pass through unchanged: a 401 of the gateway is about this
daemon's key, and would make Ollama's own tools ask their user to sign in.  Only
if the client has shown a key of its own for the gateway, it is about that one.
"""

import re
from enum import Enum, auto

from ollamaproxy.errors import (
    CallerKeyRefused,
    GatewayForbids,
    GatewayKeyRefused,
    ModelNotFound,
    ProxyError,
    UpstreamRefused,
)
from ollamaproxy.translate.provider_errors import provider_message
from ollamaproxy.wire.openai_errors import ErrorReport, decode_error

#: What LiteLLM says of a model that it does not have; it answers 400 (1.80 and 1.106).
_UNKNOWN_MODEL = (
    "Invalid model name passed in model=",
    "There are no healthy deployments for this model",
)

#: What LiteLLM says of a parameter that a model lacks.
_LACKING = ("does not support parameters", "litellm.drop_params")

#: LiteLLM without a database says 400 to a wrong key.
_NO_DATABASE = "no_db_connection"

_KEY_HASH = re.compile(r"\b[0-9a-f]{64}\b")


class WhoseKey(Enum):
    """
    Who has chosen the key that the gateway gets, and has to hear what is wrong with it.

    DAEMONS: The operator, with ``--api-key``.
    KEYS_FILES: The operator, for one caller, in the keys file.
    CALLERS: The client, which showed it.
    NOBODYS: There is none.
    """

    DAEMONS = auto()
    KEYS_FILES = auto()
    CALLERS = auto()
    NOBODYS = auto()


def refusal(status: int, body: bytes, model: str, whose: WhoseKey = WhoseKey.DAEMONS) -> ProxyError:
    """
    Return the error for a reply of the gateway that is not a success.

    Args:
        status: The gateway's status, 300 to 599.
        body: The beginning of the reply's body.
        model: The model as the client wrote it; empty if none was asked for.
        whose: Who has chosen the key that the gateway got.
    """
    report = decode_error(body)
    if report is None:
        return _key_refused(status, "", whose) if status == 401 else _wordless(status, body)
    if model and _is_about_unknown_model(status, report):
        return ModelNotFound(f"model '{model}' not found")
    return _refused(report, status if 400 <= status <= 599 else None, whose)


def refusal_in_stream(report: ErrorReport) -> UpstreamRefused:
    """
    Return the error for an error event; LiteLLM names the status in it.

    Whoever has chosen the key: the gateway has accepted it before the stream began.
    """
    return _refused(report, report.status, WhoseKey.DAEMONS)


def _refused(report: ErrorReport, status: int | None, whose: WhoseKey) -> UpstreamRefused:
    if status in {401, 403} or report.type == _NO_DATABASE:
        return _about_the_key(status or 401, report, whose)
    return UpstreamRefused(_presentable(report.message), status)


def _presentable(message: str) -> str:
    """Return the provider's words; LiteLLM names keys by their hashes in some texts."""
    return _KEY_HASH.sub("***", provider_message(message))


def is_about_parameters(refused: UpstreamRefused) -> bool:
    """Whether LiteLLM refused a request for a parameter that the model does not have."""
    return refused.status == 400 and any(words in refused.message for words in _LACKING)


def _is_about_unknown_model(status: int, report: ErrorReport) -> bool:
    if status == 404:
        # OpenAI says 404 of a model that exists but not on this route, too.
        message = provider_message(report.message).lower()
        return "model" in message and ("not exist" in message or "not found" in message)
    return status == 400 and any(words in report.message for words in _UNKNOWN_MODEL)


def _about_the_key(status: int, report: ErrorReport, whose: WhoseKey) -> UpstreamRefused:
    """
    Word a refusal of the key, or of its rights.

    The gateway's own text is not repeated where it is about an operator's key
    itself: LiteLLM puts parts and hashes of keys into it.
    """
    if report.message.startswith("litellm."):
        # Raised on the far side of the gateway, so not about this daemon's key.
        return UpstreamRefused(
            f"the model's provider refused the gateway's own key (HTTP {status}); "
            "whoever runs the gateway should check it",
            502,
        )
    told = _presentable(report.message)
    if status != 403:
        return _key_refused(status, told, whose)
    if whose is WhoseKey.CALLERS:
        return GatewayForbids(f"the gateway forbids it to your API key: {told}", 403)
    return GatewayForbids(f"the gateway forbids it to this proxy's API key: {told}", 502)


def _key_refused(status: int, told: str, whose: WhoseKey) -> UpstreamRefused:
    if whose is WhoseKey.CALLERS:
        # 401, whatever the gateway says: LiteLLM without a database says 400.
        return CallerKeyRefused(
            f"the gateway refused your API key (HTTP {status})" + (told and f": {told}")
        )
    if whose is WhoseKey.NOBODYS:
        return GatewayKeyRefused(
            f"the gateway asks for an API key (HTTP {status}), and this proxy has none; "
            "whoever runs the proxy should give it one with --api-key-file",
            502,
        )
    where = "--api-key" if whose is WhoseKey.DAEMONS else "keys file"
    return GatewayKeyRefused(
        f"the gateway refused this proxy's API key (HTTP {status}); "
        f"whoever runs the proxy should check its {where}",
        502,
    )


def _wordless(status: int, body: bytes) -> UpstreamRefused:
    """Word a refusal that is no JSON error: an HTML page, plain text, or nothing."""
    text = " ".join(body[:200].decode("utf-8", "replace").split())
    if not text:
        told = "an empty reply"
    elif text.startswith("<"):
        told = "an HTML page; is --base-url the address of the gateway's API?"
    else:
        told = text
    # A balancer's overload is worth another try.  Anything else is not what a
    # gateway says: a page for a 404 must not pass for a missing model.
    passes = status == 429 or 500 <= status <= 599
    return UpstreamRefused(
        f"the gateway answered HTTP {status} with {told}", status if passes else None
    )
