"""Settings that can be given several times."""

from operator import attrgetter
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.callers.rules import ClientAuth
from ollamaproxy.configuration.table import SETTINGS as TABLE
from ollamaproxy.hidden import Hidden
from ollamaproxy.models.rules import Alias, ModelRules, Override, Pattern
from ollamaproxy.network.gateway_header import GatewayHeader
from tests.core.command_line import BASE, complaint, settings


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
