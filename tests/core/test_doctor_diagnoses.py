"""What the doctor says of what it has seen: for every fault, the sentence that helps."""

from typing import Any

from ollamaproxy.doctor.diagnoses.address import (
    address_finding,
    browsers_finding,
    client_url,
    clients_finding,
    listener_of,
)
from ollamaproxy.doctor.diagnoses.configuration import (
    bad_settings_finding,
    settings_finding,
    warning_findings,
)
from ollamaproxy.doctor.diagnoses.interface import (
    Product,
    api_finding,
    is_about_the_key,
    key_finding,
    no_answer_finding,
    product,
    words,
)
from ollamaproxy.doctor.diagnoses.way import (
    SOON_S,
    certificate_finding,
    connection_finding,
    name_finding,
)
from ollamaproxy.doctor.facts import Answer, Certificate, Connection, Listener, Trouble
from ollamaproxy.doctor.findings import Finding, Verdict
from ollamaproxy.errors import UpstreamTruncated
from ollamaproxy.models.listing import Model
from ollamaproxy.server.browsers import BrowserRules
from ollamaproxy.translate.model_details import tags
from tests.case import Case

NOW_S = 1_795_521_600  # 2026-11-24T12:00:00Z
DAY_S = 86_400


class FindingCase(Case):
    def assert_found(self, finding: Finding, verdict: Verdict, told: str, advice: str = "") -> None:
        """Whoever reads it is told these words, and advised if and only if something is amiss."""
        self.assertEqual(finding.verdict, verdict, finding)
        self.assertIn(told, finding.told)
        self.assertIn(advice, finding.advice)
        amiss = finding.verdict in {Verdict.WARNING, Verdict.FAILED}
        self.assertEqual(bool(finding.advice), amiss, finding)


class Settings(FindingCase):
    def test_where_from(self) -> None:
        """What was given is told with where it comes from, unless that is its own flag."""
        found = settings_finding({"port": "--port", "host": "OLLAMA_HOST"})
        self.assert_found(found, Verdict.OK, "given: port, host (OLLAMA_HOST)")

    def test_warnings(self) -> None:
        """What the daemon would warn of is a warning here."""
        first, second = warning_findings(["everybody can call; --host helps", "it has no effect"])
        self.assert_found(first, Verdict.WARNING, "everybody can call", "--host helps.")
        self.assert_found(second, Verdict.WARNING, "it has no effect", "docs/callers.rst")

    def test_bad(self) -> None:
        """What cannot work is told in the words of the daemon."""
        found = bad_settings_finding("port 'x' is not a whole number")
        self.assert_found(found, Verdict.FAILED, "port 'x' is not a whole number", "Correct it")


class Names(FindingCase):
    def test_names(self) -> None:
        """A name that is known, one that is not, one that nobody tells of, and an address."""
        for found, verdict, told, advice in (
            (name_finding("h", ["10.0.0.1", "fe80::1"], None), Verdict.OK, "10.0.0.1, fe80", ""),
            (name_finding("10.0.0.1", ["10.0.0.1"], None), Verdict.OK, "is an address", ""),
            (name_finding("h", [], None), Verdict.FAILED, "h is unknown", "spelling in --base-url"),
            (name_finding("h", [], 5.0), Verdict.FAILED, "within 5 seconds", "name servers"),
        ):
            self.assert_found(found, verdict, told, advice)


def connection(trouble: Trouble | None = None, **more: Any) -> Connection:
    return Connection(host="h", port=4000, trouble=trouble, **more)


class Ports(FindingCase):
    def test_troubles(self) -> None:
        """Every way not to be connected has words of its own."""
        for made, verdict, told, advice in (
            (connection(took_s=0.0123), Verdict.OK, "answers after 12 ms", ""),
            (connection(took_s=2.34), Verdict.OK, "answers after 2.3 seconds", ""),
            (connection(Trouble.REFUSED), Verdict.FAILED, "refused", "Start the gateway"),
            (connection(Trouble.SILENT), Verdict.FAILED, "does not answer", "firewall"),
            (
                connection(Trouble.IN_WORDS, words="no connection within 5 seconds"),
                Verdict.FAILED,
                "port 4000 of h: no connection within 5 seconds",
                "firewall",
            ),
            (
                connection(Trouble.UNREACHABLE, words="No route to host"),
                Verdict.FAILED,
                "cannot be reached: No route to host",
                "VPN",
            ),
            (connection(Trouble.UNREACHABLE), Verdict.FAILED, "cannot be reached", "VPN"),
        ):
            self.assert_found(connection_finding(made), verdict, told, advice)


def shown(**more: Any) -> Certificate:
    known = {"subject": "h", "issuer": "A CA", "names": ("h",), "begins_s": NOW_S - DAY_S}
    return Certificate(**{"ends_s": NOW_S + 90 * DAY_S, **known, **more})


class Certificates(FindingCase):
    def found(self, trouble: Trouble | None, certificate: Certificate | None) -> Finding:
        return certificate_finding(connection(trouble, certificate=certificate), NOW_S)

    def test_good(self) -> None:
        """A good one is told with its issuer and its end; one that ends soon is a warning."""
        self.assert_found(
            self.found(None, shown()), Verdict.OK, "issued by A CA, good until 2027-02-22"
        )
        soon = self.found(None, shown(ends_s=NOW_S + SOON_S))
        self.assert_found(soon, Verdict.WARNING, "it ends on 2026-12-08", "renew it")
        later = self.found(None, shown(ends_s=NOW_S + SOON_S + 1))
        self.assertEqual(later.verdict, Verdict.OK)

    def test_bad(self) -> None:
        """Every way to be bad has words of its own."""
        for trouble, certificate, told, advice in (
            (Trouble.NOT_TRUSTED, shown(), "does not know its issuer, A CA", "SSL_CERT_FILE"),
            (Trouble.NOT_TRUSTED, shown(issuer="h"), "h vouches for itself", "SSL_CERT_FILE"),
            (Trouble.NOT_TRUSTED, shown(ends_s=NOW_S), "ended on 2026-11-24", "renew it"),
            (Trouble.NOT_TRUSTED, shown(begins_s=NOW_S + 1), "only from 2026-11-24", "clock"),
            (Trouble.OTHER_HOST, shown(names=("a", "b")), "is for a, b, and not for h", "a name"),
            (Trouble.OTHER_HOST, shown(names=()), "is for no host at all", "a name"),
            (Trouble.NOT_TRUSTED, None, "no secure connection", "http://"),
            (Trouble.IN_WORDS, None, "no secure connection", "http://"),
        ):
            self.assert_found(self.found(trouble, certificate), Verdict.FAILED, told, advice)
        closed = connection(Trouble.IN_WORDS, words="it closed the connection")
        found = certificate_finding(closed, NOW_S)
        told = "port 4000 of h makes no secure connection: it closed the connection"
        self.assert_found(found, Verdict.FAILED, told, "http://")


def answer(status: int, body: str | bytes, location: str = "") -> Answer:
    content = body.encode() if isinstance(body, str) else body
    return Answer(status=status, media_type="", body=content, location=location)


MODELS = answer(200, '{"data": []}')
NO_KEY = answer(401, '{"error": {"message": "No api key passed in."}}')
NO_DATABASE = answer(400, '{"error": {"message": "No connected db.", "type": "no_db_connection"}}')
LITELLM = Product(is_litellm=True, version="1.2.3")


class APIs(FindingCase):
    def test_kinds(self) -> None:
        """What is an API is told from everything else that may answer."""
        for given, verdict, told, advice in (
            (MODELS, Verdict.OK, "it is LiteLLM 1.2.3", ""),
            (NO_KEY, Verdict.OK, "it is LiteLLM 1.2.3", ""),
            (NO_DATABASE, Verdict.OK, "it is LiteLLM 1.2.3", ""),
            (answer(401, ""), Verdict.OK, "it is", ""),
            (answer(401, "<html>"), Verdict.FAILED, "a web page (HTTP 401)", "--base-url"),
            (answer(200, "<html>"), Verdict.FAILED, "a web page (HTTP 200)", "--base-url"),
            (answer(200, "OK"), Verdict.FAILED, "no list of models under /v1/models", "--base-url"),
            (answer(200, "{}"), Verdict.FAILED, "no list of models", "/v1/chat/completions"),
            (answer(404, '{"detail": "Not Found"}'), Verdict.FAILED, '"Not Found"', "--base-url"),
            (answer(502, "<html>"), Verdict.FAILED, "load balancer", "whether it is up"),
            (answer(503, "no server"), Verdict.FAILED, "load balancer", "whether it is up"),
            (answer(500, '{"error": "crash"}'), Verdict.FAILED, '"crash"', "runs the gateway"),
            (
                answer(302, "", "https://h/login/v1/models?key=sk-secret"),
                Verdict.FAILED,
                "it redirects to https://h/login (HTTP 302)",
                "--base-url",
            ),
        ):
            found = api_finding(given, LITELLM)
            self.assert_found(found, verdict, told, advice)
            self.assertNotIn("secret", found.told)

    def test_tls_without_tls(self) -> None:
        """Whoever asks a port of TLS without it is told to write https."""
        found = api_finding(answer(400, "<html>plain HTTP"), Product(), speaks_tls=True)
        self.assert_found(found, Verdict.FAILED, "speaks TLS", "https://")
        error = UpstreamTruncated("the gateway closed the connection without an answer")
        found = no_answer_finding(error, speaks_tls=True)
        self.assert_found(found, Verdict.FAILED, "speaks TLS", "https://")

    def test_no_answer(self) -> None:
        """What came instead of an answer is told."""
        error = UpstreamTruncated("the gateway closed the connection without an answer")
        found = no_answer_finding(error, speaks_tls=False)
        self.assert_found(found, Verdict.FAILED, "without an answer", "the gateway's own log")

    def test_products(self) -> None:
        """LiteLLM is known by what it says when it is alive, and its release if it tells."""
        alive = answer(200, '"I\'m alive!"')
        for ready, told in (
            (answer(200, '{"litellm_version": "1.80.0"}'), "LiteLLM 1.80.0"),
            (answer(200, '{"status": "healthy"}'), "LiteLLM"),
            (answer(200, '{"litellm_version": 7}'), "LiteLLM"),
            (answer(200, "oops"), "LiteLLM"),
            (None, "LiteLLM"),
        ):
            self.assertEqual(str(product(alive, ready)), told)
        for other in (None, answer(404, '"I\'m alive!"'), answer(200, "fine")):
            self.assertEqual(str(product(other, None)), "an OpenAI-compatible API")


class Keys(FindingCase):
    def test_accepted(self) -> None:
        """A key that is taken, and none where none is asked for."""
        self.assert_found(key_finding(MODELS, has_key=True), Verdict.OK, "tells its models with it")
        self.assert_found(
            key_finding(MODELS, has_key=False), Verdict.OK, "tells its models without"
        )

    def test_refused(self) -> None:
        """Every refusal is told in the gateway's words, and what to do depends on them."""
        for given, told, advice in (
            (NO_KEY, "refuses it (HTTP 401)", "Copy the whole key"),
            (NO_DATABASE, "refuses it (HTTP 400)", "Copy the whole key"),
            (answer(401, "nope"), '"no reason given"', "Copy the whole key"),
            (
                answer(401, '{"error": {"message": "x", "type": "expired_key"}}'),
                "it has expired",
                "a new one",
            ),
            (answer(403, '{"detail": "not this route"}'), '"not this route"', "the API's routes"),
            (
                answer(422, '{"error": {"message": "Budget", "type": "budget_exceeded"}}'),
                "its budget is spent (HTTP 422)",
                "for more",
            ),
        ):
            self.assert_found(key_finding(given, has_key=True), Verdict.FAILED, told, advice)

    def test_missing(self) -> None:
        """Who has no key is told where to put it."""
        found = key_finding(NO_KEY, has_key=False)
        self.assert_found(found, Verdict.FAILED, "none is set", "OLLAMAPROXY_API_KEY")

    def test_not_about_the_key(self) -> None:
        """What is wrong otherwise is not the key's fault."""
        for other in (MODELS, answer(404, '{"detail": "x"}'), answer(401, "<html>")):
            self.assertFalse(is_about_the_key(other))

    def test_words(self) -> None:
        """The gateway's words come on one line, without keys and hashes, and not too long."""
        self.assertEqual(words("Received API Key = sk-...1234, x"), '"Received API Key = *** x"')
        self.assertEqual(words(f"Key Hash (Token) ={'0a' * 32}."), '"Key Hash (Token) =***."')
        self.assertEqual(words("a\r\n b"), '"a b"')
        self.assertEqual(words("x" * 301), f'"{"x" * 300}"...')


class Addresses(FindingCase):
    def test_who(self) -> None:
        """Ours is told from a real Ollama by what no real one says."""
        root = answer(200, "Ollama is running")
        real = '{"models": [{"name": "m", "size": 5, "modified_at": "2026-01-01T00:00:00Z"}]}'
        for first, second, who in (
            (None, None, Listener.OTHER),
            (answer(200, "<html>"), None, Listener.OTHER),
            (answer(404, "Ollama is running"), None, Listener.OTHER),
            (root, None, Listener.AN_OLLAMA),
            (root, answer(200, "oops"), Listener.AN_OLLAMA),
            (root, answer(200, '{"models": [{}]}'), Listener.AN_OLLAMA),
            (root, answer(200, '{"models": []}'), Listener.AN_OLLAMA),
            (root, answer(200, '{"models": null}'), Listener.AN_OLLAMA),
            (root, answer(401, '{"error": "no key"}'), Listener.OURS),
            (root, answer(502, '{"error": "no gateway"}'), Listener.OURS),
            (root, answer(200, tags_of_ours()), Listener.OURS),
            (root, answer(200, real), Listener.OLLAMA),
        ):
            self.assertEqual(listener_of(first, second), who, second)

    def test_taken(self) -> None:
        """Whoever is there, it is said what to do."""
        for who, verdict, told, advice in (
            (Listener.NOTHING, Verdict.OK, "h:1 is free", ""),
            (Listener.OURS, Verdict.OK, "an ollamaproxy runs at h:1", ""),
            (Listener.OLLAMA, Verdict.FAILED, "a real Ollama", "systemctl stop ollama"),
            (Listener.AN_OLLAMA, Verdict.WARNING, "without models", "--port"),
            (Listener.OTHER, Verdict.FAILED, "no Ollama", "--port"),
        ):
            self.assert_found(address_finding(who, "h:1"), verdict, told, advice)
        found = address_finding(Listener.NOTHING, "h:1", "cannot listen there")
        self.assert_found(found, Verdict.FAILED, "cannot listen there", "--host")

    def test_clients(self) -> None:
        """Clients are given an address that they can use, and hear of keys."""
        for host, url in (
            ("0.0.0.0", "http://localhost:11434"),  # noqa: S104
            ("::", "http://localhost:11434"),
            ("127.0.0.1", "http://127.0.0.1:11434"),
            ("::1", "http://[::1]:11434"),
            ("box", "http://box:11434"),
        ):
            self.assertEqual(client_url("http", host, 11434), url)
            found = clients_finding("http", host, 11434, asks_for_key=False)
            self.assert_found(found, Verdict.OK, f"enter {url} as")
            self.assertNotIn("key", found.told)
        found = clients_finding("https", "::", 1, asks_for_key=True)
        self.assert_found(found, Verdict.OK, "from other machines, its name")
        self.assert_found(found, Verdict.OK, "enter https://localhost:1 as")
        self.assert_found(found, Verdict.OK, "asks for a key")
        found = clients_finding("http", "h", 0, asks_for_key=False)
        self.assert_found(found, Verdict.WARNING, "--port 0", "name a port")

    def test_browsers(self) -> None:
        """It is said under which name a browser may come, and how it could under another."""
        for names, host, told in (
            ((), "0.0.0.0", "--host-name box would let it"),  # noqa: S104
            (("box",), "0.0.0.0", "they may ask for it as box"),  # noqa: S104
            ((), "127.0.0.1", "they may ask for it as 127.0.0.1"),
            ((), "::1", "they may ask for it as ::1"),
            ((), "ai.test", "--host-name ai.test would let it"),
        ):
            found = browsers_finding(BrowserRules((), names), host, 11434, "box")
            self.assert_found(found, Verdict.OK, told)


def tags_of_ours() -> bytes:
    return tags([Model("m", "m")])
