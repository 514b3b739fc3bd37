"""What an operator may set, and what is refused with which words."""

from collections.abc import Callable

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.configuration.values import parse_port
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.models.rules import ModelRules
from ollamaproxy.network.gateway_header import parse_gateway_header
from ollamaproxy.settings import (
    Deadlines,
    Freshness,
    Limits,
    Network,
    Secret,
    Settings,
    parse_version,
)
from ollamaproxy.settings.base_url import parse_base_url

#: What an operator writes, and the gateway that is meant.
BASE_URLS = (
    ("http://h:4000", "http://h:4000"),
    ("http://h:4000/", "http://h:4000"),
    ("http://h:4000/v1", "http://h:4000"),
    ("http://h:4000/v1/", "http://h:4000"),
    ("http://h//v1//", "http://h"),
    ("  http://h:4000/v1 \n", "http://h:4000"),
    ("https://gateway.example.com", "https://gateway.example.com"),
    ("https://h/litellm/v1", "https://h/litellm"),
    ("https://h/litellm/", "https://h/litellm"),
    ("https://h/a/b", "https://h/a/b"),
    ("https://h/v1/v1", "https://h/v1"),
    ("https://h/v10", "https://h/v10"),
    ("https://h/v1/beta", "https://h/v1/beta"),
    ("http://h:80", "http://h"),
    ("https://h:443/v1", "https://h"),
    ("https://h:80", "https://h:80"),
    ("http://127.0.0.1:4000", "http://127.0.0.1:4000"),
    ("http://[::1]:4000/v1", "http://[::1]:4000"),
    ("http://gatéway.example/v1", "http://xn--gatway-dva.example"),
    ("http://h/a%20b/v1", "http://h/a%20b"),
    ("http://h/é", "http://h/%C3%A9"),
    ("http://h:1", "http://h:1"),
    ("HTTP://H/V1", "http://h/V1"),
    ("http://h:65535", "http://h:65535"),
)

#: What cannot work, and a word of the reason.
BAD_BASE_URLS = (
    ("http://h:4000/v1/chat/completions", "give what stands before /v1"),
    ("http://h/v1/messages/", "give what stands before /v1"),
    ("", "is not an http:// or https:// address"),
    ("h", "is not an http:// or https:// address"),
    ("h:4000", "is not an http:// or https:// address"),
    ("localhost:4000/v1", "is not an http:// or https:// address"),
    ("//h", "is not an http:// or https:// address"),
    ("ftp://h", "is not an http:// or https:// address"),
    ("file:///etc/passwd", "is not an http:// or https:// address"),
    ("mailto:x@y", "is not an http:// or https:// address"),
    ("http://", "is not an http:// or https:// address"),
    ("http://:80", "is not an http:// or https:// address"),
    ("http:/h", "is not an http:// or https:// address"),
    ("http://h:", "is malformed"),
    ("http://h:x", "is malformed"),
    ("http://[::1", "is malformed"),
    ("http://h:0", "has a port outside 1-65535"),
    ("http://h:65536", "has a port outside 1-65535"),
    ("http://h:-1", "has a port outside 1-65535"),
    ("http://h?x=1", "has no query and no fragment"),
    ("http://h/v1#f", "has no query and no fragment"),
    ("http://a b/", "has a space or control character in it"),
    ("http://h/a b", "has a space or control character in it"),
    ("http://h/a\nb", "has a space or control character in it"),
    ("http://h/\x00", "has a space or control character in it"),
    ("http://h/\x7f", "has a space or control character in it"),
    ("https://a_b:4000", "no certificate is for a name with an underscore"),
    ("http://\u00fc..x/", "has a malformed host"),
    ("http://h%20x/", "has a malformed host"),
)


def complaint(parse: Callable[[str], object], text: str) -> str | None:
    """Return what is said of a text that is refused, or ``None`` if it is taken."""
    try:
        parse(text)
    except InvalidSetting as error:
        return str(error)
    return None


class BaseURLs(SynchronousTestCase):
    def test_good(self) -> None:
        """A gateway is known by its address, with or without /v1 and slashes at its end."""
        for text, url in BASE_URLS:
            self.assertEqual(parse_base_url(text), url, text)

    def test_again(self) -> None:
        """What came out means the same gateway when it is given again."""
        for _, url in BASE_URLS:
            if not url.endswith("/v1"):
                self.assertEqual(parse_base_url(url), url)

    def test_bad(self) -> None:
        """An address that cannot work is refused with the reason and an example."""
        for text, reason in BAD_BASE_URLS:
            told = complaint(parse_base_url, text)
            assert told is not None, text
            self.assertIn(reason, told, text)
            self.assertIn("https://gateway.example.com", told, text)

    def test_the_address_is_repeated(self) -> None:
        """The complaint shows what was given, so that a slip can be seen."""
        self.assertIn("'http://h:x'", complaint(parse_base_url, "http://h:x") or "")

    def test_user_and_password(self) -> None:
        """An address with a user or a password is refused, and the password is not repeated."""
        for text in (
            "http://user:hunter2@h",
            "http://hunter2@h/v1",
            "https://:hunter2@h",
            "http://user:hunter2@h:x",
            "http://user:hunter2/@h",
            "ftp://user:hunter2@h",
        ):
            told = complaint(parse_base_url, text)
            assert told is not None, text
            self.assertIn("has no place for a user or password", told, text)
            self.assertNotIn("hunter2", told, text)

    @settings(deadline=None, max_examples=300)
    @given(
        st.text()
        | st.text("htps:/.@?#[]%v1 é-_", max_size=20)
        | st.text("a:/.@?#[]%v1 é-_\\", max_size=12).map("http://".__add__)
    )
    def test_any_text(self, text: str) -> None:
        """Any text is an address in ASCII or an InvalidSetting, and nothing worse."""
        if complaint(parse_base_url, text) is None:
            url = parse_base_url(text)
            self.assertTrue(url.isascii())
            self.assertFalse(url.endswith("/"))
            self.assertTrue(url.startswith(("http://", "https://")))


class Ports(SynchronousTestCase):
    def test_good(self) -> None:
        """A port is a whole number; 0 is a free one of the system's choice."""
        for text, port in (("0", 0), ("1", 1), ("11434", 11434), ("65535", 65535), ("080", 80)):
            self.assertEqual(parse_port(text), port)

    def test_bad(self) -> None:
        """Anything else is refused, and shown so that a slip can be seen."""
        for text in ("", "x", "-1", "+1", "65536", "80.0", "1e3", " 80", "8_0", "0x50", "\uff18"):
            told = f"{text!r} is not a whole number from 0 to 65535"
            self.assertEqual(complaint(parse_port, text), told)

    def test_huge(self) -> None:
        """So is a number of very many digits."""
        self.assertIsNotNone(complaint(parse_port, "1" * 5000))


class Versions(SynchronousTestCase):
    def test_good(self) -> None:
        """A version is three numbers with dots, and stays as it is written."""
        for text in ("0.32.15", "0.0.0", "1.2.3", "10.200.3000", "01.2.3", "999999999.0.1"):
            self.assertEqual(parse_version(text), text)

    def test_bad(self) -> None:
        """Anything else is refused, and shown beside an example so that a slip can be seen."""
        for text in (
            *("", "x", "1", "1.2", "1.2.3.4", "1.2.", ".1.2", "1..3", "1,2,3", "1.2.x"),
            *("v1.2.3", "1.2.3-rc1", "1.2.3+x", "-1.2.3", " 1.2.3", "1.2.3\n", "1.2. 3"),
            *("1.2.\uff13", "1.2.1000000000", "1" * 5000 + ".2.3"),
        ):
            told = f"{text!r} is not three numbers with dots, such as 0.32.15"
            self.assertEqual(complaint(parse_version, text), told)

    def test_of_the_settings(self) -> None:
        """The settings take no other version either, wherever it came from."""
        self.assertEqual(Settings(base_url="http://h", version="0.5.1").version, "0.5.1")
        told = complaint(lambda text: Settings(base_url="http://h", version=text), "0.5")
        self.assertEqual(told, "'0.5' is not three numbers with dots, such as 0.32.15")


class Secrets(SynchronousTestCase):
    def test_masked(self) -> None:
        """However a secret is printed, it is not shown."""
        secret = Secret("sk-hunter2")
        settings = Settings(base_url="http://h", api_key=secret)
        for text in (
            repr(secret),
            str(secret),
            f"{secret}",
            f"{secret!r}",
            "%s" % secret,  # noqa: UP031 - as a log would
            repr([secret]),
            repr(settings),
            str(settings),
            str({"settings": settings}),
        ):
            self.assertNotIn("hunter2", text)

    def test_the_text(self) -> None:
        """Who needs the text asks for it."""
        self.assertEqual(Secret("sk-hunter2").text, "sk-hunter2")

    def test_bad(self) -> None:
        """A secret with blanks or other odd characters is refused without being shown."""
        for text in ("", " ", "sk hunter2", "hunter2\n", "\thunter2", "hunter2é", "hunter2\x7f"):
            told = complaint(Secret, text)
            assert told is not None, repr(text)
            self.assertNotIn("hunter2", told)

    def test_good(self) -> None:
        """Any other word of printable ASCII is a secret."""
        for text in ("x", "sk-1234", "!~", "a=b/c+d", "{}%s"):
            self.assertIsNone(complaint(Secret, text), text)

    def test_masked_in(self) -> None:
        """A text is cleaned of every appearance of a secret."""
        secret = Secret("sk-1")
        self.assertEqual(secret.masked_in("sk-1 is sk-12"), "*** is ***2")
        self.assertEqual(secret.masked_in("nothing"), "nothing")


class AllSettings(SynchronousTestCase):
    def test_defaults(self) -> None:
        """An address is enough; the rest is as Ollama has it, and no key is sent."""
        settings = Settings(base_url="http://h:4000/v1/")
        self.assertEqual(settings.base_url, "http://h:4000")
        self.assertEqual((settings.listening.host, settings.listening.port), ("0.0.0.0", 11434))  # noqa: S104
        self.assertIsNone(settings.api_key)
        self.assertEqual(settings.deadlines, Deadlines())
        self.assertEqual(settings.limits, Limits())
        self.assertEqual(settings.freshness, Freshness())

    def test_gateways(self) -> None:
        """One gateway is all that is needed; more follow it, and none is there twice."""
        self.assertEqual(Settings(base_url="http://h/v1").base_urls, ("http://h",))
        more = ("http://i/v1", "http://j")
        settings = Settings(base_url="http://h", more_base_urls=more)
        self.assertEqual(settings.base_urls, ("http://h", "http://i", "http://j"))
        for twice in (("http://h/v1",), ("http://i", "http://i/")):
            with self.assertRaisesRegex(InvalidSetting, "is given twice"):
                Settings(base_url="http://h", more_base_urls=twice)

    def test_no_rules(self) -> None:
        """Nothing is decided about the models: all exist, none has another name or is the one."""
        rules = Settings(base_url="http://h").models
        self.assertEqual(rules, ModelRules())
        self.assertTrue(rules.allow("anything"))
        self.assertIsNone(rules.default_model)

    def test_version(self) -> None:
        """The imitated release is in plain numbers and not too old for any client."""
        numbers = [int(number) for number in Settings(base_url="http://h").version.split(".")]
        self.assertEqual(len(numbers), 3)
        self.assertGreaterEqual(numbers, [0, 12, 11])

    def test_what_is_hidden(self) -> None:
        """The key and the values of headers are; a value of three characters is no secret."""
        network = Network(headers=tuple(map(parse_gateway_header, ("a: 1234", "b: 123"))))
        settings = Settings(base_url="http://h", api_key=Secret("sk-12345"), network=network)
        self.assertEqual([it.text for it in settings.hidden], ["sk-12345", "1234"])
        for stand_in in ("x", "none", "ollama"):
            settings = Settings(base_url="http://h", api_key=Secret(stand_in))
            self.assertEqual(settings.hidden, ())
        self.assertEqual(Settings(base_url="http://h").hidden, ())

    def test_unchangeable(self) -> None:
        """Nothing can be set afterwards."""
        settings = Settings(base_url="http://h")
        with self.assertRaises(attrs.exceptions.FrozenInstanceError):
            settings.cooldown_s = 1  # type: ignore[misc]

    def test_deadlines_and_limits(self) -> None:
        """Every deadline and limit is there: none is 0, at once or nothing, but for one delay."""
        for group in (Deadlines(), Freshness(), Limits()):
            for name, value in attrs.asdict(group).items():
                if name != "drain_delay_s":
                    self.assertGreater(value, 0, name)
