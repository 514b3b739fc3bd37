"""Flags and environment variables, and the settings that they make."""

from collections.abc import Mapping
from typing import Any

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.options import FLAGS, Options
from ollamaproxy.settings import Secret, Settings

URL = "http://h:4000"
BASE = {"OLLAMAPROXY_BASE_URL": URL}


def parsed(line: str, environ: Mapping[str, str] | None = None) -> Options:
    options = Options(environ or {})
    options.parseOptions(line.split())
    return options


def settings(line: str, environ: Mapping[str, str] | None = None) -> Settings:
    made = parsed(line, environ).settings
    assert made is not None
    return made


def complaint(words: list[str], environ: Mapping[str, str] | None = None) -> str | None:
    """Return what is said of a command line that is refused."""
    try:
        Options(environ or {}).parseOptions(words)
    except UsageError as error:
        return str(error)
    return None


#: For each setting: its flag, its variable, and three values of each with what they make.
SETTINGS: tuple[tuple[str, str, str, tuple[tuple[str, Any], ...], Any], ...] = (
    ("base-url", "OLLAMAPROXY_BASE_URL", "base_url", (("http://a", "http://a"),), None),
    ("api-key", "OLLAMAPROXY_API_KEY", "api_key", (("sk-1", Secret("sk-1")),), None),
    ("port", "OLLAMAPROXY_PORT", "port", (("8080", 8080), ("0", 0)), 11434),
    ("host", "OLLAMAPROXY_HOST", "host", (("127.0.0.1", "127.0.0.1"), ("::1", "::1")), "0.0.0.0"),  # noqa: S104
)


class Precedence(SynchronousTestCase):
    def test_flags(self) -> None:
        """A flag sets its setting."""
        for flag, _, name, values, _ in SETTINGS:
            for text, value in values:
                made = settings(f"--{flag} {text}", BASE)
                self.assertEqual(getattr(made, name), value, flag)

    def test_variables(self) -> None:
        """So does an environment variable."""
        for _, variable, name, values, _ in SETTINGS:
            for text, value in values:
                made = settings("", {**BASE, variable: text})
                self.assertEqual(getattr(made, name), value, variable)

    def test_flags_win(self) -> None:
        """A flag wins over the variable, which does not even have to make sense."""
        for flag, variable, name, values, _ in SETTINGS:
            for text, value in values:
                made = settings(f"--{flag} {text}", {**BASE, variable: "é x"})
                self.assertEqual(getattr(made, name), value, flag)

    def test_defaults(self) -> None:
        """What is not given is as Ollama has it."""
        made = settings("", BASE)
        for _, _, name, _, default in SETTINGS[1:]:
            self.assertEqual(getattr(made, name), default, name)

    def test_blank_variables(self) -> None:
        """A variable that is empty, or nothing but blanks, is as good as not set."""
        for blank in ("", " ", "\t\n"):
            made = settings("", dict.fromkeys([row[1] for row in SETTINGS[1:]], blank) | BASE)
            self.assertEqual(made, settings("", BASE))
            self.assertIn(
                "--base-url is required", complaint([], {"OLLAMAPROXY_BASE_URL": blank}) or ""
            )

    def test_blanks_around(self) -> None:
        """Blanks around a value, as a file of variables may leave them, do not belong to it."""
        made = settings(
            "", {"OLLAMAPROXY_BASE_URL": f" {URL}\n", "OLLAMAPROXY_API_KEY": "sk-1\r\n"}
        )
        self.assertEqual((made.base_url, made.api_key), (URL, Secret("sk-1")))

    def test_other_variables(self) -> None:
        """Other programs' variables mean nothing here."""
        environ = {**BASE, "PORT": "1", "OLLAMA_HOST": "x", "BASE_URL": "x", "OPENAI_API_KEY": "x"}
        self.assertEqual(settings("", environ), settings("", BASE))

    def test_names(self) -> None:
        """A flag's variable is its name in capitals."""
        self.assertEqual(
            [(flag.name, flag.variable) for flag in FLAGS],
            [(flag, variable) for flag, variable, *_ in SETTINGS],
        )


class Spellings(SynchronousTestCase):
    def test_every_way(self) -> None:
        """A flag may have one dash or two, and an equals sign or none, as in Go."""
        for line in ("--port 1", "--port=1", "-port 1", "-port=1"):
            self.assertEqual(settings(line, BASE).port, 1, line)
        for line in (f"-base-url {URL}", f"-base-url={URL}", f"--base-url={URL}/v1"):
            self.assertEqual(settings(line).base_url, URL, line)
        self.assertEqual(settings("-api-key sk-1 -host=::1 --port 2", BASE).port, 2)

    def test_the_last_counts(self) -> None:
        """Of a flag that is repeated the last counts."""
        self.assertEqual(settings("--port 1 -port=2", BASE).port, 2)

    def test_values_with_equals_signs(self) -> None:
        """Only the first equals sign parts a flag from its value."""
        self.assertEqual(settings("--api-key=a=b==", BASE).api_key, Secret("a=b=="))

    def test_demo(self) -> None:
        """The demonstration needs no gateway; its settings are made with its own."""
        for line in ("--demo", "-demo"):
            options = parsed(f"{line} --port 1", BASE)
            self.assertTrue(options["demo"])
            self.assertIsNone(options.settings)
            made = options.settings_for("http://127.0.0.1:5", "sk-demo")
            self.assertEqual((made.port, made.base_url), (1, "http://127.0.0.1:5"))


class Complaints(SynchronousTestCase):
    def test_no_base_url(self) -> None:
        """Without a gateway there is nothing to serve: the complaint says how to name one."""
        told = complaint([])
        assert told is not None
        for word in ("--base-url", "OLLAMAPROXY_BASE_URL", "--demo"):
            self.assertIn(word, told)

    def test_bad_values(self) -> None:
        """A value that cannot work is refused before anything starts, wherever it came from."""
        for flag, value, reason in (
            ("port", "http", "port 'http' is not a whole number from 0 to 65535"),
            ("port", "65536", "port '65536' is not a whole number from 0 to 65535"),
            ("port", "-1", "port '-1' is not a whole number from 0 to 65535"),
            ("port", "1" * 5000, "is not a whole number from 0 to 65535"),
            ("base-url", "localhost:4000", "'localhost:4000' is not an http:// or https://"),
            ("base-url", "http://h:x", "'http://h:x' is malformed"),
            ("base-url", "http://h?x", "must not have a query"),
            ("base-url", "http://u:p@h", "must not hold a user or password"),
            ("api-key", "sk a", "the API key must be one word"),
        ):
            variable = "OLLAMAPROXY_" + flag.upper().replace("-", "_")
            for words, environ in (
                ([f"--{flag}={value}"], BASE),
                ([f"--{flag}", value], BASE),
                ([], {**BASE, variable: value}),
            ):
                self.assertIn(reason, complaint(words, environ) or "", (words, environ))

    def test_bad_words(self) -> None:
        """Flags that are not known, values that are missing and stray words are refused."""
        for words in (["--nope"], ["-x"], ["--port"], ["-port"], ["serve"], ["--port", "1", "x"]):
            self.assertIsNotNone(complaint(words, BASE), words)
        # A stray word may be the second half of a key, so it is not repeated.
        self.assertNotIn("serve", complaint(["serve"], BASE) or "")

    def test_demo_with_a_gateway(self) -> None:
        """The demonstration does not take a gateway, nor a port that cannot be."""
        self.assertIn("--demo", complaint(["--demo", "--base-url", URL]) or "")
        self.assertIn("port 'x'", complaint(["--demo", "--port", "x"]) or "")

    def test_the_key_is_not_repeated(self) -> None:
        """No complaint holds the key, whatever is wrong with it or with anything else."""
        for words, environ in (
            (["--api-key", "sk hunter2"], BASE),
            (["--api-key=hunter2\x01"], BASE),
            (["-api-key", "hunter2é"], BASE),
            ([], {**BASE, "OLLAMAPROXY_API_KEY": "hunter2 hunter2"}),
            (["--api-key", "hunter2"], {}),
            (["--api-key", "hunter2", "--port", "x"], BASE),
            (["--api-key", "hunter2", "--base-url", "x"], {}),
            (["--api-key", "hunter2", "--nope"], BASE),
            (["--api-key", "hunter2", "stray"], BASE),
        ):
            told = complaint(words, environ)
            assert told is not None, words
            self.assertNotIn("hunter2", told, words)
