"""Who may call, and which key the gateway gets for it."""

import json

from ollamaproxy.settings import Secret, Settings
from ollamaproxy.wire.model_facts import UNKNOWN_MODEL
from tests.web.callers import (
    OTHERS,
    URL,
    WORKING,
    CallersCase,
    KeysCase,
    PassthroughCase,
    basic,
    bearer,
)
from tests.web.case import CHAT
from tests.web.network import KEY

NEEDED = 'an API key is required here: send it as "Authorization: Bearer KEY" or "x-api-key: KEY"'
CREDENTIALS = (
    bearer("theirs"),
    basic("user:theirs"),
    "x-api-key: theirs\r\n",
    bearer("theirs and more") + bearer("theirs") + "x-litellm-api-key: theirs\r\n",
    "x-litellm-tags: theirs\r\nx-litellm-end-user-id: theirs\r\napi-key: theirs\r\n",
)


class Anybody(CallersCase):
    def test_nothing_of_theirs_goes_out(self) -> None:
        """Whatever a client shows, on every route the gateway gets the daemon's key alone."""
        for path, body in WORKING:
            for headers in CREDENTIALS:
                request = self.gets(path, body, headers)
                self.assertEqual(request.headers["authorization"], f"Bearer {KEY}", path)
                self.assertNotIn("theirs", str(request.headers) + str(request.body))
                others = [name for name in request.headers if name.startswith("x-")]
                self.assertEqual(others, ["x-request-id"])

    def test_others(self) -> None:
        """What is answered without the gateway is answered whatever a client shows."""
        for headers in CREDENTIALS:
            self.assertEqual(self.names(headers), ["m"])
        self.assertEqual(self.network.records[-1].caller, "")


class WithoutAKey(CallersCase):
    settings = Settings(base_url=URL)

    def test_nothing_of_theirs_goes_out(self) -> None:
        """A daemon without a key sends none; a client's is no stand-in."""
        for path, body in WORKING:
            for headers in CREDENTIALS:
                request = self.gets(path, body, headers)
                self.assertNotIn("authorization", request.headers)
                self.assertNotIn("theirs", str(request.headers) + str(request.body))


class Keys(KeysCase):
    def test_every_form(self) -> None:
        """On every route a key lets its caller in, in each of the forms that clients have."""
        for path, body in WORKING:
            for headers in (
                *(bearer("key-a"), basic("any:key-a"), basic("key-a:"), "x-api-key: key-a\r\n"),
                bearer("") + "X-API-Key: key-a\r\n",
            ):
                request = self.gets(path, body, headers)
                self.assertEqual(request.headers["authorization"], f"Bearer {KEY}", path)
                self.assertNotIn("key-a", str(request.headers))

    def test_nobody_else(self) -> None:
        """Without a key nobody is let in anywhere; the answer says how, in HTTP's terms, too."""
        for method, path in (*(("POST", path) for path, _body in WORKING), *OTHERS):
            response = self.ask(method, path, {})
            self.assertEqual(response.status, 401, path)
            self.assertEqual(response.headers["www-authenticate"], "Bearer")
            self.assertIn(json.dumps(NEEDED), response.body.decode())
            record = self.network.records[-1]
            self.assertEqual((record.outcome, record.caller), ("caller_refused", ""))
        self.assertEqual(self.network.gateway_connections, [])
        self.assertEqual(self.network.times_discovered, 0)

    def test_upload(self) -> None:
        """The upload of a model is refused for what it is to callers alone, and in their names."""
        path = f"/api/blobs/sha256:{'0' * 64}"
        self.assertEqual(self.ask("POST", path, {}, bearer("key-c")).status, 401)
        self.assertEqual(self.ask("POST", path, {}, bearer("key-a")).status, 501)
        self.assertEqual(self.network.records[-1].caller, "alice")

    def test_wrong_keys(self) -> None:
        """A key that is not in the file lets nobody in, not even one of the gateway's."""
        unknown = "the API key is not known here"
        for headers, told in (
            (bearer(""), NEEDED),
            ("x-litellm-api-key: key-a\r\n", NEEDED),
            (bearer("key-c"), unknown),
            (bearer(KEY), unknown),
            ("x-api-key: sk-bob\r\n", unknown),
            (basic("key-a:key-c"), unknown),
            (bearer("key-c") + "x-api-key: key-a\r\n", unknown),
        ):
            for path in ("/api/chat", "/v1/messages"):
                response = self.ask("POST", path, CHAT, headers)
                self.assertEqual(response.status, 401, headers)
                self.assertIn(json.dumps(told), response.body.decode())
        self.assertEqual(self.network.gateway_connections, [])

    def test_each_protocol_s_form(self) -> None:
        """A refusal has the form of the route's protocol."""
        self.assertEqual(self.ask("POST", "/api/chat", CHAT).json, {"error": NEEDED})
        openai = self.ask("POST", "/v1/chat/completions", CHAT).json
        self.assertEqual(openai["error"]["message"], NEEDED)
        anthropic = self.ask("POST", "/v1/messages", CHAT).json
        self.assertEqual(anthropic["error"]["type"], "authentication_error")
        self.assertTrue(anthropic["request_id"].startswith("req_"))

    def test_head(self) -> None:
        """A HEAD is refused like a GET."""
        response = self.ask("HEAD", "/api/tags")
        self.assertEqual((response.status, response.body), (401, b""))
        self.assertEqual(response.headers["www-authenticate"], "Bearer")

    def test_what_is_open(self) -> None:
        """What a server says of itself is for everybody: so tools recognise it."""
        for path in ("/", "/api/version"):
            for method in ("GET", "HEAD"):
                for headers in ("", bearer("key-c"), bearer("a b")):
                    self.assertEqual(self.ask(method, path, None, headers).status, 200)

    def test_malformed(self) -> None:
        """A key that cannot be one is refused, and repeated neither to the client nor in logs."""
        texts = self.hear_log()
        for headers in (bearer("hunter2 x"), basic("hunter2"), "x-api-key: hunter2\x80\r\n"):
            response = self.ask("GET", "/api/tags", None, headers)
            self.assertEqual(response.status, 401)
            self.assertIn("must be one word of printable ASCII", response.json["error"])
            self.assertNotIn("hunter2", str(response) + str(texts) + str(self.network.records))

    def test_a_login_of_ollama_s_own(self) -> None:
        """A 401 that no key would help against does not ask for one."""
        response = self.ask("POST", "/api/signout", None, bearer("key-a"))
        self.assertEqual(response.json, {"error": "you are not currently signed in"})
        self.assertNotIn("www-authenticate", response.headers)

    def test_the_record(self) -> None:
        """The record tells the caller's name, and not the key."""
        for key, name in (("key-a", "alice"), ("key-b", "bob")):
            self.ask("GET", "/api/tags", None, bearer(key))
            self.assertEqual(self.network.records[-1].caller, name)
            self.assertNotIn(key, repr(self.network.records[-1]))


class GatewayKeys(KeysCase):
    def test_which_goes_out(self) -> None:
        """A caller with a gateway key of its own is asked for with that one."""
        for path, body in WORKING:
            for key, sent in (("key-a", KEY), ("key-b", "sk-bob")):
                request = self.gets(path, body, bearer(key))
                self.assertEqual(request.headers["authorization"], f"Bearer {sent}", path)

    def test_models(self) -> None:
        """Each gateway key has its own models, on all routes that tell of them."""
        self.network.models_of["sk-bob"] = {"b": UNKNOWN_MODEL}
        for key, mine, other in (("key-a", "m", "b"), ("key-b", "b", "m")):
            headers = bearer(key)
            self.assertEqual(self.names(headers), [mine])
            listed = self.ask("GET", "/v1/models", None, headers).json["data"]
            self.assertEqual([model["id"] for model in listed], [mine])
            for name, status in ((mine, 200), (other, 404)):
                for method, path, body in (
                    ("GET", f"/v1/models/{name}", None),
                    ("POST", "/api/show", {"model": name}),
                    ("POST", "/api/chat", {"model": name}),
                    ("POST", "/api/generate", {"model": name}),
                    ("POST", "/api/embed", {"model": name}),
                    ("POST", "/api/embeddings", {"model": name}),
                ):
                    self.assertEqual(self.ask(method, path, body, headers).status, status, path)
                pulled = self.ask("POST", "/api/pull", {"model": name}, headers).lines[-1]
                self.assertEqual("error" in pulled, status == 404)

    def test_masks(self) -> None:
        """Neither the caller's gateway key nor the daemon's passes in an error."""
        text = f'{{"error":{{"message":"bad sk-bob, {KEY}"}}}}'
        self.assertEqual(self.refuses(400, text, bearer("key-b")).json, {"error": "bad ***, ***"})
        client = self.network.ask("/api/chat", CHAT, bearer("key-b"))
        self.network.gateway.begin_stream()
        self.network.gateway.event({"error": {"message": "bad sk-bob"}})
        self.network.flush()
        self.assertEqual(client.response().json, {"error": "bad ***"})

    def test_refused(self) -> None:
        """A gateway key of the keys file that is refused is the operator's to check: a 502."""
        for key, where in (("key-a", "--api-key"), ("key-b", "keys file")):
            response = self.refuses(401, '{"error":{"message":"x sk-...bob"}}', bearer(key))
            self.assertEqual(response.status, 502)
            self.assertTrue(response.json["error"].endswith(f"should check its {where}"))


class Reloading(KeysCase):
    def allowed(self, key: str) -> bool:
        return self.ask("GET", "/api/tags", None, bearer(key)).status == 200

    def test_new_keys(self) -> None:
        """After a reload the file's keys count: new ones, and none that are gone."""
        self.write(self.lines[0], self.lines[1].replace("sk-bob", "sk-new"))
        self.assertIn("2 keys in the keys file", self.reload()[0])
        request = self.gets("/api/chat", CHAT, bearer("key-b"))
        self.assertEqual(request.headers["authorization"], "Bearer sk-new")
        self.write(self.lines[1])
        self.reload()
        self.assertFalse(self.allowed("key-a"))
        self.assertTrue(self.allowed("key-b"))

    def test_a_bad_file(self) -> None:
        """A file that is bad or gone changes nothing; the log says where, and not what."""
        self.write(self.lines[0], "hunter2 hunter3")
        [told] = self.reload()
        self.assertIn(f"nothing is changed: --keys-file: {self.path}, line 2: after", told)
        self.assertNotIn("hunter", told)
        self.assertTrue(self.allowed("key-b"))
        self.path.unlink()
        [told] = self.reload()
        self.assertIn(f"nothing is changed: --keys-file: there is no {self.path}", told)
        self.assertTrue(self.allowed("key-a"))

    def test_warnings(self) -> None:
        """A file without keys, or that others can read or change, is worth a warning."""
        self.write("# nobody")
        self.assertIn("has no keys, so nobody may call", self.reload()[1])
        self.write(self.lines[0])
        for mode, warned in ((0o644, True), (0o602, True), (0o660, True), (0o640, False)):
            self.path.chmod(mode)
            self.assertEqual("chmod 600" in " ".join(self.reload()), warned, oct(mode))


class Passthrough(PassthroughCase):
    def test_which_goes_out(self) -> None:
        """The client's key goes to the gateway as a Bearer, in whichever form it came."""
        for path, body in WORKING:
            for headers in CREDENTIALS[:3]:
                request = self.gets(path, body, headers)
                self.assertEqual(request.headers["authorization"], "Bearer theirs", path)
                self.assertNotIn("x-api-key", request.headers)

    def test_without_one(self) -> None:
        """Who has no key, or a malformed one, is refused, and the gateway hears nothing of it."""
        for method, path in (*(("POST", path) for path, _body in WORKING), *OTHERS):
            response = self.ask(method, path, {}, "")
            self.assertEqual(response.status, 401)
            self.assertIn("the gateway's API key is required here", response.body.decode())
            self.assertEqual(self.ask(method, path, {}, bearer("a b")).status, 401)
        self.assertEqual(self.network.gateway_connections, [])

    def test_lists(self) -> None:
        """Each key has its own list, which is asked for once."""
        self.network.models_of = {"k1": {"a": UNKNOWN_MODEL}, "k2": {"b": UNKNOWN_MODEL}}
        for _again in range(2):
            self.assertEqual(self.names(bearer("k1")), ["a"])
            self.assertEqual(self.names("x-api-key: k2\r\n"), ["b"])
        self.assertEqual(self.network.times_discovered, 2)

    def test_what_is_in_use(self) -> None:
        """/api/ps tells a key of its own models only."""
        self.gets("/api/chat", CHAT, bearer("k1"))
        for key, names in (("k1", ["m"]), ("k2", [])):
            running = self.ask("GET", "/api/ps", None, bearer(key)).json["models"]
            self.assertEqual([model["name"].partition(":")[0] for model in running], names)
        self.ask("POST", "/api/generate", {"model": "m", "keep_alive": 0}, bearer("k2"))
        self.assertTrue(self.ask("GET", "/api/ps", None, bearer("k1")).json["models"])

    def test_refused(self) -> None:
        """What the gateway says of the client's own key passes, and what is masked is not in it."""
        hashed = "0123456789abcdef" * 4
        texts = self.hear_log()
        for status, message, told in (
            (401, "expired", "the gateway refused your API key (HTTP 401): expired"),
            (403, "not this model", "the gateway forbids it to your API key: not this model"),
            (
                401,
                f"no theirs, Key Hash (Token) ={hashed}",
                "the gateway refused your API key (HTTP 401): no ***, Key Hash (Token) =***",
            ),
        ):
            body = json.dumps({"error": {"message": message}})
            response = self.refuses(status, body, bearer("theirs"))
            self.assertEqual((response.status, response.json), (status, {"error": told}))
            self.assertEqual("www-authenticate" in response.headers, status == 401)
        self.assertEqual(texts, [], "that is no business of the operator's")

    def test_refused_in_other_words(self) -> None:
        """LiteLLM without a database says 400 to a key, and others say nothing: it is a 401."""
        text = '{"error":{"message":"No connected db.","type":"no_db_connection"}}'
        for status, body, told in ((400, text, " (HTTP 400): No connected db."), (401, "", "")):
            response = self.refuses(status, body, bearer("theirs"))
            self.assertEqual(response.status, 401)
            self.assertTrue(response.json["error"].endswith(told))
            self.assertIn("the gateway refused your API key", response.json["error"])

    def test_a_provider_s_refusal(self) -> None:
        """A 401 from behind the gateway is not about the client's key: a 502."""
        text = '{"error":{"message":"litellm.AuthenticationError: bad"}}'
        response = self.refuses(401, text, bearer("theirs"))
        self.assertEqual(response.status, 502)
        self.assertIn("the model's provider refused the gateway's own key", response.json["error"])

    def test_masks(self) -> None:
        """The client's key is masked in errors, in streams as well."""
        client = self.network.ask(
            "/v1/chat/completions", {**CHAT, "stream": True}, bearer("theirs")
        )
        self.network.gateway.begin_stream()
        self.network.gateway.event({"error": {"message": "bad theirs"}})
        self.network.flush()
        self.assertIn(b"bad ***", client.response().body)
        self.assertNotIn(b"theirs", client.response().body)

    def test_the_record(self) -> None:
        """The record has no name, for there is none, and nothing of the key."""
        self.ask("GET", "/api/tags", None, bearer("theirs"))
        self.assertEqual(self.network.records[-1].caller, "")
        self.assertNotIn("theirs", repr(self.network.records[-1]))


class Discovering(PassthroughCase):
    discovers = True

    def test_with_which_key(self) -> None:
        """The gateway is asked for the models with the key whose list it is."""
        client = self.network.client()
        client.send("GET", "/api/tags", None, bearer("theirs"))
        self.network.flush()
        for path, body in (
            ("/v1/model/info", {"data": []}),
            ("/model_group/info", {"data": []}),
            ("/v1/models", {"data": [{"id": "x"}]}),
        ):
            request = self.network.gateway.request
            self.assertEqual(request.path, path)
            self.assertEqual(request.headers["authorization"], "Bearer theirs")
            self.network.gateway.reply(200, "application/json", json.dumps(body))
            self.network.flush()
        while not client.received:
            self.network.gateway.reply(404, "application/json", "{}")
            self.network.flush()
        self.assertEqual(client.response().json["models"][0]["name"], "x")

    def test_a_refused_key(self) -> None:
        """A key that the gateway does not know has no list but a 401; the operator is not told."""
        refusal = (401, {"error": {"message": "Invalid proxy server token passed."}})
        for path in ("/v1/model/info", "/model_group/info", "/v1/models"):
            self.network.lists[path] = refusal
        texts = self.hear_log()
        response = self.ask("GET", "/api/tags", None, bearer("theirs"))
        self.assertEqual(response.status, 401)
        self.assertIn("the gateway refused your API key", response.json["error"])
        self.assertEqual(texts, [])


class PassthroughWithAKey(PassthroughCase):
    settings = Settings(
        base_url=URL, api_key=Secret(KEY), client_auth=PassthroughCase.settings.client_auth
    )

    def test_which_goes_out(self) -> None:
        """Who has no key is asked for with the daemon's; who has one, with that."""
        for path, body in WORKING:
            for headers, sent in (("", KEY), (bearer(""), KEY), (bearer("k"), "k")):
                request = self.gets(path, body, headers)
                self.assertEqual(request.headers["authorization"], f"Bearer {sent}", path)

    def test_refused(self) -> None:
        """The daemon's own key that is refused stays a 502."""
        for status in (401, 403):
            response = self.refuses(status, '{"error":{"message":"x"}}', "")
            self.assertEqual(response.status, 502)
            self.assertIn("this proxy's API key", response.json["error"])

    def test_malformed(self) -> None:
        """A malformed key is refused, and not replaced by the daemon's."""
        self.assertEqual(self.ask("POST", "/api/chat", CHAT, bearer("a b")).status, 401)


class Identity(KeysCase):
    more = staticmethod(lambda: {"end_user_header": "x-litellm-end-user-id", "tags": ("t1", "t2")})

    def test_what_the_gateway_is_told(self) -> None:
        """The caller's name and the operator's tags go out with what costs, whatever comes in."""
        spoof = "x-litellm-tags: theirs\r\nx-litellm-end-user-id: theirs\r\n"
        for path, body in WORKING:
            for key, name in (("key-a", "alice"), ("key-b", "bob")):
                request = self.gets(path, body, bearer(key) + spoof)
                self.assertEqual(request.headers["x-litellm-end-user-id"], name, path)
                self.assertEqual(request.headers["x-litellm-tags"], "t1,t2")


class IdentityOfAnybody(CallersCase):
    settings = Settings(base_url=URL, end_user_header="x-user", tags=("t",))

    def test_no_name(self) -> None:
        """Who has no name is not told; the tags are."""
        request = self.gets("/api/chat", CHAT, "x-user: theirs\r\n")
        self.assertNotIn("x-user", request.headers)
        self.assertEqual(request.headers["x-litellm-tags"], "t")
