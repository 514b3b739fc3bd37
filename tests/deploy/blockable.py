"""
The daemon, with a reactor that a test can block.

SIGUSR1 makes it wait inside of the reactor for SIGUSR2, as a bug would that
computes for ever: the process runs, and serves nothing.
"""

import signal
import sys

from ollamaproxy.command import main


def block(*_signal: object) -> None:
    """Wait; tell on standard error before and after."""
    sys.stderr.write("the reactor is blocked\n")
    sys.stderr.flush()
    signal.sigwait({signal.SIGUSR2})
    sys.stderr.write("the reactor turns again\n")
    sys.stderr.flush()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    signal.signal(signal.SIGUSR1, block)
    main()
