"""Real load balancers with our configurations, and what clients see when a daemon goes away."""

import json
import signal
import socket
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import ClassVar, Final

import pytest

from tests.case import Case
from tests.deploy.balancers import HAProxy, Nginx
from tests.deploy.plant import Plant
from tests.deploy.traffic import (
    BROKEN,
    FINISHED,
    LOOKS_WHOLE,
    PATIENCE_S,
    TOLD,
    Flow,
    Stream,
    chat,
)
from tests.evil.gateway import EvilGateway
from tests.evil.wire import Wire
from tests.processes import RunningDaemon, free_port

pytestmark = pytest.mark.live

_STREAMS: Final = 40
#: So many short requests begin and end in each phase, at least.
_SHORTS: Final = 60
_VICTIM: Final = 0


class Both:
    """Keeps the tests of both from being run without a balancer."""

    class Balanced(Case):
        make: ClassVar[type[HAProxy] | type[Nginx]]

        def setUp(self) -> None:
            super().setUp()
            folder = tempfile.TemporaryDirectory()
            self.addCleanup(folder.cleanup)
            self.folder = Path(folder.name)

        def balance(self, daemons: list[int], admins: Sequence[int] = ()) -> HAProxy | Nginx:
            balancer = self.make(self.folder, daemons, admins)
            self.addCleanup(balancer.stop)
            return balancer

        def plant(self, *flags: str) -> tuple[Plant, HAProxy | Nginx]:
            plant = Plant(*flags)
            self.addCleanup(plant.__exit__)
            ports = [daemon.port for daemon in plant.daemons]
            return plant, self.balance(ports, plant.admins)

        def streams(self, port: int) -> list[Stream]:
            """Return replies that run, and on which the gateway still works."""
            streams = [Stream(port, f"long {number}") for number in range(_STREAMS)]
            for stream in streams:
                self.addCleanup(stream.leave)
            return streams

        def endings(self, streams: list[Stream]) -> dict[str, str]:
            with ThreadPoolExecutor(len(streams)) as readers:
                ends = readers.map(Stream.end, streams)
            return {stream.prompt: end for stream, end in zip(streams, ends, strict=True)}

        def assert_flow_is_well(self, flow: Flow, during: str) -> None:
            """Fail if a request was lost that did not run just when the daemon went away."""
            lost = [
                short
                for short in flow.done
                if short.ending != FINISHED
                and during not in short.phases
                and short.phases[0] == short.phases[1]
            ]
            self.assertEqual(lost, [])
            self.assertNotIn(LOOKS_WHOLE, {short.ending for short in flow.done})

        def test_tokens(self) -> None:
            """A token reaches the client before the next one is there."""
            plant, balancer = self.plant()
            stream = Stream(balancer.port, "hold on")
            self.addCleanup(stream.leave)
            plant.release()
            self.assertEqual(stream.end(), FINISHED)

        def test_a_daemon_that_is_killed(self) -> None:
            """
            SIGKILL breaks the replies that ran on that daemon, visibly, and no others.

            No request that is sent afterwards is lost, and none is paid for twice.
            """
            plant, balancer = self.plant()
            streams = self.streams(balancer.port)
            victims = plant.seen_by(_VICTIM)
            self.assertTrue(0 < len(victims) < _STREAMS)
            with Flow(balancer.port) as flow:
                self.assertTrue(flow.wait_for(_SHORTS))
                flow.phase = "kill"
                plant.daemons[_VICTIM].send_signal(signal.SIGKILL)
                plant.daemons[_VICTIM].wait_for_exit()
                flow.phase = "after"
                self.assertTrue(flow.wait_for(_SHORTS))
                plant.release()
            ends = self.endings(streams)
            self.assertEqual({prompt for prompt, end in ends.items() if end == BROKEN}, victims)
            self.assertEqual(
                {end for prompt, end in ends.items() if prompt not in victims}, {FINISHED}
            )
            self.assert_flow_is_well(flow, "kill")
            self.assertEqual(plant.seen_twice(), [])

        def test_a_daemon_that_stops(self) -> None:
            """SIGTERM lets all replies finish; the other daemon gets what is sent afterwards."""
            plant, balancer = self.plant()
            streams = self.streams(balancer.port)
            victims = plant.seen_by(_VICTIM)
            self.assertTrue(0 < len(victims) < _STREAMS)
            with Flow(balancer.port) as flow:
                self.assertTrue(flow.wait_for(_SHORTS))
                flow.phase = "stop"
                plant.daemons[_VICTIM].send_signal(signal.SIGTERM)
                plant.daemons[_VICTIM].wait_for_line("stderr", "ollamaproxy stops")
                flow.phase = "after"
                self.assertTrue(flow.wait_for(_SHORTS))
                plant.release()
            self.assertEqual(set(self.endings(streams).values()), {FINISHED})
            self.assertEqual(plant.daemons[_VICTIM].wait_for_exit(), 0)
            self.assert_flow_is_well(flow, "stop")
            self.assertEqual(plant.seen_twice(), [])

        def test_a_daemon_that_cannot_wait(self) -> None:
            """With a short --drain-timeout the replies that ran there end in a line saying so."""
            plant, balancer = self.plant("--drain-timeout", "0.5")
            streams = self.streams(balancer.port)
            victims = plant.seen_by(_VICTIM)
            plant.daemons[_VICTIM].send_signal(signal.SIGTERM)
            self.assertEqual(plant.daemons[_VICTIM].wait_for_exit(), 0)
            plant.release()
            ends = self.endings(streams)
            self.assertEqual({prompt for prompt, end in ends.items() if end == TOLD}, victims)
            self.assertEqual(
                {end for prompt, end in ends.items() if prompt not in victims}, {FINISHED}
            )

        def test_a_request_that_was_sent(self) -> None:
            """A request that a daemon has got is not sent to another: it may have begun."""
            for die in (Wire.reset, Wire.close):
                with EvilGateway(die) as one, EvilGateway(die) as two:
                    balancer = self.balance([one.port, two.port])
                    connection = HTTPConnection("127.0.0.1", balancer.port, timeout=PATIENCE_S)
                    self.addCleanup(connection.close)
                    connection.request("POST", "/api/chat", chat("once"))
                    response = connection.getresponse()
                    self.assertEqual(response.status, 502)
                    self.assertIn("try again", json.loads(response.read())["error"])
                    self.assertEqual(len(one.wires) + len(two.wires), 1)
                    balancer.stop()

        def test_a_daemon_that_is_not_there(self) -> None:
            """A daemon that is not there costs no request, also before anybody has noticed."""
            with Plant() as plant:
                balancer = self.balance([free_port(), plant.daemons[1].port])
                with Flow(balancer.port, clients=1) as flow:
                    self.assertTrue(flow.wait_for(5))
            self.assertEqual({short.ending for short in flow.done}, {FINISHED})

        def test_no_daemon(self) -> None:
            """With no daemon at all the client reads an error in JSON."""
            balancer = self.balance([free_port(), free_port()])
            connection = HTTPConnection("127.0.0.1", balancer.port, timeout=PATIENCE_S)
            self.addCleanup(connection.close)
            connection.request("POST", "/api/chat", chat("nobody"))
            response = connection.getresponse()
            self.assertIn(response.status, {502, 503})
            self.assertIn("no proxy is ready", json.loads(response.read())["error"])

        def test_a_client_that_leaves(self) -> None:
            """A client that leaves stops the gateway's work, before the answer and during it."""
            plant, balancer = self.plant()
            stream = Stream(balancer.port, "long reply")
            stream.leave()
            self.assertTrue(plant.gateway.wait_until_left())

            def silent(wire: Wire) -> None:
                wire.hold()

            plant.gateway.play = silent
            with socket.create_connection(("127.0.0.1", balancer.port), PATIENCE_S) as client:
                body = chat("silence")
                client.sendall(
                    b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(body), body)
                )
                self.assertTrue(plant.gateway.wait_for_requests(2))
            self.assertTrue(plant.gateway.wait_until_left())

        def test_who_asks(self) -> None:
            """The daemon hears the client's address from the balancer, not what the client says."""

            def answer(wire: Wire) -> None:
                names = ("x-forwarded-for", "forwarded", "host")
                lines = wire.request.raw.decode().splitlines()
                wire.answer(sorted(line for line in lines if line.lower().startswith(names)))

            with EvilGateway(answer) as one, EvilGateway(answer) as two:
                balancer = self.balance([one.port, two.port])
                connection = HTTPConnection("127.0.0.1", balancer.port, timeout=PATIENCE_S)
                self.addCleanup(connection.close)
                connection.request(
                    "POST",
                    "/api/chat",
                    chat("who"),
                    {
                        "X-Forwarded-For": "203.0.113.7",
                        "Forwarded": "for=203.0.113.7",
                        "Host": "ai.example.com",
                    },
                )
                told = json.loads(connection.getresponse().read())
            told = [line.lower() for line in told]
            self.assertEqual(told, ["host: ai.example.com", "x-forwarded-for: 127.0.0.1"])

        def test_pictures(self) -> None:
            """A request of many megabytes passes, up to the daemon's own limit."""
            _plant, balancer = self.plant()
            connection = HTTPConnection("127.0.0.1", balancer.port, timeout=PATIENCE_S)
            self.addCleanup(connection.close)
            connection.request("POST", "/api/chat", chat("x" * 20_000_000))
            response = connection.getresponse()
            self.assertEqual(response.status, 200)
            self.assertIn(b'"done":true', response.read())


class BehindHAProxy(Both.Balanced):
    make = HAProxy

    def test_a_daemon_that_says_that_it_stops(self) -> None:
        """With a --drain-delay in which HAProxy notices, a stop takes not one request with it."""
        plant, balancer = self.plant("--drain-delay", "5")
        streams = self.streams(balancer.port)
        with Flow(balancer.port) as flow:
            self.assertTrue(flow.wait_for(_SHORTS))
            plant.daemons[_VICTIM].send_signal(signal.SIGTERM)
            plant.daemons[_VICTIM].wait_for_line("stderr", "ollamaproxy stops")
            flow.phase = "after"
            self.assertTrue(flow.wait_for(_SHORTS))
            plant.release()
        self.assertEqual(set(self.endings(streams).values()), {FINISHED})
        self.assertEqual(plant.daemons[_VICTIM].wait_for_exit(), 0)
        self.assertEqual({short.ending for short in flow.done}, {FINISHED})
        self.assertEqual(plant.seen_twice(), [])

    def test_proxy_protocol(self) -> None:
        """With the PROXY protocol the daemon's log has the client's own address."""
        port = free_port()
        with RunningDaemon("--demo", "--listen", f"haproxy:tcp:{port}:interface=127.0.0.1") as it:
            balancer = HAProxy(self.folder, [port, port], proxy_protocol=True)
            self.addCleanup(balancer.stop)
            # All of 127.0.0.0/8 is this machine.
            client = HTTPConnection(
                "127.0.0.1", balancer.port, timeout=PATIENCE_S, source_address=("127.0.0.9", 0)
            )
            self.addCleanup(client.close)
            client.request("GET", "/api/version")
            self.assertEqual(client.getresponse().status, 200)
            it.wait_for_line("stdout", r"127\.0\.0\.9 .*/api/version")


class BehindNginx(Both.Balanced):
    make = Nginx

    def test_a_daemon_that_is_taken_out_first(self) -> None:
        """A daemon that nginx is told of before it stops takes not one request with it."""
        plant, balancer = self.plant()
        streams = self.streams(balancer.port)
        # A reload closes kept connections, and a request may just be on its way on one.
        with Flow(balancer.port, keeps=False) as flow:
            self.assertTrue(flow.wait_for(_SHORTS))
            assert isinstance(balancer, Nginx)
            balancer.take_out(_VICTIM)
            # What the old workers had taken is on its way to the daemon still.
            flow.phase = "out"
            self.assertTrue(flow.wait_for(_SHORTS))
            plant.daemons[_VICTIM].send_signal(signal.SIGTERM)
            plant.daemons[_VICTIM].wait_for_line("stderr", "ollamaproxy stops")
            flow.phase = "after"
            self.assertTrue(flow.wait_for(_SHORTS))
            plant.release()
        self.assertEqual(set(self.endings(streams).values()), {FINISHED})
        self.assertEqual({short.ending for short in flow.done}, {FINISHED})
