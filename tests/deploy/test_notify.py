"""What the daemon tells systemd, heard on a real notification socket."""

import signal
import socket
import time
from http.client import HTTPConnection

import pytest

from tests.case import Case
from tests.deploy.service_manager import PATIENCE_S, ServiceManager
from tests.litellm.gateway import run_upstream

pytestmark = pytest.mark.live


class Service(Case):
    def manager(self, **kinds: object) -> ServiceManager:
        manager = ServiceManager(**kinds)  # type: ignore[arg-type]
        self.addCleanup(manager.__exit__)
        return manager

    def ask(self, port: int) -> bytes:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self.addCleanup(connection.close)
        connection.request("GET", "/")
        return connection.getresponse().read()


class States(Service):
    def test_ready(self) -> None:
        """READY=1 is the first message, and whoever asks from then on is answered."""
        manager = self.manager()
        service = manager.start()
        self.assertEqual(manager.hear(), b"READY=1")
        self.assertEqual(self.ask(service.port), b"Ollama is running")

    def test_abstract_address(self) -> None:
        """A socket without a file, whose address begins with @, is told as well."""
        manager = self.manager(abstract=True)
        manager.start()
        self.assertEqual(manager.hear(), b"READY=1")

    def test_not_ready(self) -> None:
        """A daemon whose address is taken never says that it is ready."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            manager = self.manager(watchdog_usec=100_000)
            service = manager.start(port=server.getsockname()[1])
            self.assertEqual(service.wait_for_exit(), 1)
            self.assertEqual(manager.hear_waiting(), 0)

    def test_reload(self) -> None:
        """A reload begins with RELOADING=1, the clock's time, and ends with READY=1."""
        manager = self.manager()
        service = manager.start()
        manager.hear_until(b"READY=1")
        before_us = time.monotonic_ns() // 1000
        service.send_signal(signal.SIGHUP)
        first, _, second = manager.hear().partition(b"\n")
        self.assertEqual(first, b"RELOADING=1")
        name, _, since_us = second.partition(b"=")
        self.assertEqual(name, b"MONOTONIC_USEC")
        self.assertTrue(before_us <= int(since_us) <= time.monotonic_ns() // 1000)
        self.assertEqual(manager.hear(), b"READY=1")
        self.assertEqual(self.ask(service.port), b"Ollama is running")

    def test_several_processes(self) -> None:
        """With workers the supervisor tells of all of them, and the workers say nothing."""
        manager = self.manager()
        service = manager.start("--workers", "2")
        self.assertEqual(manager.hear(), b"READY=1")
        self.assertEqual(self.ask(service.port), b"Ollama is running")
        service.send_signal(signal.SIGHUP)
        self.assertTrue(manager.hear().startswith(b"RELOADING=1\n"))
        self.assertEqual(manager.hear(), b"READY=1")
        service.send_signal(signal.SIGTERM)
        self.assertEqual(manager.hear(), b"STOPPING=1")
        self.assertEqual(service.wait_for_exit(), 0)
        self.assertEqual(manager.hear_waiting(), 0)

    def test_stop(self) -> None:
        """STOPPING=1 comes when the stop begins, while a reply still runs."""
        gateway = run_upstream()  # it waits with the rest of an answer until it is told
        self.addCleanup(gateway.stop)
        gateway_port = int(gateway.wait_for_line("stdout", r"http://.*:(\d+)")[1])
        manager = self.manager()
        service = manager.start("--base-url", f"http://127.0.0.1:{gateway_port}")
        manager.hear_until(b"READY=1")
        connection = HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE_S)
        self.addCleanup(connection.close)
        connection.request(
            "POST", "/api/chat", '{"model":"paced","messages":[{"role":"user","content":"s"}]}'
        )
        reply = connection.getresponse()
        self.assertIn(b'"one"', reply.readline())
        service.send_signal(signal.SIGTERM)
        self.assertEqual(manager.hear(), b"STOPPING=1")
        self.assertTrue(service.is_running)
        for _ in range(3):
            release = HTTPConnection("127.0.0.1", gateway_port, timeout=PATIENCE_S)
            release.request("POST", "/release/s", b"")
            release.getresponse().read()
            release.close()
        self.assertIn(b'"done":true', reply.read())
        self.assertEqual(service.wait_for_exit(), 0)


class Watchdog(Service):
    """Pings are counted against those of a second daemon, which is well: no clock decides."""

    def hear_pings(self, manager: ServiceManager, count: int) -> None:
        for _ in range(count):
            manager.hear_until(b"WATCHDOG=1")

    def test_a_blocked_reactor(self) -> None:
        """The pings stop while the reactor is blocked, and go on when it turns again."""
        well = self.manager(watchdog_usec=200_000)
        well.start()
        sick = self.manager(watchdog_usec=200_000)
        service = sick.start(module="tests.deploy.blockable")
        self.hear_pings(sick, 3)
        service.send_signal(signal.SIGUSR1)
        service.wait_for_line("stderr", "the reactor is blocked")
        sick.hear_waiting()
        well.hear_waiting()
        self.hear_pings(well, 10)
        self.assertEqual(sick.hear_waiting(), 0)
        service.send_signal(signal.SIGUSR2)
        self.hear_pings(sick, 3)

    def test_a_stopped_process(self) -> None:
        """The pings stop with the process."""
        well = self.manager(watchdog_usec=200_000)
        well.start()
        sick = self.manager(watchdog_usec=200_000)
        service = sick.start()
        self.hear_pings(sick, 3)
        service.send_signal(signal.SIGSTOP)
        self.addCleanup(service.send_signal, signal.SIGCONT)
        self.hear_pings(well, 2)
        sick.hear_waiting()
        self.hear_pings(well, 10)
        self.assertEqual(sick.hear_waiting(), 0)
