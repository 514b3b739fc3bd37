"""What the gateway answers: is it an API, which one, and does it take the key?"""

import re
from typing import Final

from attrs import frozen

from ollamaproxy.doctor.facts import Answer
from ollamaproxy.doctor.findings import Finding
from ollamaproxy.errors import UpstreamError
from ollamaproxy.wire.json_text import decode
from ollamaproxy.wire.openai_errors import ErrorReport, decode_error

API: Final = "API"
KEY: Final = "key"

#: What every OpenAI-compatible server has, and what it is found by.
MODELS_PATH: Final = "/v1/models"

_BASE_URL: Final = "Correct --base-url: it is what stands before /v1/chat/completions."

#: A load balancer's words for that nothing is behind it.
_NOBODY_THERE: Final = frozenset({502, 503, 504})

#: LiteLLM without a database says this, and 400, to a key that it does not know.
_NO_DATABASE: Final = "no_db_connection"

#: What may be a part of a key or its hash: LiteLLM repeats both.
_KEY_LIKE: Final = re.compile(r"\bsk-\S+|\b[0-9a-f]{32,}\b")

#: Characters of the gateway's own words that are repeated.
_MAX_WORDS: Final = 300


@frozen(kw_only=True)
class Product:
    """
    What the gateway is.

    Attributes:
        is_litellm: It says what only LiteLLM says.
        version: Its release; empty if it does not tell.
    """

    is_litellm: bool = False
    version: str = ""

    def __str__(self) -> str:
        if not self.is_litellm:
            return "an OpenAI-compatible API"
        return f"LiteLLM {self.version}".rstrip()


def product(alive: Answer | None, ready: Answer | None) -> Product:
    """
    Return what the gateway is.

    Args:
        alive: Its answer to ``/health/liveliness``; ``None`` if there is none.
        ready: To ``/health/readiness``, where older releases tell the version.
    """
    if alive is None or alive.status != 200 or b"I'm alive!" not in alive.body:
        return Product()
    told = _json(ready) if ready is not None else None
    version = told.get("litellm_version") if isinstance(told, dict) else None
    return Product(is_litellm=True, version=version if isinstance(version, str) else "")


def no_answer_finding(error: UpstreamError, *, speaks_tls: bool) -> Finding:
    """
    Say that no answer came.

    Args:
        error: What came instead.
        speaks_tls: The port makes secure connections, but was not asked for one.
    """
    if speaks_tls:
        return _wants_https()
    return Finding.failed(
        API,
        error.message,
        "Look at the gateway's own log, and whether --base-url is the address of its API.",
    )


def _wants_https() -> Finding:
    return Finding.failed(
        API, "the port speaks TLS, and was asked without", "Write https:// in --base-url."
    )


def api_finding(answer: Answer, what: Product, *, speaks_tls: bool = False) -> Finding:  # noqa: PLR0911 - a list of cases
    """
    Say whether it is an API that answers.

    Args:
        answer: To ``GET /v1/models``.
        what: What it is known to be.
        speaks_tls: See :func:`no_answer_finding`.
    """
    value = _json(answer)
    report = decode_error(answer.body)
    if speaks_tls:
        return _wants_https()
    if answer.status == 200 and isinstance(value, dict) and isinstance(value.get("data"), list):
        return Finding.ok(API, f"it is {what}")
    if is_about_the_key(answer):
        return Finding.ok(API, f"it is {what}")
    if answer.location:
        target = answer.location.partition("?")[0].removesuffix(MODELS_PATH).rstrip("/")
        return Finding.failed(
            API,
            f"it redirects to {target} (HTTP {answer.status}), which is not followed with a key",
            "If that is the gateway, and no login page, write it in --base-url.",
        )
    if answer.status in _NOBODY_THERE and report is None:
        return Finding.failed(
            API,
            f"a load balancer answers that no gateway is behind it (HTTP {answer.status})",
            "Ask whoever runs the gateway whether it is up.",
        )
    if answer.body.lstrip().startswith(b"<"):
        return Finding.failed(
            API, f"it answers with a web page (HTTP {answer.status}), not as an API", _BASE_URL
        )
    if report is not None and answer.status >= 500:
        return Finding.failed(
            API,
            f"it has trouble of its own (HTTP {answer.status}): {words(report.message)}",
            "Ask whoever runs the gateway.",
        )
    return Finding.failed(
        API,
        f"it has no list of models under {MODELS_PATH} (HTTP {answer.status})"
        + (f": {words(report.message)}" if report is not None else ""),
        _BASE_URL,
    )


def is_about_the_key(answer: Answer) -> bool:
    """Whether an API refused the key, or asks for one."""
    report = decode_error(answer.body)
    if report is None:
        return answer.status == 401 and not answer.body.lstrip().startswith(b"<")
    return answer.status in {401, 403} or report.type in {_NO_DATABASE, "budget_exceeded"}


def key_finding(answer: Answer, *, has_key: bool) -> Finding:
    """
    Say whether the gateway takes the key.

    Args:
        answer: Of an API, to ``GET /v1/models``.
        has_key: It was asked with a key.
    """
    if not is_about_the_key(answer):
        told = (
            "the gateway tells its models with it"
            if has_key
            else "none is set, and the gateway tells its models without"
        )
        return Finding.ok(KEY, told)
    if not has_key:
        return Finding.failed(
            KEY,
            f"the gateway asks for one (HTTP {answer.status}), and none is set",
            "Put your key of the gateway's into the environment variable OLLAMAPROXY_API_KEY.",
        )
    report = decode_error(answer.body) or ErrorReport("no reason given")
    said = f"(HTTP {answer.status}): {words(report.message)}"
    if report.type == "budget_exceeded":
        return Finding.failed(
            KEY, f"its budget is spent {said}", "Ask whoever runs the gateway for more."
        )
    if answer.status == 403:
        return Finding.failed(
            KEY,
            f"the gateway knows it, and forbids it to list models {said}",
            "Ask whoever runs the gateway to let the key use the API's routes.",
        )
    if "expired" in f"{report.type} {report.message}".lower():
        return Finding.failed(
            KEY, f"it has expired {said}", "Ask whoever runs the gateway for a new one."
        )
    return Finding.failed(
        KEY,
        f"the gateway refuses it {said}",
        "Copy the whole key again; it must be one of this gateway's, not a model provider's.",
    )


def words(text: str) -> str:
    """Return words of the gateway's, on one line, without what could be a part of a key."""
    line = " ".join(_KEY_LIKE.sub("***", text).split())
    return f'"{line[:_MAX_WORDS]}"' + ("..." if len(line) > _MAX_WORDS else "")


def _json(answer: Answer) -> object:
    try:
        return decode(answer.body)
    except ValueError:
        return None
