"""What proxies answer to CONNECT, whole and in pieces."""

from ollamaproxy.network.connect_reply import (
    MAX_HEAD_BYTES,
    ConnectReply,
    NoTunnelReply,
    TunnelRefused,
)
from tests.case import Case

BEGUN = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n"
REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nwho"


def outcome(*pieces: bytes) -> bytes | str | None:
    """Return what came out of the tunnel, or the error's text."""
    reply, first = ConnectReply(), None
    beyond = b""
    try:
        for piece in pieces:
            if first is None:
                first = reply.feed(piece)
            else:
                beyond += piece
    except (NoTunnelReply, TunnelRefused) as error:
        return str(error)
    return None if first is None else first + beyond


class Replies(Case):
    def test_every_split(self) -> None:
        """An answer means the same wherever it is split, and so do the bytes behind it."""
        for whole, expected in (
            (BEGUN, b""),
            (BEGUN + b"\x16\x03\x01inner", b"\x16\x03\x01inner"),
            (b"HTTP/1.0 200\r\n\r\n", b""),
            (b"HTTP/1.1 204 No Content\r\n\r\nx", b"x"),
            (b"HTTP/1.1 100 Continue\r\n\r\n" + BEGUN + b"x", b"x"),
            (REFUSED, "407 Proxy Authentication Required"),
            (b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n", "302 Found"),
            (b"HTTP/1.1 503\r\n\r\n", "503"),
            (b"HTTP/2.0 200 OK\r\n\r\n", "what it answers is not HTTP"),
            (b"HTTP/1.1 OK 200\r\n\r\n", "what it answers is not HTTP"),
            (b"HTTP/1.1 999 Odd\r\n\r\n", "what it answers is not HTTP"),
            (b"HTTP/1.1 2000 OK\r\n\r\n", "what it answers is not HTTP"),
        ):
            for at in range(len(whole) + 1):
                with self.subTest(whole=whole, at=at):
                    self.assertEqual(outcome(whole[:at], whole[at:]), expected)

    def test_one_byte_at_a_time(self) -> None:
        """Nor does it matter into how many pieces."""
        self.assertEqual(outcome(*(bytes([byte]) for byte in BEGUN + b"abc")), b"abc")

    def test_garbage_is_known_at_once(self) -> None:
        """Nobody waits for the end of what cannot be an answer."""
        self.assertEqual(outcome(b"SSH-2.0-"), "what it answers is not HTTP")
        self.assertEqual(outcome(b"\x15\x03\x01"), "what it answers is not HTTP")
        self.assertEqual(outcome(b"<"), "what it answers is not HTTP")

    def test_not_yet(self) -> None:
        """There is no tunnel before the blank line."""
        for at in range(len(BEGUN)):
            self.assertIsNone(outcome(BEGUN[:at]))

    def test_a_flood(self) -> None:
        """A head without an end is given up, as is one that is too long with its end."""
        begun = b"HTTP/1.1 200 OK\r\nX: "
        told = "its answer does not come to an end"
        self.assertEqual(outcome(begun, b"x" * MAX_HEAD_BYTES), told)
        self.assertEqual(outcome(begun + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n"), told)
        self.assertEqual(outcome(*[b"HTTP/1.1 100 Continue\r\n\r\n" * 1000] * 2), told)

    def test_a_long_beginning_behind_the_head(self) -> None:
        """Much that comes behind the head in the same piece is no flood: it is the gateway's."""
        inner = b"x" * (2 * MAX_HEAD_BYTES)
        self.assertEqual(outcome(BEGUN + inner), inner)

    def test_reasons(self) -> None:
        """A reason is printable ASCII, and not long."""
        odd = outcome(b"HTTP/1.1 403 No\x1b[2J\xff\r\n\r\n")
        self.assertEqual(odd, "403 No?[2J?")
        long = outcome(b"HTTP/1.1 403 " + b"x" * 1000 + b"\r\n\r\n")
        self.assertEqual(long, "403 " + "x" * 100)
