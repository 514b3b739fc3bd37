"""The models: listed, shown, named, and in use."""

from ollamaproxy.models.rules import ModelRules, parse_alias, parse_override, parse_pattern
from ollamaproxy.settings import Secret, Settings
from ollamaproxy.wire.model_facts import ModelFacts
from tests.web.case import CHAT, NetworkCase
from tests.web.network import KEY, Response

CHAT_MODEL = ModelFacts(mode="chat", tools=True, context_length=128_000, provider="anthropic")


class Tags(NetworkCase):
    def test_the_gateway_s_models(self) -> None:
        """/api/tags lists the gateway's models in its order, with their capabilities."""
        self.network.models = {"b:c": CHAT_MODEL, "a/b": ModelFacts(mode="embedding")}
        response = self.network.get("/api/tags")
        self.assertEqual(response.headers["content-type"], "application/json; charset=utf-8")
        self.assertEqual(
            [(model["name"], model["capabilities"]) for model in response.json["models"]],
            [("b:c", ["completion", "tools"]), ("a/b", ["embedding"])],
        )

    def test_head(self) -> None:
        """HEAD /api/tags has the length of the list and no body."""
        self.network.models = {}
        client = self.network.client()
        client.send("HEAD", "/api/tags")
        self.network.flush()
        self.assertEqual(
            client.response("HEAD").headers["content-length"], str(len('{"models":[]}'))
        )
        self.assertTrue(client.received.endswith(b"\r\n\r\n"))


class Show(NetworkCase):
    def show(self, **body: object) -> Response:
        return self.network.ask("/api/show", body).response()

    def test_by_either_key(self) -> None:
        """A model is named by ``model`` or of old by ``name``; the first wins."""
        self.network.models = {"m": CHAT_MODEL}
        for body in ({"model": "m"}, {"name": "m"}, {"model": "m", "name": "x"}):
            response = self.show(**body)
            self.assertEqual(response.status, 200, body)
            self.assertEqual(response.json["model_info"]["anthropic.context_length"], 128_000)

    def test_without_a_name(self) -> None:
        """Without a name there is nothing to show."""
        for body in ({}, {"model": ""}, {"name": None, "verbose": True}):
            response = self.show(**body)
            self.assertEqual(
                (response.status, response.json), (400, {"error": "model is required"})
            )

    def test_unknown(self) -> None:
        """A model that does not exist is told by its name with a tag."""
        for name, told in (("x", "x:latest"), ("a/x", "a/x:latest"), ("x:1b", "x:1b")):
            response = self.show(model=name)
            self.assertEqual(response.status, 404)
            self.assertEqual(response.json, {"error": f"model '{told}' not found"})

    def test_a_wrong_type(self) -> None:
        """A name that is no text is refused in Go's words."""
        self.assertEqual(
            self.show(model=5).json["error"],
            "json: cannot unmarshal number into Go struct field ShowRequest.model of type string",
        )

    def test_every_listed_model(self) -> None:
        """Whatever is listed is shown, with the same digestible facts."""
        self.network.models = {
            "a/b:c": CHAT_MODEL,
            "e": ModelFacts(mode="embedding"),
            "ü": CHAT_MODEL,
        }
        for entry in self.network.get("/api/tags").json["models"]:
            response = self.show(model=entry["name"])
            self.assertEqual(response.status, 200)
            self.assertEqual(response.json["capabilities"], entry["capabilities"])


class Names(NetworkCase):
    settings = Settings(
        base_url="http://gateway.test:4000",
        api_key=Secret(KEY),
        models=ModelRules(
            aliases=(parse_alias("llama3=azure/gpt-4o"),),
            exclude=(parse_pattern("secret*"),),
            overrides=(parse_override("mini*=no-tools,context=9"),),
            default_model="m",
        ),
    )

    def asked_for(self, name: str) -> str:
        """Return the model that the gateway is asked for in a chat with ``name``."""
        self.network.ask("/api/chat", {**CHAT, "model": name})
        model: str = self.network.gateway.request.json["model"]
        return model

    def test_latest(self) -> None:
        """``x`` and ``x:latest`` are the same model, for every name that the gateway has."""
        self.network.models = dict.fromkeys(("m", "a/b:c", "y:latest"), CHAT_MODEL)
        for sent, asked in (
            ("m", "m"),
            ("m:latest", "m"),
            ("M:LATEST", "m"),
            ("a/b:c", "a/b:c"),
            ("a/b:c:latest", "a/b:c"),
            ("y", "y:latest"),
            ("y:latest", "y:latest"),
        ):
            self.assertEqual(self.asked_for(sent), asked, sent)

    def test_unlisted(self) -> None:
        """A model that the gateway does not list is asked for all the same: it may have it."""
        self.assertEqual(self.asked_for("new:latest"), "new")

    def test_the_reply_echoes(self) -> None:
        """The reply and the errors name the model as the client did."""
        self.network.models = {"azure/gpt-4o": CHAT_MODEL}
        client = self.network.ask("/api/chat", {**CHAT, "model": "llama3:latest"})
        self.assertEqual(self.network.gateway.request.json["model"], "azure/gpt-4o")
        self.network.gateway.begin_stream()
        self.network.gateway.token("Hi")
        self.network.gateway.end_stream()
        self.network.flush()
        self.assertEqual({line["model"] for line in client.response().lines}, {"llama3:latest"})
        client = self.network.ask("/api/chat", {**CHAT, "model": "llama3"})
        self.network.gateway.reply(
            400, "application/json", '{"error":{"message":"Invalid model name passed in model=x"}}'
        )
        self.network.flush()
        self.assertEqual(client.response().json, {"error": "model 'llama3' not found"})

    def test_an_alias_has_the_facts_of_its_model(self) -> None:
        """An alias is listed first, can what its model can, and has a digest of its own."""
        self.network.models = {"m": CHAT_MODEL, "azure/gpt-4o": ModelFacts(tools=False)}
        alias, _m, target = self.network.get("/api/tags").json["models"]
        self.assertEqual((alias["name"], alias["capabilities"]), ("llama3", ["completion"]))
        self.assertNotEqual(alias["digest"], target["digest"])

    def test_excluded(self) -> None:
        """An excluded model does not exist, for any endpoint and in any spelling."""
        self.network.models = dict.fromkeys(("m", "secret-1"), CHAT_MODEL)
        names = [model["name"] for model in self.network.get("/api/tags").json["models"]]
        self.assertEqual(names, ["m"])
        for name in ("secret-1", "SECRET-1:latest", " secret-2"):
            for path, more in (
                ("/api/chat", {"messages": CHAT["messages"]}),
                ("/api/chat", {}),
                ("/api/generate", {"prompt": "x"}),
                ("/api/embed", {"input": "x"}),
                ("/api/show", {}),
            ):
                response = self.network.ask(path, {"model": name, **more}).response()
                self.assertEqual(response.status, 404, (path, name))
        self.assertEqual(self.network.gateway_connections, [])

    def test_overrides(self) -> None:
        """What the operator says of a model counts more than what the gateway says."""
        self.network.models = {"mini-1": CHAT_MODEL}
        [entry] = self.network.get("/api/tags").json["models"]
        self.assertEqual(entry["capabilities"], ["completion"])
        self.assertEqual(entry["details"]["context_length"], 9)

    def test_default(self) -> None:
        """A request without a model is answered by the default one."""
        for path, body in (
            ("/api/chat", {"messages": CHAT["messages"]}),
            ("/api/generate", {"prompt": "x"}),
            ("/api/embed", {"input": "x"}),
            ("/api/embeddings", {"prompt": "x"}),
        ):
            self.network.ask(path, body)
            self.assertEqual(self.network.gateway.request.json["model"], "m", path)

    def test_an_endless_name(self) -> None:
        """A name that no model can have is refused without repeating it."""
        for path, more in (("/api/chat", {"messages": CHAT["messages"]}), ("/api/show", {})):
            response = self.network.ask(path, {"model": "m" * 601, **more}).response()
            self.assertEqual(response.status, 400)
            self.assertEqual(response.json, {"error": "invalid model name"})


class Loading(NetworkCase):
    def test_a_model_that_does_not_exist(self) -> None:
        """A model that the gateway does not have can be neither loaded nor unloaded."""
        for path in ("/api/chat", "/api/generate"):
            for keep_alive in (5, 0):
                body = {"model": "x", "keep_alive": keep_alive}
                response = self.network.ask(path, body).response()
                self.assertEqual(response.status, 404)
                self.assertEqual(response.json, {"error": "model 'x' not found"})


class InUse(NetworkCase):
    def running(self) -> list[str]:
        return [model["name"] for model in self.network.get("/api/ps").json["models"]]

    def test_none(self) -> None:
        """Without requests no model is in use."""
        self.assertEqual(self.network.get("/api/ps").json, {"models": []})

    def test_while_it_answers_and_after(self) -> None:
        """A model is in use while it answers, and until its keep_alive has passed."""
        self.chat(model="m:latest", keep_alive="10s")
        self.assertEqual(self.running(), ["m"])
        self.network.wait(60)
        self.network.gateway.begin_stream()
        self.network.gateway.token("Hi")
        self.network.gateway.end_stream()
        self.network.flush()
        self.network.wait(9)
        [entry] = self.network.get("/api/ps").json["models"]
        self.assertEqual(entry["expires_at"], "2026-11-24T12:01:10Z")
        self.network.wait(1.1)
        self.assertEqual(self.running(), [])

    def test_one_that_fails(self) -> None:
        """A model that does not answer is not in use any more."""
        self.chat()
        self.network.gateway.reply(500, "application/json", '{"error":"no"}')
        self.network.flush()
        self.assertEqual(self.running(), [])

    def test_a_client_that_leaves(self) -> None:
        """A model whose client has left is not in use any more."""
        client = self.chat()
        client.leave()
        self.network.flush()
        self.assertEqual(self.running(), [])

    def test_loaded_and_unloaded(self) -> None:
        """A request to load keeps a model, with no end if it says so, and one to unload ends it."""
        self.network.ask("/api/generate", {"model": "m", "keep_alive": -1})
        [entry] = self.network.get("/api/ps").json["models"]
        self.assertTrue(entry["expires_at"].startswith("2319-"), entry["expires_at"])
        self.network.ask("/api/generate", {"model": "m", "keep_alive": "0s"})
        self.assertEqual(self.running(), [])

    def test_its_fields(self) -> None:
        """An entry has every field of Ollama's, and the digest of the list."""
        self.network.ask("/api/embed", {"model": "m"})
        [entry] = self.network.get("/api/ps").json["models"]
        [listed] = self.network.get("/api/tags").json["models"]
        self.assertEqual(
            list(entry),
            [
                *("name", "model", "size", "digest", "details"),
                *("expires_at", "size_vram", "context_length"),
            ],
        )
        self.assertEqual(entry["digest"], listed["digest"])


class About(NetworkCase):
    settings = Settings(base_url="http://gateway.test:4000", version="1.2.3")

    def test_version(self) -> None:
        """The version to report is a setting."""
        self.assertEqual(self.network.get("/api/version").json, {"version": "1.2.3"})
