"""What a client needs of an answer's head: its status, its headers, its type."""

from collections.abc import Callable

from attrs import frozen

from tests.clients.rules.wire import Answer
from tests.clients.scenarios import equal, true


@frozen
class Need:
    """
    Something that a client needs.

    Attributes:
        says: In words, for the page; reStructuredText.
        check: Raises AssertionError if it is not so.
    """

    says: str
    check: Callable[[Answer], None]


def status(*wanted: int) -> Need:
    """One of these; a redirection never is."""
    said = " or ".join(map(str, wanted))

    def check(answer: Answer) -> None:
        true(answer.status in wanted, f"not {said}", (answer.status, answer.body))

    return Need(f"status {said}", check)


def http_1_1() -> Need:
    """The answer is HTTP/1.1, and the upgrade that was offered is not spoken of."""

    def check(answer: Answer) -> None:
        equal(answer.version, "HTTP/1.1", "the protocol")
        equal(answer.headers.get("upgrade"), None, "Upgrade")

    return Need("the upgrade is ignored: HTTP/1.1", check)


def header(name: str, wanted: str | None) -> Need:
    """A header just so; ``None`` for none."""

    def check(answer: Answer) -> None:
        equal(answer.headers.get(name.lower()), wanted, name)

    return Need(f"no header ``{name}``" if wanted is None else f"``{name}: {wanted}``", check)


def header_with(name: str, *wanted: str) -> Need:
    """A header that lists these, whatever their case."""

    def check(answer: Answer) -> None:
        told = {part.strip().lower() for part in answer.headers.get(name.lower(), "").split(",")}
        equal({one.lower() for one in wanted} - told, set(), f"missing in {name}")

    return Need(f"``{name}`` has {', '.join(f'``{one}``' for one in wanted)}", check)


def body(wanted: str) -> Need:
    """The whole body."""

    def check(answer: Answer) -> None:
        equal(answer.body.decode(), wanted, "the body")

    return Need(f"the body is ``{wanted}``" if wanted else "no body", check)


def media_type(wanted: str) -> Need:
    """The content type without its parameters."""

    def check(answer: Answer) -> None:
        told = answer.headers.get("content-type", "").partition(";")[0]
        equal(told, wanted, "the content type")

    return Need(f"type ``{wanted}``", check)


def exact_type(wanted: str) -> Need:
    """The content type, letter for letter."""

    def check(answer: Answer) -> None:
        equal(answer.headers.get("content-type"), wanted, "the content type")

    return Need(f"type ``{wanted}`` and nothing after it", check)
