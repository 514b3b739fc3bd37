"""The doctor's probes on real sockets: for every fault, the check that fails and what it says."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from attrs import evolve, frozen
from twisted.internet import reactor as _reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from ollamaproxy.clocks import Clocks
from ollamaproxy.demo.gateway import make_demonstration_site
from ollamaproxy.doctor.examination import Examination, Wishes
from ollamaproxy.doctor.findings import Finding, Verdict
from ollamaproxy.doctor.putting_together import Doctor
from ollamaproxy.settings import Deadlines, Freshness, Listening, Secret, Settings
from tests.case import ReactorCase, on_reactor
from tests.live.certificates import GatewayCertificate
from tests.processes import free_port

pytestmark = pytest.mark.live

reactor: Any = _reactor

#: Nothing in it looks like a key.
KEY: Final = "canary.1234567890"


@frozen
class Page:
    """What a path is answered with; without an end if ``stalls``."""

    body: str
    status: int = 200
    content_type: str = "application/json"
    location: str = ""
    stalls: bool = False


def stream(*events: Any) -> Page:
    """Return an event stream."""
    texts = (event if isinstance(event, str) else json.dumps(event) for event in events)
    return Page("".join(f"data: {text}\n\n" for text in texts), content_type="text/event-stream")


def token(text: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}}]}


#: A plain gateway with one model, in good health.
MODELS: Final = Page('{"object": "list", "data": [{"id": "m", "object": "model"}]}')
WELL: Final[Mapping[str, Page]] = {
    "/v1/models": MODELS,
    "/v1/chat/completions": stream(token("Hi"), "[DONE]"),
}
NOT_FOUND: Final = Page('{"detail": "Not Found"}', 404)
HTML: Final = Page("<!DOCTYPE html><title>Welcome</title>", content_type="text/html")


class Pages(Resource):
    """Answers paths from a table, whatever the method."""

    isLeaf = True

    def __init__(self, pages: Mapping[str, Page]) -> None:
        super().__init__()
        self._pages = pages
        self.keys: set[str | None] = set()

    def render(self, request: Request) -> bytes | int:
        """Implement IResource."""
        self.keys.add(request.getHeader("Authorization"))
        page = self._pages.get(request.path.decode(), NOT_FOUND)
        request.setResponseCode(page.status)
        request.setHeader("Content-Type", page.content_type)
        if page.location:
            request.setHeader("Location", page.location)
        if page.stalls:
            request.write(page.body.encode())
            return NOT_DONE_YET
        return page.body.encode()


class QuietSite(Site):
    """A site that writes no log, and keeps no timer for it."""

    noisy = False

    def startFactory(self) -> None:
        """Override."""

    def log(self, request: Any) -> None:
        """Override."""


def site(pages: Mapping[str, Page]) -> QuietSite:
    return QuietSite(Pages(pages), timeout=None)


class Silent(Protocol):
    """Never says anything."""


class Hangup(Protocol):
    """Closes as soon as something comes."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.loseConnection()  # type: ignore[union-attr]


class Babble(Protocol):
    """Speaks something that is not HTTP."""

    def connectionMade(self) -> None:
        self.transport.write(b"220 mail.test ESMTP\r\n")  # type: ignore[union-attr]
        self.transport.loseConnection()  # type: ignore[union-attr]


class DoctorCase(ReactorCase):
    certificate = GatewayCertificate("localhost")

    @asynccontextmanager
    async def listening(self, factory: Any) -> AsyncIterator[int]:
        """Have a port on 127.0.0.1 until the end of the block."""
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        try:
            yield int(port.getHost().port)
        finally:
            await port.stopListening()

    async def examine(
        self, base_url: str, wishes: Wishes | None = None, wait_s: float = 20.0, **settings: Any
    ) -> Examination:
        """Return an examination that is over."""
        here = Listening(host="127.0.0.1", port=free_port())
        given = {"api_key": Secret(KEY), "listening": here, **settings}
        said: list[Finding] = []
        doctor = Doctor(
            Settings(base_url=base_url, **given),
            wishes or Wishes(),
            wait_s=wait_s,
            environ={},
            reactor=reactor,
            clocks=Clocks(scheduler=reactor),
            say=said.append,
        )
        await doctor.run()
        self.assertNotIn(KEY, repr(said))
        return doctor.examination

    async def assert_fails(self, base_url: str, check: str, told: str, **more: Any) -> None:
        """The check fails with these words, and no other one does."""
        examination = await self.examine(base_url, **more)
        (failed,) = [it for it in examination.findings if it.verdict is Verdict.FAILED]
        self.assertEqual(failed.check, check, failed)
        self.assertIn(told, failed.told)


class TheWay(DoctorCase):
    @on_reactor
    async def test_unknown_host(self) -> None:
        """A host that does not exist is told by name."""
        host = "gateway.invalid"  # RFC 2606 section 2
        await self.assert_fails(f"http://{host}", "name", f"the host name {host} is unknown")

    @on_reactor
    async def test_refused(self) -> None:
        """So is a port where nobody listens."""
        port = free_port()
        told = f"nothing listens on port {port} of 127.0.0.1: connection refused"
        await self.assert_fails(f"http://127.0.0.1:{port}", "connection", told)

    @on_reactor
    async def test_vouches_for_itself(self) -> None:
        """A certificate that nobody vouches for is shown, and nothing is sent to its holder."""
        pages = Pages(WELL)
        tls = TLSMemoryBIOFactory(self.certificate, False, QuietSite(pages, timeout=None))
        async with self.listening(tls) as port:
            told = "not trusted: localhost vouches for itself"
            await self.assert_fails(f"https://localhost:{port}", "certificate", told)
        self.assertEqual(pages.keys, set())

    @on_reactor
    async def test_no_tls(self) -> None:
        """Https where there is only http is told."""
        async with self.listening(site(WELL)) as port:
            told = f"port {port} of localhost makes no secure connection"
            await self.assert_fails(
                f"https://localhost:{port}",
                "certificate",
                told,
                deadlines=Deadlines(connect_s=2.0),
            )

    @on_reactor
    async def test_tls_stalls(self) -> None:
        """A port that never answers to TLS is given up."""
        async with self.listening(Factory.forProtocol(Silent)) as port:
            await self.assert_fails(
                f"https://localhost:{port}",
                "certificate",
                "makes no secure connection",
                deadlines=Deadlines(connect_s=2.0),
            )

    @on_reactor
    async def test_only_tls(self) -> None:
        """Http where there is only https is told."""
        tls = TLSMemoryBIOFactory(self.certificate, False, site(WELL))
        async with self.listening(tls) as port:
            await self.assert_fails(f"http://localhost:{port}", "API", "the port speaks TLS")


#: For each fault that a gateway over HTTP may have: what is there instead of what is well,
#: the check that fails, and what it says.
FAULTS: Final[tuple[tuple[Mapping[str, Page], str, str], ...]] = (
    ({"/v1/models": HTML}, "API", "a web page (HTTP 200)"),
    (
        {"/v1/models": NOT_FOUND},
        "API",
        'no list of models under /v1/models (HTTP 404): "Not Found"',
    ),
    ({"/v1/models": Page("hello")}, "API", "no list of models under /v1/models (HTTP 200)"),
    ({"/v1/models": evolve(HTML, status=502)}, "API", "no gateway is behind it (HTTP 502)"),
    (
        {"/v1/models": Page("", 302, location="https://other.test/v1/models")},
        "API",
        "redirects to https://other.test (HTTP 302)",
    ),
    ({"/v1/models": evolve(MODELS, stalls=True)}, "API", "no whole answer came within 1 seconds"),
    (
        {"/v1/models": Page(f'{{"error": {{"message": "Invalid {KEY}"}}}}', 401)},
        "key",
        'refuses it (HTTP 401): "Invalid ***"',
    ),
    (
        {"/v1/models": Page('{"error": {"message": "x", "type": "no_db_connection"}}', 400)},
        "key",
        "refuses it (HTTP 400)",
    ),
    ({"/v1/models": Page('{"detail": "not this route"}', 403)}, "key", "forbids it to list models"),
    ({"/v1/models": Page('{"data": []}')}, "models", "the gateway lists none for this key"),
    ({"/v1/model/info": evolve(MODELS, stalls=True)}, "models", "does not tell them"),
    ({"/v1/models": Page('{"data": [{}]}')}, "models", "is not a list of models"),
    (
        {"/v1/chat/completions": Page(f'{{"error": {{"message": "no {KEY}"}}}}', 500)},
        "token",
        'm did not answer: "no ***"',
    ),
    (
        {"/v1/chat/completions": Page(f'{{"error": "Invalid {KEY}"}}', 401)},
        "token",
        "refused this proxy's API key (HTTP 401)",
    ),
    (
        {"/v1/chat/completions": Page('{"error": {"message": "model m does not exist"}}', 404)},
        "token",
        "model 'm' not found",
    ),
    (
        {"/v1/chat/completions": stream({"error": {"message": f"out of memory {KEY}"}})},
        "token",
        'm did not answer: "out of memory ***"',
    ),
    ({"/v1/chat/completions": stream()}, "token", "stopped before its end"),
    ({"/v1/chat/completions": stream("{")}, "token", "not a completion chunk"),
    (
        {"/v1/chat/completions": evolve(stream(), stalls=True)},
        "token",
        "the gateway sent nothing for 1 seconds",
    ),
)


class Gateways(DoctorCase):
    @on_reactor
    async def test_well(self) -> None:
        """A gateway in good health fails nothing, and gets the key."""
        pages = Pages(WELL)
        async with self.listening(QuietSite(pages, timeout=None)) as port:
            examination = await self.examine(f"http://127.0.0.1:{port}")
        failed = [it for it in examination.findings if it.verdict is Verdict.FAILED]
        self.assertEqual(failed, [])
        self.assertEqual([row.name for row in examination.rows], ["m"])
        self.assertEqual(pages.keys, {f"Bearer {KEY}"})

    @on_reactor
    async def test_the_demonstration(self) -> None:
        """So does the demonstration's, which is known for LiteLLM."""
        async with self.listening(make_demonstration_site(reactor)) as port:
            examination = await self.examine(f"http://localhost:{port}/v1")
        told = {it.check: it.told for it in examination.findings if it.verdict is Verdict.OK}
        self.assertEqual(told["API"], "it is LiteLLM")
        self.assertRegex(told["token"], "^demo-chat answered after")
        self.assertEqual([row.context_length for row in examination.rows], [8192, 8192])

    @on_reactor
    async def test_faults(self) -> None:
        """Every fault fails its check with its words, and the key is in none of them."""
        for instead, check, told in FAULTS:
            async with self.listening(site({**WELL, **instead})) as port:
                wait_s = 1.0 if any(page.stalls for page in instead.values()) else 20.0
                await self.assert_fails(f"http://127.0.0.1:{port}", check, told, wait_s=wait_s)

    @on_reactor
    async def test_models_take_their_time(self) -> None:
        """The models are waited for as long as the daemon would wait for them."""
        pages = {**WELL, "/v1/model/info": evolve(MODELS, stalls=True)}
        async with self.listening(site(pages)) as port:
            await self.assert_fails(
                f"http://127.0.0.1:{port}",
                "models",
                "the gateway has not told its models within 1 seconds",
                freshness=Freshness(deadline_s=1.0),
            )

    @on_reactor
    async def test_no_http(self) -> None:
        """What hangs up, what keeps silent and what speaks another language is no API."""
        for protocol, told in (
            (Hangup, "closed the connection without an answer"),
            (Silent, "no whole answer came within 1 seconds"),
            (Babble, "the gateway's answer is not HTTP"),
        ):
            async with self.listening(Factory.forProtocol(protocol)) as port:
                await self.assert_fails(
                    f"http://127.0.0.1:{port}",
                    "API",
                    told,
                    wait_s=1.0,
                    deadlines=Deadlines(connect_s=2.0),
                )

    @on_reactor
    async def test_a_thinking_model(self) -> None:
        """A thought is an answer, and so is an end without a text."""
        thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "Hm"}}]}
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
        for event, told in ((thought, "m answered after"), (end, "m answered without a text")):
            pages = {**WELL, "/v1/chat/completions": stream(event, token("more"), "[DONE]")}
            async with self.listening(site(pages)) as port:
                examination = await self.examine(f"http://127.0.0.1:{port}")
            (found,) = [it for it in examination.findings if it.check == "token"]
            self.assertIn(told, found.told)

    @on_reactor
    async def test_the_rest_is_not_waited_for(self) -> None:
        """One token is enough, however long the answer would go on."""
        endless = evolve(stream(token("Hi")), stalls=True)
        async with self.listening(site({**WELL, "/v1/chat/completions": endless})) as port:
            examination = await self.examine(f"http://127.0.0.1:{port}")
        (found,) = [it for it in examination.findings if it.check == "token"]
        self.assertEqual(found.verdict, Verdict.OK)


class OwnAddress(DoctorCase):
    async def found(self, host: str, port: int) -> Finding:
        here = Listening(host=host, port=port)
        examination = await self.examine(f"http://127.0.0.1:{free_port()}", listening=here)
        (found,) = [it for it in examination.findings if it.check == "address"]
        return found

    @on_reactor
    async def test_taken(self) -> None:
        """Whoever listens at the daemon's address is told, a real Ollama by its models."""
        entry = {"name": "m", "size": 5, "modified_at": "2026-01-01T00:00:00Z"}
        ollama = {
            "/": Page("Ollama is running", content_type="text/plain"),
            "/api/tags": Page(json.dumps({"models": [entry]})),
        }
        for factory, told in (
            (site(ollama), "a real Ollama runs at"),
            (site({**ollama, "/api/tags": Page('{"error": "x"}', 401)}), "an ollamaproxy runs at"),
            (site({"/": HTML}), "something that is no Ollama listens at"),
            (Factory.forProtocol(Hangup), "something that is no Ollama listens at"),
        ):
            async with self.listening(factory) as port:
                self.assertIn(told, (await self.found("127.0.0.1", port)).told)

    @on_reactor
    async def test_the_key_stays_here(self) -> None:
        """Whoever listens there does not get the gateway's key."""
        pages = Pages({"/": HTML})
        async with self.listening(QuietSite(pages, timeout=None)) as port:
            await self.found("127.0.0.1", port)
        self.assertEqual(pages.keys, {None})

    @on_reactor
    async def test_not_to_be_had(self) -> None:
        """An address of another machine is told."""
        found = await self.found("192.0.2.1", 11434)
        self.assertIn("cannot listen on 192.0.2.1:11434: ", found.told)

    @on_reactor
    async def test_free(self) -> None:
        """An address that is free is free afterwards, too."""
        port = free_port()
        self.assertIn("is free", (await self.found("127.0.0.1", port)).told)
        self.assertIn("is free", (await self.found("127.0.0.1", port)).told)
