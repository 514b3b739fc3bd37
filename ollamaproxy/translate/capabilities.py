"""
What a model cannot do, said before the gateway is asked, in Ollama's words.

Only what the gateway positively says counts: of most self-hosted models it
knows nothing.

Source: ollama/ollama server/routes.go; the three texts differ there as well.
"""

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.model_facts import ModelFacts
from ollamaproxy.wire.ollama import ChatRequest, GenerateRequest


def check_chat(request: ChatRequest, facts: ModelFacts) -> None:
    """Raise BadRequest if the model cannot answer the chat."""
    _check_thinking(request.model, request.controls.think, facts)
    _check_mode(request.model, facts, "chat")
    if request.tools and facts.tools is False:
        raise BadRequest(f"{full_name(request.model)} does not support tools")


def check_generate(request: GenerateRequest, facts: ModelFacts) -> None:
    """Raise BadRequest if the model cannot go on from the prompt."""
    _check_thinking(request.model, request.controls.think, facts)
    _check_mode(request.model, facts, "generate")


def no_insert(model: str) -> BadRequest:
    """Return the error for a model that cannot fill in the middle."""
    return BadRequest(f"{full_name(model)} does not support insert")


def _check_thinking(model: str, think: bool | str | None, facts: ModelFacts) -> None:
    if think and facts.thinking is False:
        raise BadRequest(f'"{model}" does not support thinking')


def _check_mode(model: str, facts: ModelFacts, purpose: str) -> None:
    if facts.mode == "embedding":
        raise BadRequest(f'"{model}" does not support {purpose}')


def full_name(model: str) -> str:
    """Return a model's name with what Ollama adds to it: registry, namespace and tag."""
    path, _slash, name = model.rpartition("/")
    tagged = name if ":" in name else f"{name}:latest"
    if "/" in path:
        return f"{path}/{tagged}"
    return f"registry.ollama.ai/{path or 'library'}/{tagged}"


def short_name(model: str) -> str:
    """Return a model's name as Ollama shows it: always with a tag."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"
