"""Flags and environment variables, and the settings that they make."""

import io
import re
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from operator import attrgetter
from pathlib import Path
from typing import Any

from twisted.python import usage
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy import __version__
from ollamaproxy.callers.rules import ClientAuth
from ollamaproxy.composition import check
from ollamaproxy.configuration.options import Options
from ollamaproxy.configuration.table import SETTINGS as TABLE
from ollamaproxy.doctor.options import DoctorOptions
from ollamaproxy.hidden import Hidden
from ollamaproxy.models.rules import Alias, ModelRules, Override, Pattern
from ollamaproxy.network.bypass import parse_bypass
from ollamaproxy.network.gateway_header import GatewayHeader
from ollamaproxy.network.proxies import Proxies
from ollamaproxy.network.proxy_url import ProxyURL
from ollamaproxy.settings import Secret, Settings
from ollamaproxy.settings.logs import LogFormat

URL = "http://h:4000"
BASE = {"OLLAMAPROXY_BASE_URL": URL}
PROXY = ProxyURL("http", "p", 1, Hidden("me:a b"))
KEY_FILE = Path(__file__).with_name("api-key.txt")


def parsed(
    line: str,
    environ: Mapping[str, str] | None = None,
    write: Callable[[str], object] = print,
) -> Options:
    options = Options(environ or {}, check, write)
    options.parseOptions(line.split())
    return options


def settings(line: str, environ: Mapping[str, str] | None = None) -> Settings:
    return parsed(line, environ).settings


def complaint(words: list[str], environ: Mapping[str, str] | None = None) -> str | None:
    """Return what is said of a command line that is refused."""
    try:
        Options(environ or {}, check).parseOptions(words)
    except UsageError as error:
        return str(error)
    return None


SECONDS: tuple[tuple[str, Any], ...] = (("0.5", 0.5), ("86400", 86400))
SIZES: tuple[tuple[str, Any], ...] = (("7", 7), ("64KiB", 65536), ("2mib", 2 * 1024**2))
COUNTS: tuple[tuple[str, Any], ...] = (("1", 1), ("10000", 10_000))


#: For each setting with a value: its flag, its variable, its name, and values with what they
#: make; then what it is if none is given.
SETTINGS: tuple[tuple[str, str, str, tuple[tuple[str, Any], ...], Any], ...] = (
    ("base-url", "OLLAMAPROXY_BASE_URL", "base_urls", (("http://a", ("http://a",)),), None),
    ("api-key", "OLLAMAPROXY_API_KEY", "api_key", (("sk-1", Secret("sk-1")),), None),
    (
        "cooldown",
        "OLLAMAPROXY_COOLDOWN",
        "cooldown_s",
        (("0", 0.0), ("1.5", 1.5), ("86400", 86400.0)),
        30.0,
    ),
    ("port", "OLLAMAPROXY_PORT", "listening.port", (("8080", 8080), ("0", 0)), 11434),
    (
        "host",
        "OLLAMAPROXY_HOST",
        "listening.host",
        (("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("[::1]", "::1"), ("h", "h")),
        "0.0.0.0",  # noqa: S104
    ),
    (
        "client-auth",
        "OLLAMAPROXY_CLIENT_AUTH",
        "client_auth",
        (("passthrough", ClientAuth.PASSTHROUGH), ("NONE", ClientAuth.NONE)),
        ClientAuth.NONE,
    ),
    ("keys-file", "OLLAMAPROXY_KEYS_FILE", "keys_file", (("/etc/keys", "/etc/keys"),), None),
    (
        "end-user-header",
        "OLLAMAPROXY_END_USER_HEADER",
        "end_user_header",
        (("X-LiteLLM-End-User-Id", "x-litellm-end-user-id"), ("x-user", "x-user")),
        None,
    ),
    ("tag", "OLLAMAPROXY_TAG", "tags", (("a", ("a",)), ("team:x/1", ("team:x/1",))), ()),
    (
        "alias",
        "OLLAMAPROXY_ALIAS",
        "models.aliases",
        (("a=b", (Alias("a", "b"),)), ("a:7b=b/c=d", (Alias("a:7b", "b/c=d"),))),
        (),
    ),
    (
        "include",
        "OLLAMAPROXY_INCLUDE",
        "models.include",
        (("gpt*", (Pattern("gpt*"),)), ("*", (Pattern("*"),))),
        (),
    ),
    ("exclude", "OLLAMAPROXY_EXCLUDE", "models.exclude", (("[ab]?", (Pattern("[ab]?"),)),), ()),
    (
        "model-info",
        "OLLAMAPROXY_MODEL_INFO",
        "models.overrides",
        (
            (
                "q*=tools,no-vision,context=5",
                (Override(Pattern("q*"), {"tools": True, "vision": False, "context_length": 5}),),
            ),
        ),
        (),
    ),
    (
        "default-model",
        "OLLAMAPROXY_DEFAULT_MODEL",
        "models.default_model",
        (("m", "m"), ("azure/M:7b", "azure/M:7b")),
        None,
    ),
    (
        "ollama-version",
        "OLLAMAPROXY_OLLAMA_VERSION",
        "version",
        (("0.5.0", "0.5.0"), ("1.2.3", "1.2.3")),
        "0.32.15",
    ),
    (
        "log-format",
        "OLLAMAPROXY_LOG_FORMAT",
        "logs.format",
        (("json", LogFormat.JSON), ("TEXT", LogFormat.TEXT)),
        LogFormat.TEXT,
    ),
    ("access-log", "OLLAMAPROXY_ACCESS_LOG", "logs.access_path", (("/a.log", "/a.log"),), None),
    ("log-file", "OLLAMAPROXY_LOG_FILE", "logs.messages_path", (("/a.log", "/a.log"),), None),
    (
        "trusted-proxy",
        "OLLAMAPROXY_TRUSTED_PROXY",
        "trusted_proxies",
        (("10.0.0.0/8", ("10.0.0.0/8",)), ("::1", ("::1",)), ("Unix", ("unix",))),
        (),
    ),
    (
        "origin",
        "OLLAMAPROXY_ORIGIN",
        "origins",
        (("https://a:1", ("https://a:1",)), ("app://*", ("app://*",)), ("*", ("*",))),
        (),
    ),
    (
        "api-key-file",
        "OLLAMAPROXY_API_KEY_FILE",
        "api_key",
        ((str(KEY_FILE), Secret("sk-in-a-file")),),
        None,
    ),
    (
        "listen",
        "OLLAMAPROXY_LISTEN",
        "listening.endpoints",
        (("systemd:domain=INET:index=0", ("systemd:domain=INET:index=0",)),),
        (),
    ),
    (
        "admin-listen",
        "OLLAMAPROXY_ADMIN_LISTEN",
        "listening.admin",
        (
            ("11435", "127.0.0.1:11435"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:0", "[::1]:0"),
            ("tcp:11435", "tcp:11435"),
            ("unix:/run/a.sock", "unix:/run/a.sock"),
        ),
        None,
    ),
    (
        "drain-delay",
        "OLLAMAPROXY_DRAIN_DELAY",
        "deadlines.drain_delay_s",
        (("0", 0.0), ("2.5", 2.5)),
        0,
    ),
    ("workers", "OLLAMAPROXY_WORKERS", "listening.workers", (("2", 2), ("256", 256)), 1),
    (
        "tls-certificate",
        "OLLAMAPROXY_TLS_CERTIFICATE",
        "listening.certificate",
        (("/etc/c.pem", "/etc/c.pem"),),
        None,
    ),
    ("host-name", "OLLAMAPROXY_HOST_NAME", "host_names", (("ai.corp", ("ai.corp",)),), ()),
    (
        "proxy",
        "OLLAMAPROXY_PROXY",
        "network.proxies",
        (("http://me:a%20b@p:1", Proxies(http=PROXY, https=PROXY)), ("none", Proxies())),
        None,
    ),
    (
        "no-proxy",
        "OLLAMAPROXY_NO_PROXY",
        "network.bypass",
        (("a.test,10.0.0.0/8", parse_bypass("a.test,10.0.0.0/8")), ("*", parse_bypass("*"))),
        None,
    ),
    ("ca-file", "OLLAMAPROXY_CA_FILE", "network.ca_file", (("/etc/ca.pem", "/etc/ca.pem"),), None),
    (
        "client-certificate",
        "OLLAMAPROXY_CLIENT_CERTIFICATE",
        "network.client_certificate",
        (("/etc/c.pem", "/etc/c.pem"),),
        None,
    ),
    (
        "gateway-header",
        "OLLAMAPROXY_GATEWAY_HEADER",
        "network.headers",
        (("X-A:b", (GatewayHeader("X-A", Hidden("b")),)),),
        (),
    ),
    *(
        (flag, "OLLAMAPROXY_" + flag.upper().replace("-", "_"), setting, SECONDS, default)
        for flag, setting, default in (
            ("connect-timeout", "deadlines.connect_s", 5),
            ("first-byte-timeout", "deadlines.first_byte_s", 300),
            ("silence-timeout", "deadlines.between_bytes_s", 60),
            ("header-timeout", "deadlines.header_s", 10),
            ("body-grace", "deadlines.body_grace_s", 10),
            ("idle-timeout", "deadlines.idle_s", 60),
            ("write-stall-timeout", "deadlines.write_stall_s", 30),
            ("linger", "deadlines.linger_s", 5),
            ("queue-timeout", "deadlines.queue_s", 30),
            ("drain-timeout", "deadlines.drain_s", 30),
        )
    ),
    *(
        (flag, "OLLAMAPROXY_" + flag.upper().replace("-", "_"), setting, SIZES, default)
        for flag, setting, default in (
            ("body-rate", "deadlines.body_bytes_per_s", 1024),
            ("reading-rate", "deadlines.reading_bytes_per_s", 16 * 1024),
            ("max-request-size", "limits.max_request_bytes", 32 * 1024**2),
            ("max-event-size", "limits.max_event_bytes", 8 * 1024**2),
            ("max-reply-size", "limits.max_reply_bytes", 64 * 1024**2),
        )
    ),
    *(
        (flag, "OLLAMAPROXY_" + flag.upper().replace("-", "_"), setting, COUNTS, default)
        for flag, setting, default in (
            ("max-connections", "limits.max_connections", 2048),
            ("max-in-flight", "limits.max_in_flight", 512),
            ("max-waiting", "limits.max_waiting", 512),
            ("max-idle-connections", "limits.max_idle_connections", 128),
        )
    ),
)
#: The flags whose values mean nothing by themselves; they have tests of their own.
ELSEWHERE = ("tls-key", "client-key")
#: The flags without a value, which all set a truth that is otherwise false.
SWITCHES = (
    ("no-retry", "OLLAMAPROXY_NO_RETRY", "no_retry"),
    ("ready-needs-gateway", "OLLAMAPROXY_READY_NEEDS_GATEWAY", "ready_needs_gateway"),
    ("hide-wildcards", "OLLAMAPROXY_HIDE_WILDCARDS", "models.hide_wildcards"),
)


class Precedence(SynchronousTestCase):
    def test_flags(self) -> None:
        """A flag sets its setting."""
        for flag, _, name, values, _ in SETTINGS:
            for text, value in values:
                made = settings(f"--{flag} {text}", BASE)
                self.assertEqual(attrgetter(name)(made), value, flag)

    def test_variables(self) -> None:
        """So does an environment variable."""
        for _, variable, name, values, _ in SETTINGS:
            for text, value in values:
                made = settings("", {**BASE, variable: text})
                self.assertEqual(attrgetter(name)(made), value, variable)

    def test_flags_win(self) -> None:
        """A flag wins over the variable, which does not even have to make sense."""
        for flag, variable, name, values, _ in SETTINGS:
            for text, value in values:
                made = settings(f"--{flag} {text}", {**BASE, variable: "é x"})
                self.assertEqual(attrgetter(name)(made), value, flag)

    def test_defaults(self) -> None:
        """What is not given is as Ollama has it."""
        made = settings("", BASE)
        for _, _, name, _, default in SETTINGS[1:]:
            self.assertEqual(attrgetter(name)(made), default, name)

    def test_blank_variables(self) -> None:
        """A variable that is empty, or nothing but blanks, is as good as not set."""
        optional = [*(row[1] for row in SETTINGS[1:]), *(row[1] for row in SWITCHES)]
        for blank in ("", " ", "\t\n"):
            made = settings("", dict.fromkeys(optional, blank) | BASE)
            self.assertEqual(made, settings("", BASE))
            self.assertIn(
                "--base-url is required", complaint([], {"OLLAMAPROXY_BASE_URL": blank}) or ""
            )

    def test_blank_flags(self) -> None:
        """A flag that is blank wins, too: it takes back what the variable says."""
        for flag, variable, name, values, default in SETTINGS[1:]:
            for blank in ("", " "):
                options = Options({**BASE, variable: values[0][0]})
                options.parseOptions([f"--{flag}={blank}"])
                self.assertEqual(attrgetter(name)(options.settings), default, flag)

    def test_blanks_around(self) -> None:
        """Blanks around a value, as a file of variables may leave them, do not belong to it."""
        made = settings(
            "", {"OLLAMAPROXY_BASE_URL": f" {URL}\n", "OLLAMAPROXY_API_KEY": "sk-1\r\n"}
        )
        self.assertEqual((made.base_url, made.api_key), (URL, Secret("sk-1")))

    def test_other_variables(self) -> None:
        """Other programs' variables mean nothing here."""
        environ = {**BASE, "PORT": "1", "BASE_URL": "x", "OPENAI_API_KEY": "x"}
        self.assertEqual(settings("", environ), settings("", BASE))

    def test_names(self) -> None:
        """A flag's variable is its name in capitals."""
        self.assertEqual(
            sorted((flag.name, flag.variable) for flag in TABLE),
            sorted(
                [
                    *((flag, variable) for flag, variable, *_ in (*SETTINGS, *SWITCHES)),
                    *(
                        (name, "OLLAMAPROXY_" + name.upper().replace("-", "_"))
                        for name in ELSEWHERE
                    ),
                ]
            ),
        )


class Certificate(SynchronousTestCase):
    def test_a_key_needs_one(self) -> None:
        """A key for TLS makes no sense without a certificate."""
        made = settings("--tls-certificate c.pem --tls-key k.pem", BASE).listening
        self.assertEqual((made.certificate, made.key), ("c.pem", "k.pem"))
        self.assertEqual(
            complaint(["--tls-key", "k.pem"], BASE), "--tls-key: needs a --tls-certificate, too"
        )


class ClientCertificate(SynchronousTestCase):
    def test_a_key_needs_one(self) -> None:
        """Nor does one for the certificate that the gateway is shown."""
        made = settings("--client-certificate c.pem --client-key k.pem", BASE).network
        self.assertEqual((made.client_certificate, made.client_key), ("c.pem", "k.pem"))
        self.assertEqual(
            complaint(["--client-key", "k.pem"], BASE),
            "--client-key: needs a --client-certificate, too",
        )


class SeveralValues(SynchronousTestCase):
    #: For each flag that can be repeated: two values with what they make.
    ROWS: tuple[tuple[str, str, str, tuple[str, Any], tuple[str, Any]], ...] = (
        ("tag", "OLLAMAPROXY_TAG", "tags", ("a", "a"), ("b", "b")),
        (
            "alias",
            "OLLAMAPROXY_ALIAS",
            "models.aliases",
            ("a=b", Alias("a", "b")),
            ("c=d", Alias("c", "d")),
        ),
        (
            "include",
            "OLLAMAPROXY_INCLUDE",
            "models.include",
            ("a*", Pattern("a*")),
            ("b", Pattern("b")),
        ),
        (
            "exclude",
            "OLLAMAPROXY_EXCLUDE",
            "models.exclude",
            ("a*", Pattern("a*")),
            ("b", Pattern("b")),
        ),
        (
            "model-info",
            "OLLAMAPROXY_MODEL_INFO",
            "models.overrides",
            ("a=tools", Override(Pattern("a"), {"tools": True})),
            ("a=no-tools,chat", Override(Pattern("a"), {"tools": False, "mode": "chat"})),
        ),
        (
            "origin",
            "OLLAMAPROXY_ORIGIN",
            "origins",
            ("http://a", "http://a"),
            ("app://*", "app://*"),
        ),
        ("host-name", "OLLAMAPROXY_HOST_NAME", "host_names", ("a", "a"), ("b.c", "b.c")),
        (
            "gateway-header",
            "OLLAMAPROXY_GATEWAY_HEADER",
            "network.headers",
            ("X-A:b", GatewayHeader("X-A", Hidden("b"))),
            ("X-B:c", GatewayHeader("X-B", Hidden("c"))),
        ),
        (
            "trusted-proxy",
            "OLLAMAPROXY_TRUSTED_PROXY",
            "trusted_proxies",
            ("unix", "unix"),
            ("fd00::/8", "fd00::/8"),
        ),
        (
            "listen",
            "OLLAMAPROXY_LISTEN",
            "listening.endpoints",
            ("systemd:domain=INET:index=0", "systemd:domain=INET:index=0"),
            ("127.0.0.1:80", "127.0.0.1:80"),
        ),
    )

    def test_ollamas_origins(self) -> None:
        """Ollama's own variable counts if ours is not set, parted by commas as Ollama does."""
        environ = {**BASE, "OLLAMA_ORIGINS": "http://a, app://*,"}
        self.assertEqual(settings("", environ).origins, ("http://a", "app://*"))
        self.assertEqual(
            settings("", {**environ, "OLLAMAPROXY_ORIGIN": "http://b"}).origins, ("http://b",)
        )
        self.assertEqual(settings("--origin http://c", environ).origins, ("http://c",))

    def test_all_are_told_of(self) -> None:
        """There is no flag that can be repeated of which these tests do not know."""
        self.assertEqual(
            {flag.name for flag in TABLE if flag.repeats},
            {"base-url", *(row[0] for row in self.ROWS)},
        )

    def test_flags(self) -> None:
        """Of a flag that can be repeated all values count, in their order, however spelt."""
        for flag, _, name, (one, first), (two, second) in self.ROWS:
            for line, made in (
                (f"--{flag} {one} --port 1 -{flag}={two}", (first, second)),
                (f"-{flag} {two} --{flag}={one}", (second, first)),
                (f"--{flag}={one} --{flag}={one}", (first, first)),
            ):
                self.assertEqual(attrgetter(name)(settings(line, BASE)), made, line)

    def test_variables(self) -> None:
        """In a variable semicolons part them, with or without blanks, and may be too many."""
        for _, variable, name, (one, first), (two, second) in self.ROWS:
            for text, made in (
                (f"{one};{two}", (first, second)),
                (f" {two} ;\n{one}\n", (second, first)),
                (f";{one};; ;{two};", (first, second)),
                (f"{one};", (first,)),
                (";", ()),
            ):
                got = attrgetter(name)(settings("", {**BASE, variable: text}))
                self.assertEqual(got, made, (variable, text))

    def test_flags_win(self) -> None:
        """Flags win over the whole variable; its values are not added."""
        for flag, variable, name, (one, first), (two, _) in self.ROWS:
            made = settings(f"--{flag} {one}", {**BASE, variable: f"{two};{two}"})
            self.assertEqual(attrgetter(name)(made), (first,), flag)

    def test_semicolons(self) -> None:
        """In a flag's own value, and in the variable of a single value, a semicolon is a letter."""
        made = settings("--alias a=b;c=d", BASE).models
        self.assertEqual(made.aliases, (Alias("a", "b;c=d"),))
        made = settings("", {**BASE, "OLLAMAPROXY_DEFAULT_MODEL": "a;b"}).models
        self.assertEqual(made.default_model, "a;b")

    def test_all_together(self) -> None:
        """Rules from flags and from variables stand side by side."""
        environ = {**BASE, "OLLAMAPROXY_INCLUDE": "a*;b*", "OLLAMAPROXY_HIDE_WILDCARDS": "1"}
        self.assertEqual(
            settings("--alias a=b --default-model a", environ).models,
            ModelRules(
                aliases=(Alias("a", "b"),),
                include=(Pattern("a*"), Pattern("b*")),
                hide_wildcards=True,
                default_model="a",
            ),
        )

    def test_one_command_line_does_not_leak(self) -> None:
        """What one command line repeats is not there in the next one."""
        settings("--alias a=b", BASE)
        self.assertEqual(settings("--alias c=d", BASE).models.aliases, (Alias("c", "d"),))
        self.assertEqual(settings("", BASE).models.aliases, ())


class Gateways(SynchronousTestCase):
    def test_several(self) -> None:
        """Several gateways are kept in their order, from flags or else from the variable."""
        urls = ("http://b", "https://a/x", "http://c:1")
        line = "--base-url http://b/v1 -base-url=https://a/x/ --base-url=http://c:1"
        self.assertEqual(settings(line, BASE).base_urls, urls)
        made = settings("", {"OLLAMAPROXY_BASE_URL": "http://b/v1; https://a/x/;;http://c:1"})
        self.assertEqual(made.base_urls, urls)
        self.assertEqual(made.base_url, "http://b")

    def test_one_bad_of_several(self) -> None:
        """Each of them must be an address, and another one than the rest."""
        for second, reason in (
            ("h:1", ": 'h:1' is not an http://"),
            ("http://b/v1/", ": 'http://b' is given twice"),
        ):
            for words, environ in (
                (["--base-url=http://b", f"--base-url={second}"], {}),
                ([], {"OLLAMAPROXY_BASE_URL": f"http://b;{second}"}),
            ):
                self.assertIn(reason, complaint(words, environ) or "", words)


class WhoMayCall(SynchronousTestCase):
    def test_a_keys_file_is_not_idle(self) -> None:
        """A keys file is enough to ask for keys, and does not stand beside another way."""
        self.assertIs(settings("--keys-file k", BASE).client_auth, ClientAuth.KEYS)
        self.assertIs(
            settings("--client-auth keys --keys-file k", BASE).client_auth, ClientAuth.KEYS
        )
        for word in ("none", "passthrough"):
            self.assertEqual(
                complaint([f"--client-auth={word}", "--keys-file=k"], BASE),
                f"--client-auth and --keys-file: {word!r} does not go with a keys file",
            )


class Switches(SynchronousTestCase):
    def test_all_are_told_of(self) -> None:
        """There is no switch of which these tests do not know."""
        self.assertEqual(
            {flag.name for flag in TABLE if flag.is_switch}, {row[0] for row in SWITCHES}
        )

    def test_flags(self) -> None:
        """A switch is off by itself; its flag turns it on, whatever the variable says."""
        for flag, variable, name in SWITCHES:
            self.assertIs(attrgetter(name)(settings("", BASE)), False)
            for line in (f"--{flag}", f"-{flag}", f"--{flag} -{flag}"):
                for text in ("", "false", "true", "nonsense"):
                    made = settings(line, {**BASE, variable: text})
                    self.assertIs(attrgetter(name)(made), True, (line, text))

    def test_variables(self) -> None:
        """A variable turns it on or off by one of several words, in any case."""
        for _, variable, name in SWITCHES:
            for texts, value in (
                (("1", "true", "yes", "on", "True", "YES", " on\n"), True),
                (("0", "false", "no", "off", "False", "NO", " off\n"), False),
            ):
                for text in texts:
                    made = settings("", {**BASE, variable: text})
                    self.assertIs(attrgetter(name)(made), value, text)

    def test_bad_words(self) -> None:
        """Any other word is refused, and so is a value for the flag."""
        for flag, variable, _ in SWITCHES:
            for text in ("2", "y", "nonsense", "true;true", "tru e"):
                told = complaint([], {**BASE, variable: text}) or ""
                self.assertIn(f"{text!r} is neither true nor false", told)
            self.assertIsNotNone(complaint([f"--{flag}=true"], BASE))
            self.assertIsNotNone(complaint([f"--{flag}", "true"], BASE))


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

    def test_one_dash(self) -> None:
        """Every flag may have one dash."""
        for flag, _, name, values, _ in SETTINGS:
            for text, value in values:
                for line in (f"-{flag} {text}", f"-{flag}={text}"):
                    made = settings(line, {} if flag == "base-url" else BASE)
                    self.assertEqual(attrgetter(name)(made), value, line)

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
