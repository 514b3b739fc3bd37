"""How the gateway's models are asked for, remembered, and done without."""

import json
from typing import Any

from twisted.internet.defer import fail
from twisted.internet.error import ConnectionRefusedError as TwistedRefused
from twisted.internet.task import Clock

from ollamaproxy.clocks import Clocks
from ollamaproxy.models.rules import ModelRules, parse_alias
from ollamaproxy.settings import Freshness, Limits, Secret, Settings
from ollamaproxy.upstream.catalogue import Catalogue
from ollamaproxy.wire.model_facts import UNKNOWN_MODEL
from ollamaproxy.wire.model_lists import FactsByName
from tests.web.case import CHAT, NetworkCase
from tests.web.network import KEY, Response

INFO = "/v1/model/info"
GROUPS = "/model_group/info"
MODELS = "/v1/models"
WILDCARDS = "/v1/models?return_wildcard_routes=true"
PROPS = "/props"
LM_STUDIO = "/api/v0/models"

MISSING = (404, {"detail": "Not Found"})
FORBIDDEN = (403, {"detail": "Virtual key is not allowed to call this route."})
WRONG_KEY = (401, {"error": {"message": "Authentication Error", "code": "401"}})


def deployment(name: str, **info: object) -> dict[str, Any]:
    return {"model_name": name, "model_info": info, "litellm_params": {"model": name}}


def listed(*entries: object) -> dict[str, Any]:
    return {"data": [{"id": entry} if isinstance(entry, str) else entry for entry in entries]}


class CatalogueCase(NetworkCase):
    discovers = True

    def tags(self) -> Response:
        return self.network.get("/api/tags")

    def models(self) -> dict[str, list[str]]:
        """Return the capabilities of the models that /api/tags lists, by their names."""
        return {model["name"]: model["capabilities"] for model in self.tags().json["models"]}


class Discovery(CatalogueCase):
    def test_litellm(self) -> None:
        """LiteLLM is asked for what it knows, and for the names, in which order counts."""
        self.network.lists = {
            INFO: {"data": [deployment("a", supports_vision=True), deployment("b")]},
            WILDCARDS: listed("b", "a"),
        }
        self.assertEqual(
            self.models(),
            {"b": ["completion", "tools"], "a": ["completion", "tools", "vision"]},
        )
        self.assertEqual(self.network.asked, [INFO, WILDCARDS])

    def test_a_key_that_may_not_read_them(self) -> None:
        """Where the key may not read the deployments, the groups are asked for, and then names."""
        group = {"model_group": "a", "supports_vision": True, "supports_function_calling": False}
        for groups, capabilities in (
            ({"data": [group]}, ["completion", "tools", "vision"]),
            (FORBIDDEN, ["completion", "tools"]),
        ):
            self.network.asked.clear()
            self.network.lists = {INFO: FORBIDDEN, GROUPS: groups, WILDCARDS: listed("a")}
            self.assertEqual(self.models(), {"a": capabilities})
            self.assertEqual(self.network.asked, [INFO, GROUPS, WILDCARDS])
            self.network.wait(6)

    def test_names_that_may_not_be_read(self) -> None:
        """Deployments alone are enough, should the key not be allowed to list the names."""
        self.network.lists = {INFO: {"data": [deployment("a")]}, WILDCARDS: FORBIDDEN}
        self.assertEqual(list(self.models()), ["a"])

    def test_wildcards(self) -> None:
        """What a wildcard covers is shown last, and a name that it covers is found unlisted."""
        self.network.lists = {
            INFO: FORBIDDEN,
            GROUPS: FORBIDDEN,
            WILDCARDS: listed("openai/*", "openai/z", "openai/b", "own"),
        }
        self.assertEqual(list(self.models()), ["own", "openai/b", "openai/z"])
        for name, status in (("openai/new", 200), ("other/new", 404)):
            response = self.network.ask("/api/show", {"model": name}).response()
            self.assertEqual(response.status, status, name)

    def test_plain_servers(self) -> None:
        """Servers that are not LiteLLM tell what they tell: here vLLM, and the like."""
        self.network.lists = {
            INFO: MISSING,
            GROUPS: MISSING,
            MODELS: listed({"id": "a", "owned_by": "vllm", "max_model_len": 5000}),
        }
        [entry] = self.tags().json["models"]
        self.assertEqual(entry["details"]["context_length"], 5000)
        self.assertEqual(self.network.asked, [INFO, GROUPS, MODELS])

    def test_llama_cpp(self) -> None:
        """llama.cpp's server is asked for the rest where it has it."""
        self.network.lists = {
            INFO: MISSING,
            GROUPS: MISSING,
            MODELS: listed({"id": "a", "owned_by": "llamacpp", "meta": None}),
            PROPS: {
                "default_generation_settings": {"n_ctx": 777},
                "modalities": {"vision": True},
                "chat_template_caps": {"supports_tools": False},
            },
        }
        [entry] = self.tags().json["models"]
        self.assertEqual(entry["details"]["context_length"], 777)
        self.assertEqual(entry["capabilities"], ["completion", "vision"])

    def test_lm_studio(self) -> None:
        """LM Studio, whose list tells no lengths, is asked for them."""
        entry = {"id": "a", "type": "vlm", "max_context_length": 888, "capabilities": ["tool_use"]}
        self.network.lists = {
            INFO: MISSING,
            GROUPS: MISSING,
            MODELS: listed("a"),
            LM_STUDIO: {"data": [entry, {"id": "not-listed"}]},
        }
        [entry] = self.tags().json["models"]
        self.assertEqual(entry["details"]["context_length"], 888)
        self.assertEqual(entry["capabilities"], ["completion", "tools", "vision"])

    def test_products_that_do_not_tell(self) -> None:
        """A server with nothing to add is listed by its names."""
        for owner in ("llamacpp", "openai"):
            self.network.lists = {
                **dict.fromkeys((INFO, GROUPS, PROPS, LM_STUDIO), MISSING),
                MODELS: listed({"id": owner, "owned_by": owner}),
            }
            self.assertEqual(list(self.models()), [owner])
            self.network.wait(6)

    def test_garbled(self) -> None:
        """A list that is none is as good as none, unless there is no other."""
        self.network.lists = {INFO: [1], GROUPS: {"data": 5}, MODELS: listed("a")}
        self.network.lists[LM_STUDIO] = "?"
        self.assertEqual(list(self.models()), ["a"])
        self.network.wait(400)
        self.network.lists[MODELS] = 5
        client = self.network.client()
        client.send("GET", "/api/tags")
        self.network.flush()
        self.assertEqual(client.response().status, 200)

    def test_a_wrong_key(self) -> None:
        """A key that the gateway does not take is an error, and not an empty list."""
        self.network.lists = dict.fromkeys((INFO, GROUPS, MODELS, WILDCARDS), WRONG_KEY)
        response = self.tags()
        self.assertEqual(response.status, 502)
        self.assertIn("refused this proxy's API key", response.json["error"])

    def test_drop_params(self) -> None:
        """A gateway that has shown by its lists to be LiteLLM is treated as one at once."""
        self.network.lists = {INFO: {"data": [deployment("m")]}, WILDCARDS: listed("m")}
        self.chat()
        self.assertTrue(self.network.gateway.request.json["drop_params"])


class Unreachable(CatalogueCase):
    def test_from_the_start(self) -> None:
        """Without a gateway there is no list but an error, which says what is wrong."""
        self.network.connecting = lambda: fail(TwistedRefused())
        for path, body in (("/api/show", {"model": "m"}), ("/api/pull", {"model": "m"})):
            response = self.network.ask(path, body).response()
            self.assertEqual(response.status, 502)
            self.assertEqual(
                response.json, {"error": "cannot reach the gateway: connection refused"}
            )
        self.assertEqual(self.tags().status, 502)

    def test_a_gateway_that_is_silent(self) -> None:
        """A gateway that does not tell its models in time is an error after that time."""
        client = self.network.client()
        client.send("GET", "/api/tags")
        self.network.flush()
        self.network.wait(14.9)
        self.assertEqual(client.received, b"")
        self.network.wait(0.2)
        self.assertEqual(client.response().status, 504)

    def test_a_chat_goes_on_without(self) -> None:
        """A chat does not wait longer than a little for models that are not told."""
        self.chat()  # nothing answers the question for the models
        self.assertEqual(self.network.gateway.request.path, INFO)
        self.network.wait(3.1)
        self.assertEqual(self.network.gateway.request.json["model"], "m")

    def test_a_client_that_leaves_meanwhile(self) -> None:
        """A client that leaves while the models are asked for leaves nothing behind."""
        for path in ("/api/chat", "/api/show"):
            client = self.network.ask(path, CHAT)
            client.leave()
            self.network.flush()
            self.assertEqual(self.network.records[-1].outcome, "client_left")


class Remembered(CatalogueCase):
    def setUp(self) -> None:
        super().setUp()
        self.network.lists = {INFO: {"data": [deployment("m")]}, WILDCARDS: listed("m")}

    def gateway_is_down(self) -> None:
        self.network.connecting = lambda: fail(TwistedRefused())

    def test_one_question_for_many(self) -> None:
        """However many clients want the models at once, the gateway is asked once."""
        clients = [self.network.client() for _ in range(5)]
        for client in clients[:2]:
            client.send("GET", "/api/tags")
        for client, path in zip(clients[2:], ("show", "show", "chat"), strict=True):
            client.send("POST", f"/api/{path}", CHAT)
        self.network.flush()
        self.assertEqual(self.network.asked, [INFO, WILDCARDS])
        self.assertEqual([client.response().status for client in clients[:4]], [200] * 4)

    def test_show_does_not_wait(self) -> None:
        """Once the models are known, showing one waits for nobody, however old they are."""
        self.tags()
        self.network.lists = {}  # the gateway has gone silent
        for age_s in (1, 299, 301, 80_000):
            self.network.wait(age_s)
            self.assertEqual(self.network.ask("/api/show", CHAT).response().status, 200, age_s)

    def test_a_new_model_appears(self) -> None:
        """A model that is new at the gateway is in the list that is asked for next."""
        self.tags()
        self.network.lists[WILDCARDS] = listed("m", "new")
        self.network.wait(6)
        self.assertEqual(list(self.models()), ["m", "new"])

    def test_a_new_model_is_shown(self) -> None:
        """Before a model is said not to exist the gateway is asked again, but not all the time."""
        self.tags()
        self.network.lists[WILDCARDS] = listed("m", "new")
        self.network.wait(6)
        self.assertEqual(self.network.ask("/api/show", {"model": "new"}).response().status, 200)
        self.network.asked.clear()
        self.assertEqual(self.network.ask("/api/show", {"model": "x"}).response().status, 404)
        self.assertEqual(self.network.asked, [])

    def test_the_last_good_list_is_kept(self) -> None:
        """While the gateway is down its last list is good, for a day, and then it is an error."""
        self.tags()
        self.gateway_is_down()
        for wait_s, status in ((10, 200), (86_000, 200), (1_000, 502)):
            self.network.wait(wait_s)
            self.assertEqual(self.tags().status, status, wait_s)
            self.assertEqual(self.network.ask("/api/show", CHAT).response().status, status)

    def test_a_silent_gateway_delays_the_list_a_little(self) -> None:
        """A list that is not new waits 3 seconds for a gateway that is silent, and comes then."""
        self.tags()
        self.network.lists = {}
        self.network.wait(6)
        client = self.network.client()
        client.send("GET", "/api/tags")
        self.network.flush()
        self.network.wait(2.9)
        self.assertEqual(client.received, b"")
        self.network.wait(0.2)
        self.assertEqual(client.response().status, 200)

    def test_a_gateway_that_failed_is_left_alone(self) -> None:
        """After a failure the gateway is asked again only when some seconds have passed."""
        self.network.lists = dict.fromkeys((INFO, GROUPS, MODELS), WRONG_KEY)
        for wait_s, questions in ((0, 3), (4, 3), (2, 6)):
            self.network.wait(wait_s)
            self.assertEqual(self.tags().status, 502)
            self.assertEqual(len(self.network.asked), questions)

    def test_in_the_background(self) -> None:
        """A daemon that has started asks by itself at once and then every five minutes."""
        self.network.catalogue.start()
        self.network.flush()
        self.assertEqual(self.network.asked, [INFO, WILDCARDS])
        self.network.wait(299)
        self.assertEqual(len(self.network.asked), 2)
        self.network.wait(2)
        self.assertEqual(len(self.network.asked), 4)

    def test_a_chat_refreshes_what_is_old(self) -> None:
        """Without that, a request that meets old models has them refreshed and does not wait."""
        self.tags()
        self.network.wait(301)
        self.chat()
        self.assertEqual(len(self.network.asked), 4)


class TooLong(CatalogueCase):
    settings = Settings(base_url="http://gateway.test:4000", limits=Limits(max_reply_bytes=1000))

    def test_a_list_without_end(self) -> None:
        """A list that is longer than the limit is not read to its end."""
        self.network.lists = dict.fromkeys((INFO, GROUPS), MISSING)
        self.network.lists[MODELS] = listed(*(f"model-{n}" for n in range(1000)))
        response = self.tags()
        self.assertEqual(response.status, 502)
        self.assertIn("longer than 1000 bytes", response.json["error"])


class Told(CatalogueCase):
    settings = Settings(
        base_url="http://gateway.test:4000",
        api_key=Secret(KEY),
        models=ModelRules(aliases=(parse_alias("good=m"), parse_alias("bad=x"))),
    )

    def test_a_gateway_that_goes_and_comes_back(self) -> None:
        """The log tells once that the gateway is down and once that it is back."""
        told = self.hear_log()
        self.network.lists = {INFO: {"data": [deployment("m")]}, WILDCARDS: listed("m")}
        self.tags()
        connect = self.network.connecting
        self.network.connecting = lambda: fail(TwistedRefused())
        for _ in range(3):
            self.network.wait(10)
            self.tags()
        self.network.connecting = connect
        self.network.wait(10)
        self.tags()
        self.assertEqual(
            told,
            [
                "alias bad: the gateway lists no model for it",
                "the gateway does not tell its models (cannot reach the gateway: connection"
                " refused); the known ones are kept",
                "the gateway tells its models again",
            ],
        )

    def test_doubts_are_told_once(self) -> None:
        """What is doubtful of the rules is told once, and what is new of it after a reload."""
        told = self.hear_log()
        clock = Clock()
        clocks = Clocks(scheduler=clock, monotonic_s=clock.seconds, wall_ns=lambda: 0)

        async def discover() -> FactsByName:
            return {"m": UNKNOWN_MODEL}

        def catalogue(*aliases: str) -> Catalogue:
            rules = ModelRules(aliases=tuple(map(parse_alias, aliases)))
            return Catalogue(discover, rules, Freshness(), clocks)

        first, second = catalogue("a=gone"), catalogue("a=gone", "b=gone")
        first.start()
        clock.advance(Freshness().refresh_s)
        first.stop()
        second.take_over(first)
        second.start()
        self.assertEqual(told, [f"alias {it}: the gateway lists no model for it" for it in "ab"])

    def test_the_gateway_s_words_are_not_logged(self) -> None:
        """Why the gateway refuses is told by a status: its own words may quote anything."""
        told = self.hear_log()
        answer = (500, {"error": {"message": "secret words"}})
        self.network.lists = dict.fromkeys((INFO, GROUPS, MODELS), answer)
        self.tags()
        self.assertNotIn("secret words", json.dumps(told))
        self.assertIn("HTTP 500", told[0])
