"""Several gateways: which is asked, when the next is, and when none is."""

from functools import partial

from OpenSSL import SSL
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import ConnectError, ConnectionLost, DNSLookupError, NoRouteError
from twisted.internet.error import ConnectionRefusedError as TwistedRefused
from twisted.internet.error import TimeoutError as TwistedTimeout
from twisted.internet.interfaces import IProtocol
from twisted.python.failure import Failure
from twisted.web.client import (
    URI,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from ollamaproxy.settings import Secret, Settings
from ollamaproxy.upstream.failover import FailoverAgent
from tests.case import Case
from tests.web.case import NetworkCase
from tests.web.network import KEY, ClientConnection

A = "http://a.test:4000"
B = "http://b.test/litellm"
C = "http://c.test:4000"

PAGE = "<html><h1>Bad Gateway</h1></html>"


def refuse() -> Deferred[IProtocol]:
    return fail(TwistedRefused())


def unanswered() -> Deferred[IProtocol]:
    return Deferred()


class FailoverCase(NetworkCase):
    settings = Settings(base_url=A, more_base_urls=(B, C), api_key=Secret(KEY))

    def refuse(self, *names: str) -> None:
        """Have these gateways refuse connections from now on, and only these."""
        self.network.connecting_to = {f"{name}.test": refuse for name in names}

    @property
    def asked(self) -> str:
        """The gateways that requests have come to, in order."""
        return "".join(peer.host[0] for peer in self.network.gateway_connections)

    @property
    def is_up(self) -> list[bool]:
        return [gateway.is_up for gateway in self.network.failover.gateways]

    def answer(self) -> None:
        """Have the newest connection's gateway answer, and close."""
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.gateway.end_stream()
        self.network.flush()
        self.cut()

    def cut(self) -> None:
        self.network.gateway.cut()
        self.network.flush()

    def reply(self, status: int, content_type: str, body: str) -> None:
        self.network.gateway.reply(status, content_type, body)
        self.network.flush()
        self.cut()

    def assert_answered(self, client: ClientConnection) -> None:
        self.assertEqual(client.response().status, 200)
        self.assertIs(client.response().lines[-1]["done"], True)


class GoesOn(FailoverCase):
    def test_the_first(self) -> None:
        """As long as the first gateway answers, no other is asked."""
        for _ in range(2):
            client = self.chat()
            self.answer()
            self.assert_answered(client)
        self.assertEqual(self.asked, "aa")

    def test_refused(self) -> None:
        """A gateway that refuses connections is replaced by the next, for the same request."""
        self.refuse("a")
        client = self.chat()
        request = self.network.gateway.request
        self.assertEqual(self.asked, "b")
        self.assertEqual(request.headers["host"], "b.test")
        self.assertEqual(request.headers["authorization"], f"Bearer {KEY}")
        self.assertEqual(request.path, "/litellm/v1/chat/completions")
        self.assertEqual(request.json["model"], "m")
        self.assertEqual(self.network.addresses[-1], (b"http", b"b.test", 80))
        self.answer()
        self.assert_answered(client)

    def test_no_connection(self) -> None:
        """So is one that no connection is to be had to, for whatever reason."""
        for reason in (
            *(DNSLookupError(), TwistedTimeout(), NoRouteError(), ConnectError()),
            SSL.Error([("SSL routines", "", "certificate verify failed")]),
        ):
            network = self.network
            network.connecting_to = {"a.test": partial(fail, reason)}
            client = self.chat()
            self.assertEqual(network.gateway.host, "b.test", reason)
            self.answer()
            self.assert_answered(client)
            network.wait(31)

    def test_no_connection_in_time(self) -> None:
        """So is one that lets a connection wait until the deadline."""
        self.network.connecting_to = {"a.test": unanswered}
        client = self.chat()
        self.assertEqual(self.asked, "")
        self.network.wait(5.1)
        self.assertEqual(self.asked, "b")
        self.answer()
        self.assert_answered(client)

    def test_closed_without_an_answer(self) -> None:
        """So is one that closes the connection without an answer."""
        client = self.chat()
        body = self.network.gateway.request.body
        self.cut()
        self.assertEqual(self.asked, "ab")
        self.assertEqual(self.network.gateway.request.body, body)
        self.answer()
        self.assert_answered(client)

    def test_to_the_last(self) -> None:
        """A request fails when it has failed at every gateway, as it did at the last one."""
        self.refuse("a", "b")
        client = self.chat()
        self.assertEqual(self.asked, "c")
        self.cut()
        response = client.response()
        self.assertEqual(response.status, 502)
        self.assertEqual(
            response.json, {"error": "the gateway closed the connection without an answer"}
        )

    def test_a_load_balancer_s_answer_to_a_get(self) -> None:
        """A page that says that no gateway is there sends what only reads on to the next."""
        for status in (502, 503):
            asking = self.network.treq.get(f"{A}/v1/models")
            self.network.flush()
            self.network.gateway.reply(status, "text/html", PAGE)
            self.network.flush()
            self.assertEqual(self.network.gateway.host, "b.test")
            self.assertEqual(self.network.gateway.request.path, "/litellm/v1/models")
            self.reply(200, "application/json", "{}")
            self.assertEqual(self.successResultOf(asking).code, 200)
            self.network.wait(31)


class StaysThere(FailoverCase):
    def test_after_a_byte_of_the_answer(self) -> None:
        """A gateway that has begun to answer is not replaced, but counts as down."""
        client = self.chat()
        self.network.gateway.raw(b"H")
        self.cut()
        self.assertEqual(client.response().status, 502)
        self.assertEqual(self.asked, "a")
        self.assertEqual(self.is_up, [False, True, True])

    def test_a_broken_stream(self) -> None:
        """A stream that breaks in the middle is not begun again elsewhere."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        self.cut()
        self.assertIn("error", client.response().lines[-1])
        self.assertEqual(self.asked, "a")

    def test_answers(self) -> None:
        """An error that the gateway words is an answer: it is passed on, and not a fault."""
        for status in (400, 404, 408, 429, 500, 502, 503, 504):
            client = self.chat()
            self.reply(status, "application/json", '{"error":{"message":"no"}}')
            self.assertGreaterEqual(client.response().status, 400)
        self.assertEqual(set(self.asked), {"a"})
        self.assertEqual(self.is_up, [True, True, True])

    def test_a_load_balancer_s_answer_to_a_post(self) -> None:
        """A page that says that no gateway is there is passed on; the next request goes on."""
        client = self.chat()
        self.reply(502, "text/html", PAGE)
        self.assertEqual(client.response().status, 502)
        self.assertEqual(self.asked, "a")
        self.chat()
        self.assertEqual(self.asked, "ab")

    def test_a_load_balancer_s_deadline(self) -> None:
        """A page that says that the gateway is slow does not count: the model is."""
        self.chat()
        self.reply(504, "text/html", PAGE)
        self.chat()
        self.assertEqual(self.asked, "aa")

    def test_a_client_that_leaves(self) -> None:
        """A client that leaves while it waits is nobody's fault, and nobody else is asked."""
        for connecting in ({}, {"a.test": unanswered}):
            self.network.connecting_to = connecting
            client = self.chat()
            client.leave()
            self.network.flush()
        self.assertEqual(self.asked, "a")
        self.assertEqual(self.is_up, [True, True, True])

    def test_silence(self) -> None:
        """A gateway that has not answered by the deadline is not replaced, nor down."""
        client = self.chat()
        self.network.wait(300)
        self.assertEqual(client.response().status, 504)
        self.assertEqual(self.asked, "a")
        self.assertEqual(self.is_up, [True, True, True])

    def test_a_bug(self) -> None:
        """A bug of ours is not the gateway's fault."""
        self.network.connecting_to = {"a.test": lambda: fail(ZeroDivisionError())}
        self.assertEqual(self.chat().response().status, 500)
        self.assertEqual(self.is_up, [True, True, True])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_another_address(self) -> None:
        """What is for none of the gateways is sent to none."""
        with self.assertRaises(ValueError):
            self.network.treq.get("http://elsewhere.test/")
        self.assertEqual(self.network.addresses, [])


@implementer(IAgent)
class FailingAgent:
    """Fails every request with the same failure, and notes for which gateways."""

    def __init__(self, error: Exception) -> None:
        self.hosts: list[bytes] = []
        self._error = error

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        self.hosts.append(URI.fromBytes(uri).host)
        return fail(self._error)


class Failures(Case):
    def test_of_every_kind(self) -> None:
        """Nothing that may have been answered goes on; whatever the gateway did is its fault."""
        tls, lost, cancelled = SSL.Error(), ConnectionLost(), CancelledError()
        for error, goes_on, is_fault in (
            (tls, True, True),
            (ResponseNeverReceived([Failure(tls)]), True, True),
            (ResponseNeverReceived([Failure(lost)]), True, True),
            (ResponseNeverReceived([Failure(cancelled)]), False, False),
            (ResponseFailed([Failure(tls)]), False, True),
            (ResponseFailed([Failure(lost)]), False, True),
            (ResponseFailed([Failure(cancelled)]), False, False),
            (RequestTransmissionFailed([Failure(lost)]), False, True),
            (RequestTransmissionFailed([Failure(tls)]), False, True),
            (cancelled, False, False),
        ):
            agent = FailingAgent(error)
            failover = FailoverAgent(
                agent, (A, C), cooldown_s=1, monotonic_s=lambda: 0, retries_posts=True
            )
            self.failureResultOf(failover.request(b"POST", A.encode() + b"/x"), type(error))
            self.assertEqual(agent.hosts == [b"a.test", b"c.test"], goes_on, repr(error))
            self.assertEqual(not failover.gateways[0].is_up, is_fault, repr(error))


class Cooldown(FailoverCase):
    def test_left_alone(self) -> None:
        """A gateway that failed is not asked for half a minute, even if it would answer."""
        self.refuse("a")
        self.chat()
        self.refuse()
        for _ in range(3):
            self.chat()
            self.network.wait(9)
        self.assertEqual(self.asked, "bbbb")

    def test_asked_again(self) -> None:
        """After that time it is asked first again, and if it answers, it is well."""
        self.refuse("a")
        self.chat()
        self.refuse()
        self.network.wait(30)
        self.chat()
        self.assertEqual(self.asked, "ba")
        self.assertEqual(self.is_up, [False, True, True])
        self.answer()
        self.assertEqual(self.is_up, [True, True, True])
        self.chat()
        self.assertEqual(self.asked, "baa")

    def test_one_finds_out(self) -> None:
        """One request finds out whether it is back; the others do not wait for that."""
        self.refuse("a")
        self.chat()
        self.network.wait(30)
        self.network.connecting_to = {"a.test": unanswered}
        self.chat()
        self.assertEqual(self.asked, "b")
        self.chat()
        self.assertEqual(self.asked, "bb")
        self.network.wait(5.1)
        self.assertEqual(self.asked, "bbb")

    def test_failed_again(self) -> None:
        """If it fails again, its time begins anew."""
        self.refuse("a")
        self.chat()
        self.network.wait(30)
        self.chat()
        self.refuse()
        self.network.wait(29)
        self.chat()
        self.assertEqual(self.asked, "bbb")
        self.network.wait(1)
        self.chat()
        self.assertEqual(self.asked, "bbba")

    def test_all_down(self) -> None:
        """If all have failed, all are tried, the one whose time is over first in front."""
        self.refuse("a")
        self.chat()
        self.reply(502, "text/html", PAGE)  # b's
        self.network.wait(1)
        self.chat()
        self.reply(502, "text/html", PAGE)  # c's
        self.network.wait(29)
        self.chat()
        self.reply(502, "text/html", PAGE)  # b's again, after a refused again
        self.assertEqual(self.asked, "bcb")
        self.assertEqual(self.is_up, [False, False, False])
        tried = []

        def refuse_and_note(name: str) -> Deferred[IProtocol]:
            tried.append(name)
            return refuse()

        self.network.connecting_to = {
            f"{name}.test": partial(refuse_and_note, name) for name in "abc"
        }
        self.assertEqual(self.chat().response().status, 502)
        self.assertEqual(tried, ["c", "a", "b"])

    def test_healthy_ones_first(self) -> None:
        """One that failed is asked after those that are well, and then it may answer."""
        self.refuse("a")
        self.chat()
        self.refuse("b", "c")
        client = self.chat()
        self.assertEqual(self.asked, "ba")
        self.answer()
        self.assert_answered(client)
        self.assertEqual(self.is_up, [True, False, False])


class Told(FailoverCase):
    def test_once(self) -> None:
        """The operator hears once that a gateway is down, and why, and once that it is back."""
        told = self.hear_log()
        self.refuse("a")
        for _ in range(3):
            self.chat()
            self.network.wait(31)
        self.refuse()
        for _ in range(2):
            self.chat()
            self.answer()
        self.assertEqual(
            [text for text in told if text.startswith("the gateway ")],
            [
                f"the gateway {A} is down: cannot reach the gateway: connection refused",
                f"the gateway {A} is back",
            ],
        )
        self.assertNotIn(KEY, "".join(told))

    def test_counted(self) -> None:
        """Every fault is counted, with its gateway."""
        self.refuse("a", "b")
        self.chat()
        self.chat()
        faults = [gateway.faults for gateway in self.network.failover.gateways]
        self.assertEqual(faults, [1, 1, 0])

    def test_a_load_balancer(self) -> None:
        """What a load balancer says is told by its status alone."""
        told = self.hear_log()
        self.chat()
        self.reply(503, "text/html", PAGE)
        self.assertIn(
            f"the gateway {A} is down: HTTP 503 from a load balancer in front of it", told
        )


class NoRetry(FailoverCase):
    settings = Settings(base_url=A, more_base_urls=(B,), no_retry=True)

    def test_refused(self) -> None:
        """Without retries a request that could not even be sent still goes on."""
        self.refuse("a")
        self.chat()
        self.assertEqual(self.asked, "b")

    def test_closed_without_an_answer(self) -> None:
        """One that may have arrived does not; the gateway is down for the next one."""
        client = self.chat()
        self.cut()
        self.assertEqual(client.response().status, 502)
        self.assertEqual(self.asked, "a")
        self.chat()
        self.assertEqual(self.asked, "ab")

    def test_reading(self) -> None:
        """What only reads goes on all the same."""
        asking = self.network.treq.get(f"{A}/x")
        self.network.flush()
        self.cut()
        self.reply(200, "text/plain", "")
        self.assertEqual(self.successResultOf(asking).code, 200)


class Single(FailoverCase):
    settings = Settings(base_url=A)

    def test_always_asked(self) -> None:
        """A single gateway is asked every time, however it has been, and nothing is told of it."""
        told = self.hear_log()
        self.refuse("a")
        self.chat()
        self.refuse()
        client = self.chat()
        self.answer()
        self.assert_answered(client)
        self.assertEqual([text for text in told if text.startswith("the gateway ")], [])
