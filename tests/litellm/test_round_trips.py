"""Tools, pictures, forms and thoughts, by three clients through a real LiteLLM."""

import base64
import json
import subprocess
from typing import Any
from unittest import SkipTest

import ollama
import pytest

from tests.litellm.gateway import GatewayTestCase

pytestmark = pytest.mark.litellm

#: One black pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}


def tool(name: str) -> dict[str, Any]:
    """Return the definition of a tool that is asked about a city."""
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


class OllamaPython(GatewayTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client = ollama.Client(host=self.start_daemon().url)
        self.addCleanup(self.client._client.close)

    def ask(self, model: str, content: str = "What?", **more: Any) -> ollama.ChatResponse:
        return self.client.chat(model, [{"role": "user", "content": content, **more}])

    def test_tools(self) -> None:
        """Two calls come back as objects, and their results, without ids, find their calls."""
        question = {"role": "user", "content": "What?"}
        tools = [tool("weather"), tool("time")]
        for stream in (False, True):
            if stream:
                pieces = self.client.chat("fake/tools", [question], tools=tools, stream=True)
                (message,) = [p.message for p in pieces if p.message.tool_calls]
            else:
                message = self.client.chat("fake/tools", [question], tools=tools).message
            calls = [call.function for call in message.tool_calls or ()]
            self.assertEqual([call.name for call in calls], ["weather", "time"])
            self.assertEqual(calls[0].arguments, {"city": "Paris"})
            # In the other order, so that only the names tell which is which.
            results = [
                {"role": "tool", "tool_name": "time", "content": "noon"},
                {"role": "tool", "tool_name": "weather", "content": "rain"},
            ]
            history: list[Any] = [question, message, *results]
            reply = self.client.chat("fake/tools", history, tools=tools)
            self.assertEqual(reply.message.content, "The tools said: noon, rain.")

    def test_a_picture(self) -> None:
        """A picture reaches the model with its type."""
        reply = self.ask("fake/vision", images=[PNG])
        self.assertEqual(reply.message.content, "What? A image/png.")

    def test_a_form(self) -> None:
        """A schema reaches the model, and its answer comes back as text that fits."""
        question = [{"role": "user", "content": "What?"}]
        reply = self.client.chat("fake/structured", question, format=SCHEMA)
        self.assertEqual(json.loads(reply.message.content or ""), {"answer": 4})

    def test_a_gap(self) -> None:
        """What stands before and behind a gap reaches the model, and the filling comes back."""
        reply = self.client.generate("fake/gap", "a = ", suffix=" + c")
        self.assertEqual(reply.response, "<a = | + c>")


class LangChain(GatewayTestCase):
    def setUp(self) -> None:
        try:
            from langchain_ollama import ChatOllama  # noqa: PLC0415 - only here, and slow
        except ImportError as error:
            raise SkipTest("langchain-ollama is not installed; `make litellm` does it") from error
        super().setUp()
        daemon = self.start_daemon()

        def model(name: str, **more: Any) -> Any:
            made = ChatOllama(model=name, base_url=daemon.url, **more)
            # It never closes its connections, and warnings are errors here.
            self.addCleanup(made._client._client.close)
            return made

        self.model = model

    def test_tools(self) -> None:
        """Two calls and their results make a round trip; LangChain drops ids and names."""
        from langchain_core.messages import HumanMessage, ToolMessage  # noqa: PLC0415

        agent = self.model("fake/tools").bind_tools([tool("weather"), tool("time")])
        question = HumanMessage("What?")
        asked = agent.invoke([question])
        self.assertEqual([call["name"] for call in asked.tool_calls], ["weather", "time"])
        self.assertEqual(asked.tool_calls[0]["args"], {"city": "Paris"})
        results = [
            ToolMessage(text, tool_call_id=call["id"])
            for text, call in zip(("rain", "noon"), asked.tool_calls, strict=True)
        ]
        reply = agent.invoke([question, asked, *results])
        self.assertEqual(reply.content, "The tools said: rain, noon.")

    def test_a_picture(self) -> None:
        """A picture reaches the model with its type."""
        from langchain_core.messages import HumanMessage  # noqa: PLC0415

        url = "data:image/png;base64," + base64.b64encode(PNG).decode()
        content: list[Any] = [
            {"type": "text", "text": "What?"},
            {"type": "image_url", "image_url": {"url": url}},
        ]
        reply = self.model("fake/vision").invoke([HumanMessage(content)])
        self.assertIn("A image/png.", reply.content)

    def test_a_form(self) -> None:
        """A structured answer comes back as the object that was asked for."""
        model = self.model("fake/structured").with_structured_output(
            {"title": "Answer", **SCHEMA}, method="json_schema"
        )
        self.assertEqual(model.invoke("What?"), {"answer": 4})

    def test_thoughts(self) -> None:
        """Thoughts are kept apart from the answer."""
        reply = self.model("fake/reasoning", reasoning=True).invoke("What?")
        self.assertEqual(reply.content, "Answer: 4.")
        self.assertEqual(reply.additional_kwargs["reasoning_content"], "Let me think.")


class Curl(GatewayTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.url = self.start_daemon().url

    def ask(self, body: dict[str, Any], path: str = "/api/chat") -> list[dict[str, Any]]:
        """Return the lines that curl prints, with curl's own Content-Type, which is a form's."""
        command = ["curl", "--silent", "--no-buffer", self.url + path, "--data", json.dumps(body)]
        printed = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
        return [json.loads(line) for line in printed.splitlines()]

    def test_tools(self) -> None:
        """Calls come on one line before the last, and results without any link find their calls."""
        question = {"role": "user", "content": "What?"}
        tools = [tool("weather"), tool("time")]
        calls, last = self.ask({"model": "fake/tools", "messages": [question], "tools": tools})
        names = [call["function"]["name"] for call in calls["message"]["tool_calls"]]
        self.assertEqual(names, ["weather", "time"])
        self.assertEqual((last["done"], last["done_reason"]), (True, "stop"))
        results = [{"role": "tool", "content": "rain"}, {"role": "tool", "content": "noon"}]
        for call in calls["message"]["tool_calls"]:
            del call["id"]
        history = [question, calls["message"], *results]
        lines = self.ask({"model": "fake/tools", "messages": history, "tools": tools})
        text = "".join(line["message"]["content"] for line in lines)
        self.assertEqual(text, "The tools said: rain, noon.")

    def test_a_picture(self) -> None:
        """A picture in bare base64 reaches the model with its type."""
        picture = base64.b64encode(PNG).decode()
        message = {"role": "user", "content": "What?", "images": [picture]}
        first, _last = self.ask({"model": "fake/vision", "messages": [message]})
        self.assertEqual(first["message"]["content"], "What? A image/png.")

    def test_a_form(self) -> None:
        """A structured answer fits its schema."""
        message = {"role": "user", "content": "What?"}
        body = {"model": "fake/structured", "messages": [message], "format": SCHEMA}
        first, _last = self.ask(body)
        self.assertEqual(json.loads(first["message"]["content"]), {"answer": 4})

    def test_thoughts(self) -> None:
        """Thoughts come in lines of their own, before the answer."""
        body = {"model": "fake/reasoning", "prompt": "What?", "think": True}
        lines = self.ask(body, "/api/generate")
        told = [(line.get("thinking", ""), line["response"]) for line in lines]
        self.assertEqual("".join(thinking for thinking, _text in told), "Let me think.")
        self.assertEqual("".join(text for _thinking, text in told), "Answer: 4.")
        self.assertEqual([line["response"] for line in lines if line.get("thinking")], ["", ""])
