"""The key in a request's headers, and who may call with which."""

import base64
import contextlib  # trial goes by a module's ``suppress``

from hypothesis import given
from hypothesis import strategies as st

from ollamaproxy.callers.caller import NOBODY, Caller
from ollamaproxy.callers.credentials import presented_key
from ollamaproxy.callers.gates import KeysGate, OpenGate, PassthroughGate
from ollamaproxy.callers.key_lines import KeyEntry
from ollamaproxy.errors import CallerRefused
from ollamaproxy.settings import Secret
from ollamaproxy.translate.refusals import WhoseKey
from tests.case import Case

MALFORMED = "the request's API key is malformed"
SEVERAL = "the request has more than one API key in headers of the same name"


def basic(text: str) -> bytes:
    return b"Basic " + base64.b64encode(text.encode())


def shown(authorization: bytes = b"", x_api_key: bytes = b"") -> str | None:
    key = presented_key([authorization], [x_api_key])
    return None if key is None else key.text


class Presented(Case):
    def test_every_form(self) -> None:
        """A key comes in each of the forms that clients have for it."""
        for authorization in (
            *(b"Bearer k", b"bearer k", b"BEARER   k ", b" Bearer k"),
            *(basic("user:k"), basic(":k"), basic("k:"), basic("usér:k")),
            basic("user:k").replace(b"Basic ", b"basic  "),
        ):
            self.assertEqual(shown(authorization), "k", authorization)
        self.assertEqual(shown(x_api_key=b" k "), "k")
        self.assertEqual(shown(basic("user:a:b")), "a:b")

    def test_none(self) -> None:
        """Headers that are missing, or hold no key, are no key."""
        self.assertIsNone(presented_key([], []))
        for authorization in (b"", b"Bearer", b"Bearer ", basic(":"), b"Digest x", b"k"):
            self.assertIsNone(shown(authorization), authorization)
            self.assertEqual(shown(authorization, b"k"), "k", authorization)

    def test_which_counts(self) -> None:
        """``Authorization`` counts before ``x-api-key``."""
        self.assertEqual(shown(b"Bearer a", b"b"), "a")

    def test_malformed(self) -> None:
        """What cannot be a key is refused, and not repeated, nor in the error's cause."""
        for headers in (
            *((b"Bearer hunter2 x", b""), (b"Bearer hunter2\x80", b""), (b"Bearer \x01", b"")),
            *((basic("u:hunter2 x"), b""), (basic("u:hunteré"), b""), (basic("hunter2"), b"")),
            *((b"Basic hunter2!", b""), (b"Basic aHVudGVy", b""), (b"Basic dT!pr", b"")),
            *((b"", b"hunter2 x"), (b"", "hunteré".encode())),
        ):
            with self.assertRaises(CallerRefused) as caught:
                shown(*headers)
            error = caught.exception
            self.assertTrue(error.message.startswith(MALFORMED), error.message)
            self.assertNotIn("hunter", error.message)
            self.assertIsNone(error.__cause__)

    def test_several(self) -> None:
        """Two headers of one name that differ are refused; the same twice is once."""
        both: tuple[tuple[list[bytes], list[bytes]], ...] = (
            ([b"Bearer a", b"Bearer b"], []),
            ([], [b"a", b"b"]),
        )
        for authorization, x_api_key in both:
            with self.assertRaises(CallerRefused) as caught:
                presented_key(authorization, x_api_key)
            self.assertEqual(caught.exception.message, SEVERAL)
        self.assertEqual(presented_key([b"Bearer a", b"Bearer a "], []), Secret("a"))

    @given(st.binary(), st.binary())
    def test_anything(self, authorization: bytes, x_api_key: bytes) -> None:
        """Whatever bytes come, there is a key, none, or a refusal."""
        for value in (authorization, b"Basic " + authorization, b"Bearer " + authorization):
            with contextlib.suppress(CallerRefused):
                presented_key([value], [x_api_key])


class Gates(Case):
    def test_open(self) -> None:
        """Everybody may call an open gate, whatever the headers hold."""
        for authorization in ([], [b"Bearer k"], [b"Bearer a b"], [b"Bearer a", b"Bearer b"]):
            self.assertIs(OpenGate().admit(authorization, [b"\x80"]), NOBODY)

    def test_keys(self) -> None:
        """A known key gets its caller's name and gateway key; others are refused."""
        entries = {
            "a": KeyEntry(name="alice", digest=b""),
            "b": KeyEntry(name="bob", digest=b"", gateway_key=Secret("sk-b")),
        }
        gate = KeysGate(lambda key: entries.get(key.text))
        self.assertEqual(gate.admit([b"Bearer a"], []), Caller(name="alice"))
        self.assertEqual(
            gate.admit([], [b"b"]),
            Caller(name="bob", gateway_key=Secret("sk-b"), whose=WhoseKey.KEYS_FILES),
        )
        for authorization, told in (
            ([], "an API key is required here: send it as"),
            ([b"Bearer c"], "the API key is not known here"),
            ([b"Bearer a b"], MALFORMED),
        ):
            with self.assertRaises(CallerRefused) as caught:
                gate.admit(authorization, [])
            self.assertIn(told, caught.exception.message)
            self.assertEqual(caught.exception.status, 401)

    def test_passthrough(self) -> None:
        """A key is taken as it is; without one the daemon's is used, if it has one."""
        for gate in (PassthroughGate(without_key=True), PassthroughGate(without_key=False)):
            self.assertEqual(
                gate.admit([b"Bearer k"], []),
                Caller(gateway_key=Secret("k"), whose=WhoseKey.CALLERS),
            )
        self.assertIs(PassthroughGate(without_key=True).admit([b"Bearer "], []), NOBODY)
        with self.assertRaises(CallerRefused) as caught:
            PassthroughGate(without_key=False).admit([], [])
        self.assertIn("the gateway's API key is required here", caught.exception.message)
