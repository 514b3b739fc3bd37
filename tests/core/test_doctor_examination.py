"""In which order the doctor looks, and what it leaves out when something is amiss."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from ollamaproxy.callers.rules import ClientAuth
from ollamaproxy.clocks import Clocks
from ollamaproxy.doctor.examination import Examination, Wishes
from ollamaproxy.doctor.facts import (
    Answer,
    Certificate,
    Connection,
    FirstToken,
    Found,
    Listener,
    Trouble,
)
from ollamaproxy.doctor.findings import Verdict
from ollamaproxy.doctor.probes.names import NoAnswer
from ollamaproxy.errors import ProxyError, UpstreamError, UpstreamTimeout
from ollamaproxy.models.listing import Model
from ollamaproxy.settings import Listening, Secret, Settings
from ollamaproxy.wire.model_facts import ModelFacts
from ollamaproxy.wire.model_lists import FactsByName
from tests.case import Case

KEY = "sk-canary-1234567890"
NOON_S = 1_795_521_600
GATEWAY = "https://gateway.test"
GOOD = Certificate(
    subject="h", issuer="CA", names=("h",), begins_s=0, ends_s=NOON_S + 90 * 24 * 60 * 60
)
MODELS = Answer(status=200, media_type="application/json", body=b'{"data": []}')
ALIVE = Answer(status=200, media_type="application/json", body=b'"I\'m alive!"')
READY = Answer(status=200, media_type="", body=b'{"litellm_version": "1.80.0"}')


T = TypeVar("T")


def refused(status: int = 401) -> Answer:
    return Answer(status=status, media_type="", body=b'{"error": {"message": "no"}}')


class FakeGateway:
    """
    A gateway that is well, unless the test says otherwise.

    Attributes:
        asked: The models that were asked for a token.
    """

    def __init__(self, base_url: str = GATEWAY) -> None:
        self.base_url = base_url
        self.is_secure = base_url.startswith("https:")
        self.host = "gateway.test"
        self.proxy = ""
        self.found: Sequence[str] | None = ["10.0.0.1"]
        self.trouble: Trouble | None = None
        self.tls_trouble: Trouble | None = None
        self.has_tls = self.is_secure
        self.answers: Mapping[str, Answer | UpstreamError] = {
            "/v1/models": MODELS,
            "/health/liveliness": ALIVE,
            "/health/readiness": READY,
        }
        self.told: FactsByName | UpstreamError = {"m": ModelFacts(mode="chat", context_length=7)}
        self.first: FirstToken | ProxyError = FirstToken(took_s=1.0, text="Hi")
        self.asked: list[str] = []

    async def addresses(self) -> Sequence[str]:
        if self.found is None:
            raise NoAnswer
        return self.found

    async def plain_connection(self) -> Connection:
        return Connection(host=self.host, port=443, trouble=self.trouble)

    async def secure_connection(self) -> Connection:
        return Connection(host=self.host, port=443, trouble=self.tls_trouble, certificate=GOOD)

    async def speaks_tls(self) -> bool:
        return self.has_tls

    async def ask(self, path: str) -> Answer:
        return _given(self.answers.get(path, UpstreamTimeout("too late")))

    async def models(self) -> FactsByName:
        return _given(self.told)

    async def first_token(self, model: Model) -> FirstToken:
        self.asked.append(model.name)
        return _given(self.first)


def _given(value: T | Exception) -> T:
    if isinstance(value, Exception):
        raise value
    return value


class FakeMachine:
    def __init__(self) -> None:
        self.machine = "box"
        self.found = Found(Listener.NOTHING)
        self.looked: list[str] = []

    async def look(self, url: str) -> Found:
        self.looked.append(url)
        return self.found


class ExaminationCase(Case):
    def setUp(self) -> None:
        super().setUp()
        self.gateway = FakeGateway()
        self.machine = FakeMachine()

    def examine(
        self,
        wishes: Wishes | None = None,
        gateways: Sequence[FakeGateway] | None = None,
        **settings: Any,
    ) -> Examination:
        said: list[object] = []
        asked = gateways or [self.gateway]
        clock = Clock()
        examination = Examination(
            Settings(**{"base_url": asked[0].base_url, "api_key": Secret(KEY), **settings}),
            wishes or Wishes(),
            Clocks(scheduler=clock, monotonic_s=clock.seconds, wall_ns=lambda: NOON_S * 10**9),
            gateways=asked,
            here=self.machine,
            say=said.append,
        )
        self.successResultOf(Deferred.fromCoroutine(examination.run()))
        self.assertEqual(said, examination.findings)
        return examination

    def outcome(self, examination: Examination) -> dict[str, str]:
        """Return the verdicts on a gateway by their checks, in order, in short."""
        return {it.check: it.verdict.value for it in examination.findings if it.gateway}

    def told(self, examination: Examination, check: str) -> str:
        (finding,) = [it for it in examination.findings if it.check == check]
        return f"{finding.verdict.value}: {finding.told}"


WELL = dict.fromkeys(
    ("name", "connection", "certificate", "API", "key", "models", "token", "details"), "ok"
)


class AllIsWell(ExaminationCase):
    def test_order(self) -> None:
        """Each thing is looked at once, from the far to the near."""
        examination = self.examine()
        self.assertEqual(self.outcome(examination), WELL)
        checks = [finding.check for finding in examination.findings]
        self.assertEqual(checks, [*WELL, "address", "clients", "browsers"])
        self.assertTrue(all(it.verdict is Verdict.OK for it in examination.findings))
        self.assertEqual([row.name for row in examination.rows], ["m"])
        self.assertEqual(self.told(examination, "API"), "ok: it is LiteLLM 1.80.0")

    def test_without_tls(self) -> None:
        """A gateway without TLS has no certificate, and is no worse for it."""
        self.gateway = FakeGateway("http://gateway.test:4000")
        self.assertEqual(self.outcome(self.examine()), {**WELL, "certificate": "skipped"})

    def test_through_a_proxy(self) -> None:
        """A name that is the proxy's to look up need not be known here."""
        self.gateway.proxy = "proxy.test"
        self.gateway.found = []
        examination = self.examine()
        self.assertEqual(self.outcome(examination), {**WELL, "name": "skipped"})
        self.assertIn("the proxy proxy.test", self.told(examination, "name"))

    def test_own_address(self) -> None:
        """The daemon's own address is that of the settings."""
        self.machine.found = Found(Listener.NOTHING, "cannot listen there")
        examination = self.examine(listening=Listening(host="::1", port=80))
        self.assertEqual(self.machine.looked, ["http://[::1]:80"])
        self.assertEqual(self.told(examination, "address"), "failed: cannot listen there")

    def test_own_certificate(self) -> None:
        """With a certificate of its own the daemon is come to by https."""
        listening = Listening(host="127.0.0.1", certificate="daemon.pem")
        examination = self.examine(listening=listening)
        self.assertEqual(self.machine.looked, ["https://127.0.0.1:11434"])
        self.assertIn("https://127.0.0.1:11434/v1", self.told(examination, "clients"))

    def test_endpoints(self) -> None:
        """Endpoints, which somebody else may hold, are left alone."""
        examination = self.examine(listening=Listening(endpoints=("systemd:index=0",)))
        for check in ("address", "clients", "browsers"):
            words = "skipped: the daemon listens at systemd:index=0"
            self.assertIn(words, self.told(examination, check))
        self.assertEqual(self.machine.looked, [])

    def test_keys_of_clients(self) -> None:
        """Clients are told of a key if they need one."""
        self.assertNotIn("key", self.told(self.examine(), "clients"))
        examination = self.examine(client_auth=ClientAuth.PASSTHROUGH)
        self.assertIn("it asks for a key", self.told(examination, "clients"))


class Faults(ExaminationCase):
    def assert_stops_at(self, check: str, words: str, **settings: Any) -> None:
        """The check fails with these words, those before it are well, those behind it are left."""
        examination = self.examine(**settings)
        outcome = self.outcome(examination)
        at = list(WELL).index(check)
        before, behind = list(WELL)[:at], list(WELL)[at + 1 :]
        self.assertEqual(
            outcome,
            {
                **{name: outcome[name] for name in before},
                check: "failed",
                **dict.fromkeys(behind, "skipped"),
            },
        )
        self.assertLessEqual({outcome[name] for name in before}, {"ok", "skipped"})
        self.assertIn(words, self.told(examination, check))
        for name in behind:
            self.assertEqual(self.told(examination, name), f"skipped: needs the {check} in order")
        self.assertEqual(examination.rows, ())
        self.assertEqual(self.gateway.asked, [])
        self.assertEqual(self.machine.looked, ["http://localhost:11434"])

    def test_name(self) -> None:
        """An unknown name, and name servers that are silent."""
        self.gateway.found = []
        self.assert_stops_at("name", "is unknown")
        self.machine.looked.clear()
        self.gateway.found = None
        self.assert_stops_at("name", "within 5 seconds")

    def test_connection(self) -> None:
        """A port that is closed."""
        self.gateway.trouble = Trouble.REFUSED
        self.assert_stops_at("connection", "refused")

    def test_certificate(self) -> None:
        """A certificate for another host."""
        self.gateway.tls_trouble = Trouble.OTHER_HOST
        self.assert_stops_at("certificate", "is for h, and not for gateway.test")

    def test_no_answer(self) -> None:
        """A gateway that does not answer."""
        self.gateway.answers = {}
        self.assert_stops_at("API", "too late")

    def test_not_an_api(self) -> None:
        """A web page."""
        page = Answer(status=200, media_type="text/html", body=b"<html>")
        self.gateway.answers = {"/v1/models": page}
        self.assert_stops_at("API", "a web page")

    def test_tls_without_tls(self) -> None:
        """A port of TLS that is asked without, whether it answers to that or not."""
        self.gateway = FakeGateway("http://gateway.test:443")
        self.gateway.has_tls = True
        page = Answer(status=400, media_type="text/html", body=b"<html>")
        self.gateway.answers = {"/v1/models": page}
        self.assert_stops_at("API", "speaks TLS")
        self.machine.looked.clear()
        self.gateway.answers = {}
        self.assert_stops_at("API", "speaks TLS")

    def test_key(self) -> None:
        """A key that is refused, and none although one is asked for."""
        self.gateway.answers = {"/v1/models": refused()}
        self.assert_stops_at("key", 'refuses it (HTTP 401): "no"')
        self.machine.looked.clear()
        self.assert_stops_at("key", "none is set", api_key=None)

    def test_models(self) -> None:
        """No models, and a gateway that does not tell them."""
        self.gateway.told = {}
        self.assert_stops_at("models", "lists none")
        self.machine.looked.clear()
        self.gateway.told = UpstreamTimeout("not within 15 seconds")
        self.assert_stops_at("models", "not within 15 seconds")

    def test_token(self) -> None:
        """A model that does not answer is known all the same."""
        self.gateway.first = UpstreamTimeout("did not answer")
        examination = self.examine()
        self.assertEqual(self.outcome(examination), {**WELL, "token": "failed"})
        self.assertIn("did not answer", self.told(examination, "token"))


class Choices(ExaminationCase):
    def test_no_token(self) -> None:
        """Who does not want to pay is not asked to."""
        examination = self.examine(Wishes(asks_token=False))
        self.assertEqual(self.outcome(examination), {**WELL, "token": "skipped"})
        self.assertEqual(self.gateway.asked, [])

    def test_model(self) -> None:
        """The model that was named is asked."""
        self.examine(Wishes(model="other"))
        self.assertEqual(self.gateway.asked, ["other"])

    def test_no_model(self) -> None:
        """If none chats, none is asked."""
        self.gateway.told = {"v": ModelFacts(mode="embedding")}
        examination = self.examine()
        self.assertEqual(
            self.outcome(examination), {**WELL, "token": "skipped", "details": "warning"}
        )

    def test_passthrough(self) -> None:
        """Where clients bring the keys, there is none to try, and that is no fault."""
        self.gateway.answers = {"/v1/models": refused()}
        examination = self.examine(client_auth=ClientAuth.PASSTHROUGH, api_key=None)
        left = dict.fromkeys(("key", "models", "token", "details"), "skipped")
        self.assertEqual(self.outcome(examination), {**WELL, **left})
        self.assertIn("to try one", self.told(examination, "key"))

    def test_several_gateways(self) -> None:
        """Each is looked at, and the models are those of the first that has some."""
        first, second, third = (FakeGateway(f"https://{name}.test") for name in "abc")
        first.trouble = Trouble.SILENT
        second.told = {"second": ModelFacts()}
        urls = [it.base_url for it in (second, third)]
        examination = self.examine(gateways=[first, second, third], more_base_urls=urls)
        verdicts = {
            url: [it.verdict.value for it in examination.findings if it.gateway == url]
            for url in (first.base_url, *urls)
        }
        self.assertEqual(
            verdicts,
            {
                "https://a.test": ["ok", "failed", *["skipped"] * 6],
                "https://b.test": ["ok"] * 8,
                "https://c.test": ["ok"] * 6,
            },
        )
        self.assertEqual([row.name for row in examination.rows], ["second"])
        self.assertEqual((second.asked, third.asked), (["second"], []))
