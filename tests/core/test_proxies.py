"""The addresses of proxies, and which gateway is reached through which."""

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.network.bypass import parse_bypass
from ollamaproxy.network.proxies import Proxies, parse_proxy, proxies_for
from ollamaproxy.network.proxy_url import parse_proxy_url
from tests.case import Case

PASSWORD = "canary-7f3a"


class URLs(Case):
    def test_addresses(self) -> None:
        """A proxy is a URL, or host and port; the port is the scheme's if there is none."""
        for text, scheme, address in (
            ("http://proxy.example.com:3128", "http", "proxy.example.com:3128"),
            ("HTTP://Proxy.Example.com:3128/", "http", "proxy.example.com:3128"),
            ("http://proxy.example.com", "http", "proxy.example.com:80"),
            ("https://proxy.example.com", "https", "proxy.example.com:443"),
            ("proxy.example.com:3128", "http", "proxy.example.com:3128"),
            ("proxy", "http", "proxy:80"),
            ("http://[2001:db8::1]:3128", "http", "[2001:db8::1]:3128"),
            ("http://the_proxy:3128", "http", "the_proxy:3128"),
        ):
            with self.subTest(text=text):
                proxy = parse_proxy_url(text)
                self.assertEqual((proxy.scheme, proxy.address), (scheme, address))
                self.assertIsNone(proxy.authorization)

    def test_user_and_password(self) -> None:
        """They are decoded, and told as RFC 7617 has it."""
        for text, authorization in (
            ("http://Aladdin:open%20sesame@p", b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("Aladdin:open%20sesame@p", b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("http://test:123%C2%A3@p", b"Basic dGVzdDoxMjPCow=="),
            ("http://test:123\u00a3@p", b"Basic dGVzdDoxMjPCow=="),
            ("http://a:b%40c:d@p", b"Basic YTpiQGM6ZA=="),
            ("http://a:b@c:d@p", b"Basic YTpiQGM6ZA=="),
            ("http://COMPANY%5Cme:x@p", b"Basic Q09NUEFOWVxtZTp4"),
            ("http://me@p", b"Basic bWU6"),
            ("http://@p", None),
        ):
            with self.subTest(text=text):
                proxy = parse_proxy_url(text)
                self.assertEqual((proxy.host, proxy.authorization), ("p", authorization))

    def test_what_is_none(self) -> None:
        """What is no address of a proxy is refused, and the password is not repeated."""
        for text, told in (
            (f"socks5://me:{PASSWORD}@p:1080", "SOCKS"),
            (f"ftp://me:{PASSWORD}@p", "neither http:// nor https://"),
            (f"http://me:{PASSWORD}@p:port", "malformed"),
            (f"http://me:{PASSWORD}@p:70000", "malformed"),
            (f"http://me:{PASSWORD}@p:0", "malformed"),
            (f"http://me:{PASSWORD}@", "malformed"),
            (f"http://me:{PASSWORD}@[::1", "malformed"),
            (f"http://me:{PASSWORD}@p r", "malformed"),
            (f"http://me:{PASSWORD}@p/pac", "path"),
            (f"http://me:{PASSWORD}@p?x", "path"),
            (f"http://me:{PASSWORD}/more@p", "malformed"),
            (f"http://me:1/{PASSWORD}@p", "path"),
            (f"http://me:1#{PASSWORD}@p", "path"),
            (f"http://me%3Ayou:{PASSWORD}@p", "colon"),
            (f"http://me:{PASSWORD}%0D%0AX@p", "control character"),
        ):
            with self.subTest(text=text):
                with self.assertRaisesRegex(InvalidSetting, told) as caught:
                    parse_proxy_url(text)
                self.assertNotIn(PASSWORD, str(caught.exception))

    def test_masked(self) -> None:
        """The password is in no repr, and is taken out of what a proxy says, in every form."""
        proxy = parse_proxy_url(f"http://me:{PASSWORD}@p:3128")
        self.assertNotIn(PASSWORD, repr(proxy))
        self.assertNotIn(PASSWORD, str(proxy.user))
        assert proxy.authorization is not None
        told = f"no: me:{PASSWORD}, {PASSWORD}, {proxy.authorization.decode()}"
        self.assertEqual(proxy.masked_in(told), "no: ***, ***, Basic ***")
        self.assertEqual(parse_proxy_url("http://me@p").masked_in("no me:"), "no ***")
        self.assertEqual(parse_proxy_url("http://p").masked_in(told), told)


class Environment(Case):
    def proxy(self, gateway: str, **environ: str) -> str | None:
        """Return the address of the proxy for a gateway at ``https://gateway.test`` and so on."""
        proxy = proxies_for([gateway], environ).proxy_to(gateway)
        return None if proxy is None else proxy.address

    def test_schemes(self) -> None:
        """Each scheme has its own variable, and ALL_PROXY is for what has none."""
        both = {"HTTP_PROXY": "http://a:1", "HTTPS_PROXY": "http://b:2", "ALL_PROXY": "http://c:3"}
        self.assertEqual(self.proxy("http://gateway.test", **both), "a:1")
        self.assertEqual(self.proxy("https://gateway.test", **both), "b:2")
        self.assertEqual(self.proxy("https://gateway.test", HTTP_PROXY="http://a:1"), None)
        self.assertEqual(self.proxy("https://gateway.test", ALL_PROXY="http://c:3"), "c:3")
        self.assertEqual(self.proxy("http://gateway.test", all_proxy="http://c:3"), "c:3")
        self.assertEqual(self.proxy("https://gateway.test"), None)

    def test_lower_case_wins(self) -> None:
        """A variable in lower case wins over the same in upper case, unless it is empty."""
        told = {"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:1"}
        self.assertEqual(self.proxy("https://gateway.test", **told), "low:1")
        told["https_proxy"] = " "
        self.assertEqual(self.proxy("https://gateway.test", **told), "up:1")
        told |= {"no_proxy": "gateway.test", "NO_PROXY": "other.test"}
        self.assertEqual(self.proxy("https://gateway.test", **told), None)

    def test_no_proxy(self) -> None:
        """What NO_PROXY names is reached without."""
        told = {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "gateway.test"}
        self.assertEqual(self.proxy("https://gateway.test", **told), None)
        self.assertEqual(self.proxy("https://other.test", **told), "p:1")

    def test_what_is_none_is_named(self) -> None:
        """A variable that names no proxy is an error that names the variable."""
        with self.assertRaisesRegex(InvalidSetting, "^ALL_PROXY: .*SOCKS") as caught:
            self.proxy("https://gateway.test", ALL_PROXY=f"socks5h://me:{PASSWORD}@p:1080")
        self.assertNotIn(PASSWORD, str(caught.exception))

    def test_only_what_is_needed_is_looked_at(self) -> None:
        """One that concerns no gateway does not matter."""
        socks = {"ALL_PROXY": "socks5://p:1080"}
        self.assertEqual(self.proxy("http://localhost", **socks), None)
        self.assertEqual(self.proxy("http://gateway.test", **socks, NO_PROXY=".test"), None)
        self.assertEqual(self.proxy("http://gateway.test", **socks, HTTP_PROXY="p:1"), "p:1")

    def test_several_gateways(self) -> None:
        """One that needs no proxy does not keep the others from having one."""
        environ = {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "near.test"}
        for urls in (["https://near.test", "https://far.test"], ["https://far.test"]):
            proxies = proxies_for(urls, environ)
            self.assertIsNotNone(proxies.proxy_for("https", "far.test", 443))
            self.assertIsNone(proxies.proxy_for("https", "near.test", 443))


class Told(Case):
    def test_wins(self) -> None:
        """A setting wins over the environment, also over a variable that is wrong."""
        environ = {"HTTPS_PROXY": "socks5://no", "NO_PROXY": "near.test"}
        proxies = proxies_for(["https://gateway.test"], environ, parse_proxy("http://told:1"))
        for scheme in ("http", "https"):
            proxy = proxies.proxy_for(scheme, "gateway.test", 443)
            assert proxy is not None
            self.assertEqual(proxy.address, "told:1")
        self.assertIsNone(proxies.proxy_for("https", "near.test", 443))

    def test_none(self) -> None:
        """``none`` turns the environment's off."""
        environ = {"HTTPS_PROXY": "http://p:1"}
        proxies = proxies_for(["https://gateway.test"], environ, parse_proxy("None"))
        self.assertEqual(proxies, Proxies())

    def test_bypass(self) -> None:
        """A setting of what needs no proxy wins over NO_PROXY."""
        environ = {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}
        told = parse_bypass("near.test")
        proxies = proxies_for(["https://far.test"], environ, told_bypass=told)
        self.assertIsNotNone(proxies.proxy_for("https", "far.test", 443))
        self.assertIsNone(proxies.proxy_for("https", "near.test", 443))
