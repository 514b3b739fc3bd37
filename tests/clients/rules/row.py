"""What a row of the table is."""

from collections.abc import Sequence
from enum import Enum
from typing import Final

from attrs import frozen

from tests.clients.rules.heads import Need
from tests.clients.rules.wire import Call

#: In a body: the name of each model that the call before has listed.
EVERY: Final = "(every model)"


class Daemon(Enum):
    """
    How the daemon is set up; its value are the words for the page.

    Most clients are in front of one that asks nobody for a key.
    """

    OPEN = ""
    NETWORK = "the daemon listens on the network"
    KEYS = "the daemon asks for keys"
    WRONG_KEY = "the gateway refuses the daemon's own key"
    NO_TOOLS = "the daemon is told that the model has no tools"
    EXTENSIONS = "the daemon allows the origins of browser extensions"


@frozen
class Step:
    """
    A request, and what the client needs of the answer.

    Attributes:
        call: The request.
        needs: All of it.
        at_once: How many of its kind are on the way at a time, each on a
            connection of its own; 1 for one after another on one connection.
        times: How often it is sent; with ``EVERY`` in it, how often for each model.
        paced: The model says a word for each chunk that has come.
    """

    call: Call
    needs: Sequence[Need]
    at_once: int = 1
    times: int = 1
    paced: bool = False


@frozen
class Row:
    """
    Something that a client does.

    Attributes:
        client: Its name for people; several with commas between, if they do the same.
        what: What it does, as the rest of a sentence, with its reason to need what it needs.
        steps: The requests, in order, on one connection.
        daemon: How the daemon is set up.
    """

    client: str
    what: str
    steps: Sequence[Step]
    daemon: Daemon = Daemon.OPEN

    @property
    def clients(self) -> Sequence[str]:
        """The clients' names, one by one."""
        return self.client.split(", ")


def row(client: str, what: str, *steps: Step, daemon: Daemon = Daemon.OPEN) -> Row:
    """Return a row."""
    return Row(client, what, steps, daemon)


def step(call: Call, *needs: Need, at_once: int = 1, times: int = 1, paced: bool = False) -> Step:
    """Return a step."""
    return Step(call, needs, at_once, times, paced)
