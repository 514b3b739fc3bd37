"""The reactor that the console script and the workers have."""

import os
import select
import signal
import sys
import unittest
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionDone
from twisted.internet.main import CONNECTION_DONE
from twisted.python.failure import Failure

from ollamaproxy.reactor import make_reactor
from tests.case import Case
from tests.processes import RunningProgram, free_port

WHICH = "from twisted.internet import reactor; print(type(reactor).__name__)"


#: The console script, which tells on SIGUSR2 what it has.
TELLING = """
import gc, signal, sys
from ollamaproxy.__main__ import main

def tell(*_):
    reactor = sys.modules["twisted.internet.reactor"]
    print(type(reactor).__name__, gc.isenabled(), file=sys.stderr, flush=True)

signal.signal(signal.SIGUSR2, tell)
main()
"""


class Pipe(FileDescriptor):
    """Notes what happens at the end of a pipe from which one can read."""

    def __init__(self, reactor: Any, on_read: Any = None, on_lost: Any = None) -> None:
        super().__init__(reactor)
        self._end, self.other_end = os.pipe()
        self.seen: list[bytes | Failure] = []
        self._on_read, self._on_lost = on_read, on_lost
        self.startReading()

    def fileno(self) -> int:
        return self._end

    def doRead(self) -> Exception | None:
        data = os.read(self._end, 99)
        self.seen.append(data)
        if self._on_read is not None:
            self._on_read()
        return None if data else CONNECTION_DONE

    def connectionLost(self, reason: Failure) -> None:
        super().connectionLost(reason)
        self.seen.append(reason)
        if self._on_lost is not None:
            self._on_lost()


class Writer(FileDescriptor):
    """Counts how often there was room to write."""

    def __init__(self, reactor: Any, descriptor: int) -> None:
        super().__init__(reactor)
        self._descriptor = descriptor
        self.times = 0

    def fileno(self) -> int:
        return self._descriptor

    def doWrite(self) -> None:
        self.times += 1
        self.stopWriting()


@unittest.skipUnless(hasattr(select, "epoll"), "this system has no epoll")
class Events(Case):
    def setUp(self) -> None:
        super().setUp()
        self.reactor = make_reactor()
        self.addCleanup(self.reactor.removeAll)

    def pipe(self, **told: Any) -> Pipe:
        pipe = Pipe(self.reactor, **told)
        self.addCleanup(os.close, pipe.fileno())
        self.addCleanup(pipe.stopReading)
        return pipe

    def test_read(self) -> None:
        """What can be read is read, of all that have something, in one turn."""
        one, other = self.pipe(), self.pipe()
        for pipe, data in ((one, b"1"), (other, b"2")):
            os.write(pipe.other_end, data)
            self.addCleanup(os.close, pipe.other_end)
        self.reactor.doIteration(1)
        self.assertEqual((one.seen, other.seen), ([b"1"], [b"2"]))

    def test_nothing(self) -> None:
        """A turn in which nothing happens ends in time."""
        pipe = self.pipe()
        self.addCleanup(os.close, pipe.other_end)
        self.reactor.doIteration(0)
        self.assertEqual(pipe.seen, [])

    def test_end(self) -> None:
        """The end of a connection is told, once."""
        pipe = self.pipe()
        os.close(pipe.other_end)
        self.reactor.doIteration(1)
        self.reactor.doIteration(0)
        [reason] = pipe.seen
        assert isinstance(reason, Failure)
        self.assertIsNotNone(reason.check(ConnectionDone))

    def test_error_at_the_end(self) -> None:
        """Who fails when told of the end is logged, and the others go on."""

        def fail() -> None:
            raise ZeroDivisionError

        pipes = [self.pipe(on_lost=fail) for _ in range(2)]
        for pipe in pipes:
            os.close(pipe.other_end)
        self.reactor.doIteration(1)
        self.assertEqual([len(pipe.seen) for pipe in pipes], [1, 1])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_error_while_reading(self) -> None:
        """Who fails while it reads is logged, and hears that it has ended."""

        def fail() -> None:
            raise ZeroDivisionError

        pipe = self.pipe(on_read=fail)
        os.write(pipe.other_end, b"1")
        self.addCleanup(os.close, pipe.other_end)
        self.reactor.doIteration(1)
        _read, reason = pipe.seen
        assert isinstance(reason, Failure)
        self.assertIsNotNone(reason.check(ZeroDivisionError))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_write(self) -> None:
        """Who wants to write hears when there is room."""
        pipe = self.pipe()
        writer = Writer(self.reactor, pipe.other_end)
        self.addCleanup(os.close, pipe.other_end)
        writer.startWriting()
        self.reactor.doIteration(1)
        self.assertEqual(writer.times, 1)

    def test_closed_by_another(self) -> None:
        """Who is taken away by one that comes before it in a turn hears nothing any more."""
        pipes: list[Pipe] = []

        def remove_all() -> None:
            for pipe in pipes:
                pipe.stopReading()

        pipes += [self.pipe(on_read=remove_all) for _ in range(2)]
        for pipe in pipes:
            os.write(pipe.other_end, b"1")
            self.addCleanup(os.close, pipe.other_end)
        self.reactor.doIteration(1)
        self.assertEqual(sorted(len(pipe.seen) for pipe in pipes), [0, 1])


class Installing(Case):
    def printed(self, program: str) -> list[str]:
        with RunningProgram([sys.executable, "-c", program], {}) as running:
            self.assertEqual(running.wait_for_exit(), 0)
        return running.stdout

    @unittest.skipUnless(hasattr(select, "epoll"), "this system has no epoll")
    def test_first(self) -> None:
        """It is the reactor if there is none yet: this Twisted has all that it needs."""
        told = self.printed(f"from ollamaproxy import reactor; reactor.install(); {WHICH}")
        self.assertEqual(told, ["DirectReactor"])

    def test_in_time(self) -> None:
        """Nothing that the console script or a worker imports installs another one before."""
        for module in ("ollamaproxy.command", "ollamaproxy.workers.__main__"):
            there = "'twisted.internet.reactor' in sys.modules"
            self.assertEqual(self.printed(f"import sys, {module}; print({there})"), ["False"])

    @unittest.skipUnless(hasattr(select, "epoll"), "this system has no epoll")
    def test_console_script(self) -> None:
        """A daemon that runs has this reactor, and its collector works."""
        program = RunningProgram([sys.executable, "-c", TELLING, "--demo", f"--port={free_port()}"])
        self.addCleanup(program.stop)
        program.wait_for_line("stderr", "listening on")
        program.send_signal(signal.SIGUSR2)
        program.wait_for_line("stderr", "DirectReactor True")

    def test_late(self) -> None:
        """Another reactor that is there stays."""
        told = self.printed(
            "import twisted.internet.selectreactor as other; other.install(); "
            f"from ollamaproxy import reactor; reactor.install(); {WHICH}"
        )
        self.assertEqual(told, ["SelectReactor"])
