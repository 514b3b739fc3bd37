"""The official Ollama client, in front of the demonstration."""

import pytest
from ollama import Client, ResponseError

from tests.case import Case
from tests.processes import RunningDaemon

pytestmark = pytest.mark.live

HELLO = [{"role": "user", "content": "Hello!"}]


class OfficialClient(Case):
    def setUp(self) -> None:
        super().setUp()
        daemon = RunningDaemon("--demo")
        self.addCleanup(daemon.stop)
        self.client = Client(host=daemon.url)
        # The client has no close() of its own, and warnings are errors here.
        self.addCleanup(self.client._client.close)

    def test_everything(self) -> None:
        """The client lists, chats and generates, streamed and not, and hears of a wrong model."""
        names = [model.model for model in self.client.list().models]
        self.assertEqual(names, ["demo-chat", "demo-embed"])

        whole = self.client.chat("demo-chat", HELLO)
        self.assertIn("demonstration", whole.message.content or "")
        pieces = list(self.client.chat("demo-chat", HELLO, stream=True))
        self.assertEqual("".join(p.message.content or "" for p in pieces), whole.message.content)
        self.assertEqual([piece.done for piece in pieces[-2:]], [False, True])
        self.assertGreater(pieces[-1].eval_count or 0, 10)

        answer = self.client.generate("demo-chat", "Hello!")
        self.assertEqual(answer.response, whole.message.content)
        texts = [piece.response for piece in self.client.generate("demo-chat", "Hi", stream=True)]
        self.assertGreater(len(texts), 10)

        with self.assertRaises(ResponseError) as caught:
            self.client.chat("nope", HELLO)
        self.assertEqual(caught.exception.status_code, 404)
        self.assertEqual(caught.exception.error, "model 'nope' not found")
