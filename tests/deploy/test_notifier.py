"""What is told to a service manager, and when; with a clock that the test turns."""

from twisted.internet.task import Clock

from ollamaproxy.clocks import Clocks
from ollamaproxy.notify import Notifier, make_notifier, watchdog_s
from tests.case import Case


class Telling(Case):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.clocks = Clocks(scheduler=self.clock, monotonic_s=lambda: 12.5)
        self.told: list[bytes] = []

    def test_pings_at_half_of_the_time(self) -> None:
        """A watchdog of 30 seconds is told every 15, from READY=1 until the very end."""
        notifier = Notifier(self.told.append, 30.0, self.clocks)
        self.clock.advance(60)
        self.assertEqual(self.told, [])
        notifier.ready()
        self.assertEqual(self.told, [b"READY=1", b"WATCHDOG=1"])
        self.clock.pump([15.0] * 3)
        self.assertEqual(self.told[2:], [b"WATCHDOG=1"] * 3)
        notifier.stopping()
        self.clock.advance(15)
        self.assertEqual(self.told[5:], [b"STOPPING=1", b"WATCHDOG=1"])
        notifier.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_no_watchdog(self) -> None:
        """Without a watchdog nothing is said between the states."""
        notifier = Notifier(self.told.append, None, self.clocks)
        notifier.ready()
        notifier.reloading()
        notifier.ready()
        self.assertEqual(
            self.told, [b"READY=1", b"RELOADING=1\nMONOTONIC_USEC=12500000", b"READY=1"]
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_manager_that_is_gone(self) -> None:
        """A manager that cannot be told does not stop the daemon or its pings."""

        def fail(message: bytes) -> None:
            self.told.append(message)
            raise ConnectionRefusedError

        notifier = Notifier(fail, 2.0, self.clocks)
        notifier.ready()
        self.clock.advance(1)
        self.assertEqual(self.told, [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"])
        notifier.stop()


class Environment(Case):
    def test_no_manager(self) -> None:
        """Without a socket in the environment, or with none of ours, nothing is told."""
        for environ in ({}, {"NOTIFY_SOCKET": "vsock:2:1"}):
            clock = Clock()
            notifier = make_notifier(
                {**environ, "WATCHDOG_USEC": "1000000"}, 1, Clocks(scheduler=clock)
            )
            notifier.ready()
            self.assertEqual(clock.getDelayedCalls(), [])

    def test_whose_watchdog(self) -> None:
        """The watchdog is ours if it names our process, or none."""
        for environ, expected in (
            ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
            ({"WATCHDOG_USEC": "30000000"}, 30.0),
            ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
            ({"WATCHDOG_USEC": "0", "WATCHDOG_PID": "7"}, None),
            ({"WATCHDOG_USEC": "soon", "WATCHDOG_PID": "7"}, None),
            ({"WATCHDOG_PID": "7"}, None),
            ({}, None),
        ):
            self.assertEqual(watchdog_s(environ, 7), expected, environ)
