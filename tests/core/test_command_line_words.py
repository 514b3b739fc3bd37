"""How a command line may be spelled, what is said of a bad one, and --help."""

import io
import re
from contextlib import redirect_stdout

from twisted.python import usage
from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy import __version__
from ollamaproxy.configuration.options import Options
from ollamaproxy.configuration.table import SETTINGS as TABLE
from ollamaproxy.doctor.options import DoctorOptions
from ollamaproxy.models.rules import Alias, ModelRules
from ollamaproxy.settings import Secret
from tests.core.command_line import BASE, URL, complaint, parsed, settings


class Spellings(SynchronousTestCase):
    def test_every_way(self) -> None:
        """A flag may have one dash or two, and an equals sign or none, as in Go."""
        for line in ("--port 1", "--port=1", "-port 1", "-port=1"):
            self.assertEqual(settings(line, BASE).listening.port, 1, line)
        for line in (f"-base-url {URL}", f"-base-url={URL}", f"--base-url={URL}/v1"):
            self.assertEqual(settings(line).base_url, URL, line)
        self.assertEqual(settings("-api-key sk-1 -host=::1 --port 2", BASE).listening.port, 2)

    def test_the_last_counts(self) -> None:
        """Of a flag with one value the last counts."""
        self.assertEqual(settings("--port 1 -port=2", BASE).listening.port, 2)

    def test_values_with_equals_signs(self) -> None:
        """Only the first equals sign parts a flag from its value."""
        self.assertEqual(settings("--api-key=a=b==", BASE).api_key, Secret("a=b=="))

    def test_demo(self) -> None:
        """The demonstration needs no gateway; its settings are made with its own."""
        for line in ("--demo", "-demo"):
            options = parsed(f"{line} --port 1", BASE)
            self.assertTrue(options["demo"])
            assert options.reader is not None
            made = options.reader.for_demonstration("http://127.0.0.1:5").read().settings
            self.assertEqual((made.listening.port, made.base_url), (1, "http://127.0.0.1:5"))
            self.assertIsNone(made.api_key)

    def test_demo_with_rules(self) -> None:
        """The demonstration's models follow the same rules."""
        options = parsed("--demo --alias a=b", {"OLLAMAPROXY_HIDE_WILDCARDS": "yes"})
        assert options.reader is not None
        made = options.reader.for_demonstration("http://127.0.0.1:5").read().settings
        self.assertEqual(made.models, ModelRules(aliases=(Alias("a", "b"),), hide_wildcards=True))


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
            ("port", "http", "'http' is not a whole number from 0 to 65535"),
            ("port", "65536", "'65536' is not a whole number from 0 to 65535"),
            ("port", "-1", "'-1' is not a whole number from 0 to 65535"),
            ("port", "1" * 5000, "is not a whole number from 0 to 65535"),
            ("base-url", "localhost:4000", "'localhost:4000' is not an http:// or https://"),
            ("base-url", "http://h:x", "'http://h:x' is malformed"),
            ("base-url", "http://h?x", "has no query"),
            ("base-url", "http://u:p@h", "has no place for a user or password"),
            ("api-key", "sk a", "a key must be one word"),
            ("drain-timeout", "0", "'0' is not a number of seconds above 0"),
            ("drain-timeout", "inf", "'inf' is not a number of seconds above 0"),
            ("drain-timeout", "1m", "'1m' is not a number of seconds above 0"),
            ("max-request-size", "1TB", "'1TB' is not a number of bytes"),
            ("max-request-size", "KiB", "'KiB' is not a number of bytes"),
            ("max-waiting", "0", "'0' is not a whole number above 0"),
            ("max-waiting", "1.5", "'1.5' is not a whole number above 0"),
            ("origin", "chat.example", "'chat.example' is not of the form SCHEME://HOST"),
            ("origin", "http://h/x", "'http://h/x' is not of the form SCHEME://HOST"),
            ("host-name", "h:80", "'h:80' is not just a name"),
            ("cooldown", "30s", "'30s' is not a number of seconds from 0 to 86400"),
            ("cooldown", "-1", "'-1' is not a number of seconds from 0 to 86400"),
            ("cooldown", "1e3", "'1e3' is not a number of seconds from 0 to 86400"),
            ("cooldown", "86401", "'86401' is not a number of seconds from 0 to 86400"),
            ("client-auth", "basic", ": 'basic' is not one of none, keys, passthrough"),
            ("client-auth", "keys", ": 'keys' needs a --keys-file"),
            ("end-user-header", "user", ": 'user' is not a name such as"),
            ("end-user-header", "x-api-key", ": 'x-api-key' is not a name such as"),
            ("end-user-header", "x-user: a", ": 'x-user: a' is not a name such as"),
            ("end-user-header", "x-" + "a" * 63, "is not a name such as"),
            ("tag", "a,b", ": 'a,b' is not a word"),
            ("tag", "a b", ": 'a b' is not a word"),
            ("tag", "a" * 65, "is not a word"),
            ("alias", "llama3", ": 'llama3' is not of the form NAME=MODEL"),
            ("alias", "=gpt", ": '=gpt' is not of the form NAME=MODEL"),
            ("alias", "gpt=", ": 'gpt=' is not of the form NAME=MODEL"),
            ("model-info", "q*", ": 'q*' is not of the form PATTERN=WORDS"),
            ("model-info", "q*=,", ": 'q*=,' is not of the form PATTERN=WORDS"),
            ("model-info", "q=fly", ": 'q=fly': 'fly' is not one of chat, embedding,"),
            ("model-info", "q=context=0", "'q=context=0': context is a whole number of 1 or more"),
            ("model-info", "=tools", "a pattern for models is empty"),
            ("ollama-version", "0.5", ": '0.5' is not three numbers with dots"),
            ("ollama-version", "v1.2.3", ": 'v1.2.3' is not three numbers with dots"),
        ):
            variable = "OLLAMAPROXY_" + flag.upper().replace("-", "_")
            for words, environ in (
                ([f"--{flag}={value}"], BASE),
                ([f"--{flag}", value], BASE),
                ([], {**BASE, variable: value}),
            ):
                self.assertIn(reason, complaint(words, environ) or "", (words, environ))

    def test_one_bad_value_of_several(self) -> None:
        """One bad value among good ones is refused, and only that one is shown."""
        told = "'x' is not of the form NAME=MODEL, such as llama3=azure/gpt-4o"
        flags = ["--alias", "a=b", "--alias", "x"]
        self.assertEqual(complaint(flags, BASE), f"--alias: {told}")
        variables = {**BASE, "OLLAMAPROXY_ALIAS": "a=b;x;c=d"}
        self.assertEqual(complaint([], variables), f"OLLAMAPROXY_ALIAS: {told}")

    def test_bad_words(self) -> None:
        """Flags that are not known, values that are missing and stray words are refused."""
        for words in (
            *(["--nope"], ["-x"], ["--port"], ["-port"], ["serve"], ["--port", "1", "x"]),
            *(["--alias"], ["-model-info"], ["--include", "*", "x"], ["--aliases", "a=b"]),
        ):
            self.assertIsNotNone(complaint(words, BASE), words)
        # A stray word may be the second half of a key, so it is not repeated.
        self.assertNotIn("serve", complaint(["serve"], BASE) or "")

    def test_near_flags(self) -> None:
        """A flag that is none is told with the one that it is like, and without a value."""
        for words, meant in (
            (["--chek-config"], "--check-config"),
            (["-chek-config"], "--check-config"),
            (["--api-kye=sk-hunter2"], "--api-key"),
            (["-api-kye", "sk-hunter2"], "--api-key"),
            (["--prot", "1"], "--port"),
        ):
            told = complaint(words, BASE) or ""
            self.assertTrue(told.endswith(f" not recognized; do you mean {meant}?"), told)
            self.assertNotIn("hunter2", told)
        for word in ("--xyzzy", "-x", "--max", "--port"):  # unlike any, like many, or known
            self.assertNotIn("do you mean", complaint([word], BASE) or "", word)

    def test_near_commands(self) -> None:
        """A first word that is like a command is told that command, and never itself."""
        for words in (["docter"], ["doctor"], ["Doctor", "--json"], ["--port=1", "doctr"]):
            told = complaint(words, BASE) or ""
            self.assertTrue(told.endswith("; do you mean: ollamaproxy doctor?"), told)
            self.assertNotIn(words[-1], told.removesuffix("ollamaproxy doctor?"))
        self.assertNotIn("do you mean", complaint(["sk-hunter2"], BASE) or "")

    def test_demo_with_a_gateway(self) -> None:
        """The demonstration does not take a gateway, nor a port that cannot be."""
        self.assertIn("--demo", complaint(["--demo", "--base-url", URL]) or "")
        self.assertIn("--port: 'x'", complaint(["--demo", "--port", "x"]) or "")
        self.assertIn("--alias: 'x'", complaint(["--demo", "--alias", "x"]) or "")

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


class Parent(usage.Options):
    """The program around the plugin."""

    synopsis = "Usage: twistd"
    subCommands = (("ollamaproxy", None, lambda: Options({}), "A proxy."),)


class Help(SynchronousTestCase):
    def printed(self, *words: str) -> str:
        """Return what is printed by a command line that ends there, and well."""
        with redirect_stdout(io.StringIO()) as stdout, self.assertRaises(SystemExit) as caught:
            Options({}).parseOptions(words)
        self.assertFalse(caught.exception.code)
        return stdout.getvalue()

    def test_usage(self) -> None:
        """The help tells every flag, whether it has a value, and its text."""
        lines = [" ".join(line.split()) for line in Options({}).getUsage(500).splitlines()]
        for flag in TABLE:
            shown = f"--{flag.name}" if flag.is_switch else f"--{flag.name}="
            self.assertIn(f"{shown} {flag.help}", lines)
        for text in ("OLLAMAPROXY_BASE_URL", "';'"):
            self.assertIn(text, " ".join(lines))

    def test_printed(self) -> None:
        """The help is printed without a gateway, by three spellings, and names every flag."""
        for word in ("--help", "-help", "-h"):
            text = self.printed(word)
            self.assertTrue(text.startswith("Usage: ollamaproxy [--base-url=URL]"), text)
            for name in (*(flag.name for flag in TABLE), "demo", "version"):
                self.assertIn(f"--{name}", text)

    def test_of_the_doctor(self) -> None:
        """The doctor's own flags come first, each once, and the daemon's after them."""
        options = DoctorOptions({})
        own = [str(row[0]) for row in (*options.optParameters, *options.optFlags)]
        for text in (options.getUsage(), options.getUsage(500)):
            front, back = text.split("The daemon's options:")
            for name in own:
                self.assertEqual(len(re.findall(rf"^ +--{name}\b", front, re.MULTILINE)), 1)
                self.assertNotIn(f"--{name}", back)
            for flag in TABLE:
                self.assertIn(f" --{flag.name}", back)

    def test_version(self) -> None:
        """So is the version of the program."""
        for word in ("--version", "-version"):
            self.assertEqual(self.printed(word), f"ollamaproxy {__version__}\n")

    def test_below_twistd(self) -> None:
        """As a part of another program it has that one's name in front."""
        parent = Parent()
        parent.parseOptions(["ollamaproxy", f"--base-url={URL}"])
        synopsis = parent.subOptions.getSynopsis()
        self.assertTrue(synopsis.startswith("Usage: twistd ollamaproxy [--base-url=URL]"), synopsis)
