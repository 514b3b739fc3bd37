"""Which pages in a browser may use the daemon."""

from ollamaproxy.server.browsers import Answered, BrowserRules, Passed
from tests.case import Case

LOCAL = {"host": "localhost:11434"}


def decide(
    headers: dict[str, str], method: bytes = b"POST", origins: str = "", names: str = ""
) -> Passed | Answered:
    return BrowserRules(origins.split(), names.split()).decide(method, headers)


class Programs(Case):
    def test_pass(self) -> None:
        """What no browser sent passes, whatever its Host is, and gets no headers."""
        for headers in ({}, {"host": "evil.example"}, {"host": "x", "referer": "http://evil"}):
            self.assertEqual(decide(headers), Passed())

    def test_node(self) -> None:
        """Node.js's fetch has one header of the browsers', and passes, whatever its Host is."""
        for host in ("localhost:11434", "ollama.corp.example"):
            node = {"host": host, "sec-fetch-mode": "cors"}
            self.assertEqual(decide(node), Passed())
            for more in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
                self.assertEqual(decide({**node, **more}), Answered(403))


class Origins(Case):
    def allowed(self, origin: str, **more: str) -> bool:
        verdict = decide({**LOCAL, "origin": origin}, **more)  # type: ignore[arg-type]
        if isinstance(verdict, Answered):
            self.assertEqual(verdict, Answered(403))
            return False
        return True

    def test_ollamas_own(self) -> None:
        """Pages of this machine and of desktop programs are allowed, as by Ollama."""
        for origin in (
            "http://localhost",
            "https://localhost:3000",
            "http://127.0.0.1:8080",
            "http://0.0.0.0",
            "app://obsidian.md",
            "file://",
            "tauri://localhost",
            "vscode-webview://1abc",
        ):
            self.assertTrue(self.allowed(origin), origin)

    def test_foreign(self) -> None:
        """Other pages are not, however much they look like these."""
        for origin in (
            "http://evil.example",
            "http://localhost.evil.example",
            "http://evil.example:localhost",
            "http://localhost@evil.example",
            "https://127.0.0.1.evil.example",
            "null",
            "",
            "chrome-extension://abc",
            "HTTP://LOCALHOST:1",
        ):
            self.assertFalse(self.allowed(origin), origin)

    def test_declared(self) -> None:
        """The operator may allow more, with one star each."""
        more = "https://chat.example chrome-extension://* https://*.corp.example"
        for origin, allowed in (
            ("https://chat.example", True),
            ("https://chat.example.evil", False),
            ("chrome-extension://abc", True),
            ("https://a.corp.example", True),
            ("https://a.corp.example.evil", False),
            ("https://.corp.example", True),
        ):
            self.assertEqual(self.allowed(origin, origins=more), allowed, origin)

    def test_echoed(self) -> None:
        """An allowed origin is echoed, so that the page may read the reply."""
        verdict = decide({**LOCAL, "origin": "http://localhost:3000"})
        self.assertEqual(
            verdict.headers,
            ((b"Access-Control-Allow-Origin", b"http://localhost:3000"), (b"Vary", b"Origin")),
        )

    def test_all(self) -> None:
        """A lone star allows all, and says so, but no foreign Host."""
        headers = {**LOCAL, "origin": "http://evil.example"}
        self.assertEqual(
            decide(headers, origins="*"), Passed(((b"Access-Control-Allow-Origin", b"*"),))
        )
        self.assertEqual(decide({**headers, "host": "evil.example"}, origins="*"), Answered(403))

    def test_preflight(self) -> None:
        """A preflight request is answered with what is allowed, in Ollama's words."""
        verdict = decide({**LOCAL, "origin": "app://x"}, b"OPTIONS")
        assert isinstance(verdict, Answered)
        self.assertEqual(verdict.status, 204)
        names = [name for name, _value in verdict.headers]
        self.assertEqual(names.count(b"Vary"), 3)
        told = dict(verdict.headers)
        self.assertEqual(told[b"Access-Control-Allow-Origin"], b"app://x")
        self.assertEqual(told[b"Access-Control-Max-Age"], b"43200")
        self.assertIn(b"X-Stainless-Timeout", told[b"Access-Control-Allow-Headers"])
        starred = decide({**LOCAL, "origin": "app://x"}, b"OPTIONS", "*")
        self.assertNotIn(b"Vary", dict(starred.headers))


class Hosts(Case):
    def test_rebinding(self) -> None:
        """A name that leads here by DNS rebinding is refused, though Origin and Host are equal."""
        headers = {"host": "evil.example:11434", "origin": "http://evil.example:11434"}
        self.assertEqual(decide(headers), Answered(403))
        self.assertEqual(decide({**headers, "sec-fetch-site": "same-origin"}), Answered(403))

    def test_known(self) -> None:
        """localhost, addresses and declared names are the daemon's; other names are not."""
        for host, known in (
            ("localhost", True),
            ("LOCALHOST:1", True),
            ("a.localhost:1", True),
            ("localhost.:1", True),
            ("127.0.0.1:11434", True),
            ("192.168.1.7", True),
            ("[::1]:11434", True),
            ("ollama.corp.example:443", True),
            ("OLLAMA.corp.example", True),
            ("notlocalhost", False),
            ("localhost.evil", False),
            ("127.0.0.1.evil", False),
            ("1", False),
            ("", False),
            (":11434", False),
            ("evil", False),
        ):
            verdict = decide(
                {"host": host, "origin": "http://localhost:1"}, names="ollama.corp.example"
            )
            self.assertEqual(isinstance(verdict, Passed), known, host)

    def test_same_origin(self) -> None:
        """A page that the known Host itself has sent is no other site's."""
        for host in ("192.168.1.7:11434", "ollama.corp.example"):
            for scheme in ("http", "https"):
                headers = {"host": host, "origin": f"{scheme}://{host}"}
                self.assertEqual(decide(headers, names="ollama.corp.example"), Passed())


class WithoutAnOrigin(Case):
    def test_a_user_s_own_request(self) -> None:
        """What a user typed passes, and what stays on one site; what another site caused not."""
        for site, passes in (
            ("none", True),
            ("same-origin", True),
            ("same-site", False),
            ("cross-site", False),
            ("", False),
        ):
            verdict = decide({**LOCAL, "sec-fetch-site": site}, b"GET")
            self.assertEqual(isinstance(verdict, Passed), passes, site)

    def test_any_fetch_header(self) -> None:
        """Any of the browser's headers tells that it is one."""
        self.assertEqual(decide({**LOCAL, "sec-fetch-mode": "no-cors"}), Answered(403))
