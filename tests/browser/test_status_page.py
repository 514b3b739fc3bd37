"""The status page in a real browser: it works, stays live, and cannot be fooled."""

import json
from http.client import HTTPConnection
from typing import Final

import pytest

from tests.browser.chromium import the_browser
from tests.case import Case
from tests.processes import RunningDaemon, free_port

pytestmark = [pytest.mark.live, pytest.mark.browser]

TAB: Final = "\ue004"
ENTER: Final = "\ue007"

#: Names of models that would be markup, if a name ever became markup.
EVIL: Final = "<img src onerror>&lt;</td></table><b>evil</b>"
EVIL_ASKED: Final = "<img src=x onerror=\"document.title='evil'\"><script>alert(1)</script>"

#: Where the focus goes with the Tab key, by id or by text.
STOPS: Final = [
    *("Skip to the figures", "pause"),
    *("running", "gateways", "errors", "recent", "models"),
    *("status.json", "metrics", "healthz", "readyz"),
]


class PageCase(Case):
    """
    A daemon, and a browser that looks at its page.

    Attributes:
        gateway: The flags that say which gateway it has.
    """

    gateway: tuple[str, ...] = ("--demo",)

    def setUp(self) -> None:
        super().setUp()
        self.browser = the_browser()
        self.admin_port = free_port()
        self.daemon = self.start()
        self.browser.emulate()
        self.open()

    def start(self) -> RunningDaemon:
        admin = f"127.0.0.1:{self.admin_port}"
        alias = f"{EVIL}=demo-chat"
        daemon = RunningDaemon(*self.gateway, "--admin-listen", admin, "--alias", alias)
        self.addCleanup(daemon.stop)
        return daemon

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}/"

    def open(self) -> None:
        self.browser.console()
        self.browser.requested()
        self.browser.driver.get(self.url)
        self.wait_for_text("#link", "Live")

    def wait_for_text(self, selector: str, text: str) -> None:
        self.browser.wait_for(text, lambda: text in self.browser.text(selector))

    def chat(self, model: str = "demo-chat") -> None:
        """Ask the daemon something, and read the answer."""
        connection = HTTPConnection("127.0.0.1", self.daemon.port, timeout=20)
        self.addCleanup(connection.close)
        message = {"role": "user", "content": "Hi"}
        connection.request("POST", "/api/chat", json.dumps({"model": model, "messages": [message]}))
        connection.getresponse().read()


class ThePage(PageCase):
    def test_it_is_live(self) -> None:
        """A request through the daemon appears on the page by itself, in tables and figures."""
        self.assertIn("No request has come yet", self.browser.text("#recent"))
        self.chat()
        self.wait_for_text("#recent", "POST /api/chat")
        self.assertIn("demo-chat", self.browser.text("#recent"))
        self.assertIn("answered", self.browser.text("#recent"))
        self.wait_for_text("#models", "demo-embed")
        self.assertEqual(self.browser.text("#tiles div:nth-child(5) dd"), "1")
        drawn = "return document.querySelector('svg.plot .curve.one').getAttribute('d')"
        self.assertIn("L600.0", self.browser.script(drawn))

    def test_it_needs_nobody_else(self) -> None:
        """The page asks this daemon alone, and nothing is wrong on its console."""
        self.chat()
        self.wait_for_text("#recent", "POST /api/chat")
        asked = self.browser.requested()
        self.assertIn(self.url, asked)
        self.assertIn(self.url + "events", asked)
        elsewhere = [it for it in asked if not it.startswith((self.url, "data:"))]
        self.assertEqual(elsewhere, [])
        self.assertEqual(self.browser.console(), [])

    def test_names_are_never_markup(self) -> None:
        """A model that is called like markup is shown by that name, and makes no element."""
        self.chat(EVIL_ASKED)
        self.wait_for_text("#recent", EVIL_ASKED)
        self.wait_for_text("#models", EVIL)
        selector = "main img, main b:not(.legend b), main script"
        made = "return document.querySelectorAll(arguments[0]).length"
        self.assertEqual(self.browser.script(made, selector), 0)
        self.assertEqual(self.browser.driver.title, "ollamaproxy")
        self.assertEqual(self.browser.console(), [])

    def test_the_browser_would_not_let_it(self) -> None:
        """The policy forbids to make markup or a script of a text, should we ever do by mistake."""
        for source in (
            "document.body.innerHTML = '<b>evil</b>'",
            "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))",
        ):
            refused = self.browser.script(
                f"try {{ {source}; return 'done' }} catch (error) {{ return error.name }}"
            )
            self.assertIn(refused, {"TypeError"}, source)
        self.assertIn("Trusted", " ".join(self.browser.console()))

    def test_it_says_when_the_daemon_is_gone(self) -> None:
        """A page whose daemon is gone says so, and goes on when there is one again."""
        self.daemon.stop()
        self.wait_for_text("#link", "lost")
        self.daemon = self.start()
        self.wait_for_text("#link", "Live")
        self.chat()
        self.wait_for_text("#recent", "POST /api/chat")

    def test_it_can_be_paused(self) -> None:
        """A page that is paused stands still, for a reader who wants it to, until told to go on."""
        self.browser.press(TAB, TAB, ENTER)
        self.wait_for_text("#link", "Paused")
        self.chat()
        self.assertNotIn("POST", self.browser.text("#recent"))
        pressed = "return document.querySelector('#pause').getAttribute('aria-pressed')"
        self.assertEqual(self.browser.script(pressed), "true")
        self.browser.press(ENTER)
        self.wait_for_text("#recent", "POST /api/chat")


class WithoutAGateway(PageCase):
    gateway = ("--base-url", "http://127.0.0.1:9")

    def test_it_says_so(self) -> None:
        """While no gateway is up, the first word on the page is not that all is well."""
        self.chat()
        self.wait_for_text("#gateways", "down")
        self.wait_for_text("#state", "ready, but no gateway is up")


class ForEverybody(PageCase):
    def focus(self) -> str:
        return str(
            self.browser.script(
                "const it = document.activeElement; return it.id || it.textContent.trim()"
            )
        )

    def test_the_keyboard_reaches_all(self) -> None:
        """Tab goes through all that can be used or scrolled, in order, and one sees where it is."""
        outline = "return getComputedStyle(document.activeElement).outlineStyle"
        stops = []
        for _ in STOPS:
            self.browser.press(TAB)
            stops.append(self.focus())
            self.assertEqual(self.browser.script(outline), "solid", stops[-1])
        self.assertEqual(stops, STOPS)

    def test_the_head_can_be_skipped(self) -> None:
        """The first stop leads past the head; what comes next is the first table."""
        self.browser.press(TAB, ENTER)
        self.assertEqual(self.focus(), "main")
        self.browser.press(TAB)
        self.assertEqual(self.focus(), "running")

    def test_contrast(self) -> None:
        """In light and in dark, every text stands out from what is behind it by 4.5 to 1."""
        self.chat()
        self.chat("made-up")
        self.wait_for_text("#recent", "made-up")
        grounds = set()
        for scheme in ("light", "dark"):
            self.browser.emulate(color_scheme=scheme)
            contrast, text = self.browser.lowest_contrast()
            self.assertGreaterEqual(contrast, 4.5, f"{text} in {scheme}")
            ground = "return getComputedStyle(document.body).backgroundColor"
            grounds.add(self.browser.script(ground))
        self.assertEqual(len(grounds), 2)

    def test_narrow_and_wide(self) -> None:
        """On a telephone and on a wide screen nothing sticks out to the side, nor hides there."""
        self.chat(EVIL_ASKED)
        self.wait_for_text("#recent", EVIL_ASKED)
        for width in (360, 1600):
            self.browser.emulate(width=width)
            wide = "return document.documentElement.scrollWidth"
            self.assertLessEqual(self.browser.script(wide), width)
            hidden = """
              return [...document.querySelectorAll(".scroll, figure, .tiles div")]
                .filter((it) => it.scrollWidth > it.clientWidth).map((it) => it.textContent)
            """
            self.assertEqual(self.browser.script(hidden), [])

    def test_motion(self) -> None:
        """Who prefers less motion gets none."""
        moving = "return document.getAnimations().length"
        self.assertEqual(self.browser.script(moving), 1)
        self.browser.emulate(reduced_motion="reduce")
        self.assertEqual(self.browser.script(moving), 0)

    def test_it_has_names_for_all(self) -> None:
        """Each plot, table and region has a name for those who hear the page."""
        nameless = """
          return [...document.querySelectorAll("svg[role=img], table, [role=region], figure")]
            .filter((it) => !it.getAttribute("aria-label") && !it.getAttribute("aria-labelledby"))
            .map((it) => it.outerHTML)
        """
        self.assertEqual(self.browser.script(nameless), [])
        said = self.browser.script("return document.querySelector('svg.plot').ariaLabel")
        self.assertRegex(said, r"\Aall: .*highest in ten minutes")
