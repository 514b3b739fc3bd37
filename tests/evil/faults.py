"""
What the evil gateway does: one row for each way to fail.

A play gets the connection when the request has been read (see
:class:`tests.evil.wire.Wire`), and the connection is closed when it returns.
What it sends without end is bounded, should the daemon take it all.
"""

from typing import Final

from attrs import frozen

from tests.evil.wire import Play, Wire

GARBLED: Final = frozenset({502})
LATE: Final = frozenset({504})
EITHER: Final = GARBLED | LATE

_KIB: Final = 1024


@frozen(kw_only=True)
class Fault:
    """
    One way to fail.

    Attributes:
        what: In a few words, with the gateway as the subject.
        play: How.
        statuses: What the client may hear if nothing has been sent to it.
        begins: Something good comes first, which a client that streams may get.
        events_only: It means nothing in an answer that is one JSON object.
    """

    what: str
    play: Play
    statuses: frozenset[int] = GARBLED
    begins: bool = False
    events_only: bool = False


def says(*pieces: bytes) -> Play:
    """Return a play that sends bytes and closes."""

    def play(wire: Wire) -> None:
        wire.send(*pieces)

    return play


def says_and_holds(*pieces: bytes, times: int = 1) -> Play:
    """Return a play that sends bytes so many times, and then is silent."""

    def play(wire: Wire) -> None:
        for _ in range(times):
            wire.send(*pieces)
        wire.hold()

    return play


def has_head(*fields: bytes) -> Play:
    """Return a play that answers with such headers and a word, and then is silent."""

    def play(wire: Wire) -> None:
        wire.head(b"".join(field + b"\r\n" for field in fields))
        wire.send(b'data: {"choices":[{"delta":{"content":"Hello"}}]}\n\n')
        wire.hold()

    return play


def begins_and(*pieces: bytes) -> Play:
    """Return a play that begins well, sends bytes outside of any chunk, and closes."""

    def play(wire: Wire) -> None:
        wire.begin()
        wire.send(*pieces)

    return play


def sends_event(data: bytes) -> Play:
    """Return a play that begins well, sends an event, and then is silent."""

    def play(wire: Wire) -> None:
        wire.begin()
        wire.event(data)
        wire.hold()

    return play


def resets(wire: Wire) -> None:
    wire.reset()


def resets_after_its_head(wire: Wire) -> None:
    wire.head()
    wire.reset()


def resets_in_the_middle(wire: Wire) -> None:
    wire.begin()
    wire.reset()


def is_silent_after_its_head(wire: Wire) -> None:
    wire.head()
    wire.hold()


def stalls(wire: Wire) -> None:
    wire.begin()
    wire.hold()


def stops_early(wire: Wire) -> None:
    wire.begin()
    wire.chunk(b"")


def sends_too_little(wire: Wire) -> None:
    wire.head(b"Content-Length: 500\r\n")
    wire.send(b'data: {"choices":[{"delta":{"content":"Hello"}}]}\n\n')


def sends_a_giant(wire: Wire) -> None:
    wire.begin()
    for _ in range(64):
        wire.chunk(b"x" * 64 * _KIB)
    wire.hold()


def sends_an_error(wire: Wire) -> None:
    wire.begin()
    wire.event({"error": {"message": "out of memory", "code": "500"}})
    wire.event(b"[DONE]")
    wire.chunk(b"")


def redirects(wire: Wire) -> None:
    wire.send(
        b"HTTP/1.1 307 Elsewhere\r\nLocation: /elsewhere\r\nSet-Cookie: session=1; Path=/\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"

BEFORE_THE_HEAD_ENDS: Final = (
    Fault(what="is silent", play=says_and_holds(), statuses=LATE),
    Fault(what="closes without an answer", play=says()),
    Fault(what="resets without an answer", play=resets),
    Fault(
        what="sends half a head and is silent",
        play=says_and_holds(b"HTTP/1.1 200 OK\r\nContent-Ty"),
        statuses=LATE,
    ),
    Fault(what="sends half a head and closes", play=says(b"HTTP/1.1 200 OK\r\nContent-Ty")),
    Fault(
        what="sends headers without end",
        play=says_and_holds(OK, b"X-Flood: " + b"y" * 1000 + b"\r\n", times=20_000),
        statuses=EITHER,
    ),
    Fault(
        what="sends a header line without end",
        play=says_and_holds(OK + b"X-Flood: ", *[b"y" * 64 * _KIB] * 64),
    ),
    Fault(
        what="sends 102 without end",
        play=says_and_holds(b"HTTP/1.1 102 Processing\r\n\r\n" * 10, times=2_000),
        statuses=EITHER,
    ),
    Fault(
        what="switches protocols",
        play=says_and_holds(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x00\x01"),
        statuses=EITHER,
    ),
    Fault(what="sends junk", play=says(b"\x00\x01\x02 hello \xff\r\n\r\n")),
    Fault(what="speaks SSH", play=says(b"SSH-2.0-OpenSSH_9.2p1\r\n")),
    Fault(what="speaks HTTP 0.9", play=says(b"<html>hello</html>")),
    Fault(what="has a status that is a word", play=says(b"HTTP/1.1 OK 200\r\n\r\n")),
    Fault(
        what="has a status that is none", play=says(b"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n")
    ),
    Fault(what="has a header without a colon", play=says(OK + b"X-Bad\r\n\r\n")),
)

FRAMED_BADLY: Final = (
    Fault(what="has two lengths", play=has_head(b"Content-Length: 60", b"Content-Length: 6")),
    Fault(
        what="has a length and chunks",
        play=has_head(b"Content-Length: 60", b"Transfer-Encoding: chunked"),
        statuses=EITHER,
        begins=True,
    ),
    Fault(what="has a negative length", play=has_head(b"Content-Length: -5")),
    Fault(what="has a length with a sign", play=has_head(b"Content-Length: +60")),
    Fault(what="has a length of 5000 digits", play=has_head(b"Content-Length: " + b"9" * 5000)),
    Fault(
        what="has a huge length",
        play=has_head(b"Content-Length: 999999999999999999999"),
    ),
    Fault(what="has an unknown encoding", play=has_head(b"Transfer-Encoding: gzip, chunked")),
    Fault(what="sends less than its length", play=sends_too_little, begins=True),
    Fault(what="sends a chunk without a size", play=begins_and(b"zz\r\nhello\r\n"), begins=True),
    Fault(what="sends a negative chunk", play=begins_and(b"-5\r\nhello\r\n"), begins=True),
    Fault(what="sends more than a chunk holds", play=begins_and(b"2\r\nhello\r\n"), begins=True),
    Fault(
        what="sends a chunk size without end",
        play=begins_and(b"5;" + b"x" * 64 * _KIB),
        begins=True,
    ),
    Fault(what="sends half a chunk", play=begins_and(b"50\r\ndata: "), begins=True),
)

IN_THE_BODY: Final = (
    Fault(what="is silent after its head", play=is_silent_after_its_head, statuses=LATE),
    Fault(what="resets after its head", play=resets_after_its_head),
    Fault(what="stalls in the middle", play=stalls, statuses=LATE, begins=True),
    Fault(what="cuts in the middle", play=begins_and(), begins=True),
    Fault(what="resets in the middle", play=resets_in_the_middle, begins=True),
    Fault(what="ends without DONE", play=stops_early, begins=True),
    Fault(what="sends a junk event", play=sends_event(b'{"choi'), statuses=EITHER, begins=True),
    Fault(
        what="sends an event of brackets",
        play=sends_event(b"[" * 100_000),
        statuses=EITHER,
        begins=True,
    ),
    Fault(
        what="sends an event with a number of 5000 digits",
        play=sends_event(b'{"choices":%s}' % (b"9" * 5000)),
        statuses=EITHER,
        begins=True,
    ),
    Fault(
        what="sends an event that is not UTF-8",
        play=sends_event(b'{"choices":[{"delta":{"content":"\xff\xfe"}}]}'),
        statuses=EITHER,
        begins=True,
    ),
    Fault(what="sends a giant event", play=sends_a_giant, begins=True),
    Fault(
        what="sends an error event",
        play=sends_an_error,
        statuses=frozenset({500}),
        begins=True,
        events_only=True,
    ),
)

OTHER_ANSWERS: Final = (
    Fault(
        what="compresses although not asked to",
        play=says_and_holds(OK + b"Content-Encoding: gzip\r\n\r\n", b"\x1f\x8b" * 1000),
    ),
    Fault(what="redirects with a cookie", play=redirects),
    Fault(
        what="has odd bytes in its reason",
        play=says(b"HTTP/1.1 500 Oops\x07\xff<b>\r\nContent-Length: 0\r\n\r\n"),
        statuses=frozenset({500, 502}),
    ),
    Fault(
        what="answers 502 in HTML",
        play=says(
            b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html>bad gateway</html>"
        ),
    ),
    Fault(
        what="answers 200 in HTML",
        play=says(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>welcome</html>"),
    ),
    Fault(
        what="answers without a type", play=says_and_holds(b"HTTP/1.1 200 OK\r\n\r\ndata: x\n\n")
    ),
    Fault(what="has no content", play=says(b"HTTP/1.1 204 No Content\r\n\r\n")),
    Fault(
        what="sends an error without end",
        play=says_and_holds(
            b"HTTP/1.1 500 X\r\nContent-Type: text/plain\r\n\r\n", *[b"x" * 64 * _KIB] * 64
        ),
        statuses=frozenset({500, 502}),
    ),
    Fault(
        what="stalls in an error",
        play=says_and_holds(b"HTTP/1.1 503 X\r\nContent-Type: text/plain\r\n\r\nhalf"),
        statuses=frozenset({503}),
    ),
)

FAULTS: Final = (*BEFORE_THE_HEAD_ENDS, *FRAMED_BADLY, *IN_THE_BODY, *OTHER_ANSWERS)


def endless_list(wire: Wire) -> None:
    wire.head(b"")
    wire.send(b'{"object":"list","data":[')
    for _ in range(64):
        wire.send(b'{"id":"m"},' * 6000)
    wire.hold()


def half_a_list(wire: Wire) -> None:
    wire.head(b"")
    wire.send(b'{"object":"list","data":[{"id":"m"},')


def list_of_brackets(wire: Wire) -> None:
    wire.head(b"")
    wire.send(b"[" * 500_000)


#: What it does when it is asked for its models; ``statuses`` are those of ``/api/tags``.
LIST_FAULTS: Final = (
    *BEFORE_THE_HEAD_ENDS,
    Fault(what="lists without end", play=endless_list, statuses=EITHER),
    Fault(what="lists half", play=half_a_list),
    Fault(what="lists brackets", play=list_of_brackets),
    *OTHER_ANSWERS,
)
