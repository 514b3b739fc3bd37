"""Addresses as operators write them."""

from ollamaproxy.configuration.addresses import (
    description_of,
    is_exposed_endpoint,
    ollamas_host,
    ollamas_port,
    parse_admin_endpoint,
    parse_endpoint,
)
from ollamaproxy.errors import InvalidSetting
from tests.case import Case
from tests.core.command_line import BASE, complaint, parsed

#: Ollama's variable, and the host and the port that it means (envconfig's own table).
OLLAMA_HOSTS = (
    ("1.2.3.4", "1.2.3.4", "11434"),
    (":1234", "127.0.0.1", "1234"),
    ("1.2.3.4:1234", "1.2.3.4", "1234"),
    ("example.com", "example.com", "11434"),
    ("example.com:1234", "example.com", "1234"),
    ("0.0.0.0", "0.0.0.0", "11434"),  # noqa: S104
    ("http://1.2.3.4", "1.2.3.4", "80"),
    ("https://1.2.3.4", "1.2.3.4", "443"),
    ("http://1.2.3.4:5/path", "1.2.3.4", "5"),
    ("http://user:pass@1.2.3.4:5", "1.2.3.4", "5"),
    ("[::1]", "::1", "11434"),
    ("[::1]:1337", "::1", "1337"),
    ("::1", "::1", "11434"),
    (' "1.2.3.4" ', "1.2.3.4", "11434"),
    ("'1.2.3.4:7'", "1.2.3.4", "7"),
    ("1.2.3.4:", "1.2.3.4", "11434"),
)


class OllamasVariable(Case):
    def test_host_and_port(self) -> None:
        """OLLAMA_HOST is taken apart as Ollama does."""
        for value, host, port in OLLAMA_HOSTS:
            self.assertEqual([*ollamas_host(value), *ollamas_port(value)], [host, port], value)

    def test_place(self) -> None:
        """It counts where nothing of ours is said, for the host and for the port alone."""
        listening = parsed("", {**BASE, "OLLAMA_HOST": "127.0.0.1:1"}).settings.listening
        self.assertEqual((listening.host, listening.port), ("127.0.0.1", 1))
        environ = {**BASE, "OLLAMA_HOST": "127.0.0.1:1", "OLLAMAPROXY_PORT": "2"}
        listening = parsed("--host ::1", environ).settings.listening
        self.assertEqual((listening.host, listening.port), ("::1", 2))

    def test_a_bad_one(self) -> None:
        """One that cannot be is told by its own name."""
        told = complaint([], {**BASE, "OLLAMA_HOST": "1.2.3.4:http"}) or ""
        self.assertTrue(told.startswith("OLLAMA_HOST: 'http' is not a whole number"), told)


class Endpoints(Case):
    def test_forms(self) -> None:
        """Twisted's words go through, short ones become them, and each has our backlog."""
        for text, made in (
            ("127.0.0.1:80", "tcp:80:interface=127.0.0.1:backlog=1024"),
            ("[::1]:80", r"tcp:80:interface=\:\:1:backlog=1024"),
            ("::1:80", r"tcp:80:interface=\:\:1:backlog=1024"),
            ("tcp:80", "tcp:80:backlog=1024"),
            ("tcp:80:backlog=5", "tcp:80:backlog=5"),
            ("unix:/run/x.sock", "unix:/run/x.sock:backlog=1024"),
            ("unix:/run/x.sock:mode=660", "unix:/run/x.sock:mode=660:backlog=1024"),
            ("systemd:domain=INET:index=0", "systemd:domain=INET:index=0"),
            ("haproxy:tcp:8080", "haproxy:tcp:8080:backlog=1024"),
        ):
            self.assertEqual(description_of(text), made)

    def test_as_written(self) -> None:
        """A setting keeps what the operator wrote; a port alone is one of loopback."""
        for text in ("127.0.0.1:80", "tcp:80", "unix:/run/x.sock"):
            self.assertEqual((parse_endpoint(text), parse_admin_endpoint(text)), (text, text))
        self.assertEqual(parse_admin_endpoint("11435"), "127.0.0.1:11435")

    def test_what_is_none(self) -> None:
        """Anything else is refused with examples."""
        for text in ("80", "/run/x.sock", "localhost", "", "tcp:", "127.0.0.1:http x"):
            with self.assertRaisesRegex(InvalidSetting, "is no endpoint, such as 127.0.0.1:8080"):
                parse_endpoint(text)

    def test_what_brings_tls(self) -> None:
        """Endpoints with a certificate of their own are refused for --tls-certificate."""
        for text in ("ssl:443:privateKey=k.pem", "haproxy:ssl:443", "tls:/etc/certs:tcp:443"):
            with self.assertRaisesRegex(InvalidSetting, "use tcp: and --tls-certificate"):
                parse_endpoint(text)

    def test_who_can_reach_them(self) -> None:
        """Only loopback, and what has permissions of its own, is safe from other machines."""
        for text, exposed in (
            ("127.0.0.1:80", False),
            ("[::1]:80", False),
            ("tcp:80:interface=localhost", False),
            ("haproxy:tcp:80:interface=127.0.0.1", False),
            ("unix:/run/x.sock", False),
            ("systemd:domain=INET:index=0", False),
            ("tcp:80", True),
            ("0.0.0.0:80", True),
            ("10.0.0.1:80", True),
            ("haproxy:tcp:80", True),
            ("tcp:80:interface=gateway", True),
        ):
            self.assertIs(is_exposed_endpoint(parse_endpoint(text)), exposed, text)
