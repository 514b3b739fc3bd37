"""Texts to vectors."""

import json
from typing import Any

from ollamaproxy.wire.model_facts import ModelFacts
from tests.web.case import NetworkCase
from tests.web.network import ClientConnection


class EmbeddingsCase(NetworkCase):
    def embed(self, path: str = "/api/embed", **body: Any) -> ClientConnection:
        """Return a client whose request has reached the gateway."""
        return self.network.ask(path, {"model": "m", **body})

    def answer(self, *vectors: Any, usage: Any = None) -> None:
        entries = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]
        reply = {"data": entries, "usage": usage or {"prompt_tokens": 5}}
        self.network.gateway.reply(200, "application/json", json.dumps(reply))
        self.network.flush()

    def refuse(self, status: int, message: str) -> None:
        error = {"error": {"message": message}}
        self.network.gateway.reply(status, "application/json", json.dumps(error))
        self.network.flush()


class Embed(EmbeddingsCase):
    def test_byte_for_byte(self) -> None:
        """A reply has the model as asked for, vectors of length 1, and where the time went."""
        client = self.network.ask("/api/embed", {"model": "m:latest", "input": ["a", "b"]})
        request = self.network.gateway.request
        self.assertEqual((request.method, request.path), ("POST", "/v1/embeddings"))
        self.assertEqual(
            request.json, {"model": "m", "input": ["a", "b"], "encoding_format": "float"}
        )
        self.network.wait(1.5)
        self.answer([3, 4], [0.6, 0.8])
        response = client.response()
        self.assertEqual(response.headers["content-type"], "application/json; charset=utf-8")
        self.assertEqual(
            response.body.decode(),
            '{"model":"m:latest","embeddings":[[0.6,0.8],[0.6,0.8]],'
            '"total_duration":1500000000,"load_duration":1,"prompt_eval_count":5}',
        )

    def test_dimensions(self) -> None:
        """Vectors are cut here, for LiteLLM may drop the wish, and made of length 1 again."""
        client = self.embed(input="a", dimensions=2)
        self.assertNotIn("dimensions", self.network.gateway.request.json)
        self.answer([3, 4, 12])
        self.assertEqual(client.response().json["embeddings"], [[0.6, 0.8]])

    def test_nothing(self) -> None:
        """Nothing to embed asks to load the model, and is not asked of the gateway."""
        nothing: tuple[dict[str, Any], ...] = ({}, {"input": []}, {"input": ""}, {"input": None})
        for body in nothing:
            response = self.embed(**body).response()
            self.assertEqual(response.json, {"model": "m", "embeddings": []})
        self.assertEqual(self.network.gateway_connections, [])

    def test_no_such_model(self) -> None:
        """A model that does not exist is told in words of its own, whoever notices it."""
        told = {"error": 'model "x" not found, try pulling it first'}
        response = self.network.ask("/api/embed", {"model": "x"}).response()
        self.assertEqual((response.status, response.json), (404, told))
        for path, key in (("/api/embed", "input"), ("/api/embeddings", "prompt")):
            client = self.network.ask(path, {"model": "x", key: "a"})
            self.refuse(400, "Invalid model name passed in model=x")
            response = client.response()
            self.assertEqual((response.status, response.json), (404, told))

    def test_the_gateway_s_errors(self) -> None:
        """What the gateway refuses is told with its status and in its words."""
        client = self.embed(input="a")
        self.refuse(429, "slow down")
        response = client.response()
        self.assertEqual((response.status, response.json), (429, {"error": "slow down"}))

    def test_a_reply_without_vectors(self) -> None:
        """A reply that does not answer the question is the gateway's fault."""
        client = self.embed(input=["a", "b"])
        self.answer([1])
        response = client.response()
        self.assertEqual(response.status, 502)
        self.assertEqual(response.json, {"error": "the gateway sent 1 embeddings for 2 texts"})

    def test_a_client_that_leaves(self) -> None:
        """A client that leaves closes the gateway's connection."""
        client = self.embed(input="a")
        client.leave()
        self.network.flush()
        self.assertTrue(self.network.gateway.closed)
        self.assertEqual(self.network.records[-1].outcome, "client_left")

    def test_an_option_of_a_wrong_type(self) -> None:
        """Options are checked as everywhere, though vectors have none."""
        response = self.embed(input="a", options={"num_ctx": "x"}).response()
        self.assertEqual(response.status, 500)


class TooLong(EmbeddingsCase):
    def test_not_to_be_cut(self) -> None:
        """A text that is too long is an error in Ollama's words if it must not be cut."""
        client = self.embed(input="a" * 100, truncate=False)
        self.refuse(400, "This model's maximum context length is 8 tokens.")
        response = client.response()
        self.assertEqual(response.status, 400)
        self.assertEqual(response.json, {"error": "the input length exceeds the context length"})

    def test_cut_until_it_fits(self) -> None:
        """Otherwise it is cut, more and more, until the gateway takes it; others stay whole."""
        self.network.models = {"m": ModelFacts(context_length=10)}
        client = self.embed(input=["a" * 100, "b"])
        for length in (100, 40, 20, 10):
            sent = self.network.gateway.request.json["input"]
            self.assertEqual([len(text) for text in sent], [length, 1])
            if length > 10:
                self.refuse(400, "maximum context length is 10 tokens")
        self.answer([1], [1])
        self.assertEqual(client.response().status, 200)

    def test_never_fits(self) -> None:
        """A text of which nothing fits is an error, after a few tries."""
        client = self.embed(input="a" * 100)
        for _ in range(5):
            self.refuse(400, "input is too long")
        response = client.response()
        self.assertEqual(response.status, 400)
        self.assertEqual(response.json, {"error": "the input length exceeds the context length"})

    def test_another_error_meanwhile(self) -> None:
        """Another refusal of the shorter text is told as it is."""
        client = self.embed(input="a" * 100)
        self.refuse(400, "input is too long")
        self.refuse(503, "overloaded")
        self.assertEqual(client.response().status, 503)


class Legacy(EmbeddingsCase):
    def test_one_text(self) -> None:
        """The old endpoint takes one text, and its vector is as the gateway sent it."""
        client = self.embed("/api/embeddings", prompt="a")
        self.assertEqual(self.network.gateway.request.json["input"], ["a"])
        self.answer([3, 0.1])
        self.assertEqual(client.response().body, b'{"embedding":[3.0,0.1]}')

    def test_no_text(self) -> None:
        """Without a text it asks to load the model."""
        self.assertEqual(self.embed("/api/embeddings").response().body, b'{"embedding":[]}')

    def test_no_model(self) -> None:
        """Without a model it says so in words of its own."""
        response = self.network.ask("/api/embeddings", {"prompt": "a"}).response()
        self.assertEqual((response.status, response.json), (400, {"error": "model is required"}))
