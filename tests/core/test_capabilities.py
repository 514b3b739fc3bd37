"""What a model cannot do, in Ollama's words."""

from ollamaproxy.errors import BadRequest
from ollamaproxy.translate.capabilities import (
    check_chat,
    check_generate,
    full_name,
    no_insert,
    short_name,
)
from ollamaproxy.wire.model_facts import UNKNOWN_MODEL, ModelFacts
from ollamaproxy.wire.ollama import ChatRequest, Controls, GenerateRequest
from tests.case import Case

EVERYTHING = ChatRequest(model="m", tools=({},), controls=Controls(think=True))


class Checks(Case):
    def complaint(self, request: ChatRequest | GenerateRequest, facts: ModelFacts) -> str | None:
        try:
            if isinstance(request, ChatRequest):
                check_chat(request, facts)
            else:
                check_generate(request, facts)
        except BadRequest as error:
            return error.message
        return None

    def test_chat(self) -> None:
        """Only what the gateway knows to be missing is missing; thinking is looked at first."""
        for facts, told in (
            (UNKNOWN_MODEL, None),
            (ModelFacts(mode="chat", tools=True, thinking=True), None),
            (
                ModelFacts(tools=False, thinking=False, mode="embedding"),
                '"m" does not support thinking',
            ),
            (ModelFacts(mode="embedding", tools=False), '"m" does not support chat'),
            (ModelFacts(tools=False), "registry.ollama.ai/library/m:latest does not support tools"),
        ):
            self.assertEqual(self.complaint(EVERYTHING, facts), told, str(facts))

    def test_nothing_asked(self) -> None:
        """What nobody asks for is not missed, and ``false`` asks for no thinking."""
        request = ChatRequest(model="m", controls=Controls(think=False))
        self.assertIsNone(self.complaint(request, ModelFacts(tools=False, thinking=False)))

    def test_generate(self) -> None:
        """The other endpoint has words of its own."""
        request = GenerateRequest(model="m", controls=Controls(think="low"))
        for facts, told in (
            (UNKNOWN_MODEL, None),
            (ModelFacts(thinking=False), '"m" does not support thinking'),
            (ModelFacts(mode="embedding"), '"m" does not support generate'),
        ):
            self.assertEqual(self.complaint(request, facts), told, str(facts))

    def test_names(self) -> None:
        """A name is completed by registry, namespace and tag, as far as they are missing."""
        for name, whole in (
            ("m", "registry.ollama.ai/library/m:latest"),
            ("m:7b", "registry.ollama.ai/library/m:7b"),
            ("azure/m", "registry.ollama.ai/azure/m:latest"),
            ("host/ns/m:7b", "host/ns/m:7b"),
        ):
            self.assertEqual(full_name(name), whole)
        self.assertEqual(
            no_insert("m").message, "registry.ollama.ai/library/m:latest does not support insert"
        )


class ShortNames(Case):
    def test_short_names(self) -> None:
        """Ollama always shows a tag."""
        for name, shown in (("m", "m:latest"), ("m:1b", "m:1b"), ("h:1/m", "h:1/m:latest")):
            self.assertEqual(short_name(name), shown)
