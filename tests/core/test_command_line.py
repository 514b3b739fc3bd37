"""Flags and environment variables, and the settings that they make."""

from operator import attrgetter
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.callers.rules import ClientAuth
from ollamaproxy.configuration.options import Options
from ollamaproxy.configuration.table import SETTINGS as TABLE
from ollamaproxy.hidden import Hidden
from ollamaproxy.models.rules import Alias, Override, Pattern
from ollamaproxy.network.bypass import parse_bypass
from ollamaproxy.network.gateway_header import GatewayHeader
from ollamaproxy.network.proxies import Proxies
from ollamaproxy.settings import Secret
from ollamaproxy.settings.logs import LogFormat
from tests.core.command_line import BASE, KEY_FILE, PROXY, URL, complaint, settings

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


class Dashes(SynchronousTestCase):
    def test_one_dash(self) -> None:
        """Every flag may have one dash."""
        for flag, _, name, values, _ in SETTINGS:
            for text, value in values:
                for line in (f"-{flag} {text}", f"-{flag}={text}"):
                    made = settings(line, {} if flag == "base-url" else BASE)
                    self.assertEqual(attrgetter(name)(made), value, line)
