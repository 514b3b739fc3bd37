"""What is known of one of the gateway's models, whoever told it."""

from typing import Self

from attrs import asdict, evolve, frozen


@frozen(kw_only=True)
class ModelFacts:
    """
    What is known of a model; ``None`` is not known.

    Attributes:
        mode: LiteLLM's word for its use: ``chat``, ``embedding``, ``completion``,
            ``responses``, ``image_generation`` and so on.
        tools: Whether it calls tools.
        vision: Whether it sees pictures.
        thinking: Whether it thinks.
        insert: Whether it fills in between two texts.
        efforts: The words beyond low, medium and high that its
            ``reasoning_effort`` takes: of ``none``, ``minimal``, ``xhigh``,
            ``max``; empty is also not known.
        context_length: How many tokens fit, at least 1.
        max_output_tokens: How many tokens an answer may have, at least 1.
        embedding_length: How many numbers its vectors have, at least 1.
        provider: Who runs it, in one word, such as ``anthropic``.
        from_wildcard: Nobody configured it by its name: the gateway lists it
            because a wildcard of its configuration, such as ``openai/*``, covers it.
    """

    mode: str | None = None
    tools: bool | None = None
    vision: bool | None = None
    thinking: bool | None = None
    insert: bool | None = None
    efforts: frozenset[str] = frozenset()
    context_length: int | None = None
    max_output_tokens: int | None = None
    embedding_length: int | None = None
    provider: str | None = None
    from_wildcard: bool = False

    def completed_by(self, other: "ModelFacts") -> Self:
        """Return these facts, and the other's where these are not known."""
        known = asdict(self, recurse=False)
        missing = [name for name, value in known.items() if value is None or value == frozenset()]
        return evolve(self, **{name: getattr(other, name) for name in missing})


UNKNOWN_MODEL = ModelFacts()
