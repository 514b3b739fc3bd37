"""What there is to say of a client."""

from collections.abc import Mapping, Sequence

from attrs import Factory, frozen

from tests.clients.runtimes import Runtime


@frozen(kw_only=True)
class Shortcoming:
    """
    Something that a client does wrong, or cannot do, although it is asked to.

    Attributes:
        reason: Why, for the page: a sentence in reStructuredText.
        sign: A part of what the scenario's judge, or the client, says then.
    """

    reason: str
    sign: str


@frozen(kw_only=True, eq=False)
class Client:
    """
    A client that is run.

    Attributes:
        name: Its name in results: ASCII, no blanks.
        title: Its name for people.
        package: What is installed, as its registry calls it; or where it comes from.
        version: The one that is pinned, which its program must report, too;
            ``None`` for the system's own programs, which are what they are.
        runtime: What runs its program.
        program: A file in ``programs/``, and further words for it.
        settings: What its user sets, in reStructuredText; with ``URL`` for the
            daemon's address and ``MODEL`` for a model's name.
        lacks: Scenarios that it has nothing for, with the reason, a sentence
            in reStructuredText.  They are not tried.
        fails: Scenarios that it does not master.  They are tried, and must
            fail in the way that is told.
        timeout_s: For all scenarios together.
    """

    name: str
    title: str
    package: str
    version: str | None
    runtime: Runtime
    program: Sequence[str]
    settings: str
    lacks: Mapping[str, str] = Factory(dict)
    fails: Mapping[str, Shortcoming] = Factory(dict)
    timeout_s: float = 180.0
