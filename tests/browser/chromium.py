"""A headless Chromium, if this machine has one; it is started once and ends with the tests."""

import atexit
import json
import os
import shutil
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final
from unittest import SkipTest

#: How long anything on the page may take to appear, in seconds.
PATIENCE_S: Final = 20.0

#: Returns the lowest contrast between a text on the page and what is behind it,
#: and whose it is.  Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
_LOWEST_CONTRAST: Final = r"""
const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]) =>
  0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
function ground(element) {
  for (let it = element; it; it = it.parentElement) {
    const colour = parts(getComputedStyle(it).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
}
let lowest = [21, ""];
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
  if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName)) continue;
  const [one, other] = [parts(getComputedStyle(element).color), ground(element)].map(luminance);
  const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  if (contrast < lowest[0]) lowest = [contrast, texts.currentNode.data];
}
return lowest;
"""


def the_browser() -> "Browser":
    """
    Return the one browser.

    Raises:
        SkipTest: There is none, or nothing to drive it with.
    """
    outcome = _outcome_of_start()
    if isinstance(outcome, SkipTest):
        raise outcome
    return outcome


@cache
def _outcome_of_start() -> "Browser | SkipTest":
    try:
        browser = Browser()
    except SkipTest as reason:
        return reason
    atexit.register(browser.quit)
    return browser


class Browser:
    """
    A browser with one page, until it is quit.

    Attributes:
        driver: Selenium's.
    """

    def __init__(self) -> None:
        """
        Start it.

        Raises:
            SkipTest: There is none, or nothing to drive it with.
        """
        try:
            from selenium.webdriver import Chrome, ChromeOptions  # noqa: PLC0415
            from selenium.webdriver.chrome.service import Service  # noqa: PLC0415
        except ImportError:
            raise SkipTest("no selenium: pip install -e '.[browser]'") from None
        browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
        if browser is None or driver is None:
            raise SkipTest("no Chromium: apt-get install chromium chromium-driver")
        options = ChromeOptions()
        options.binary_location = browser
        for flag in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(flag)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")  # which root cannot have
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver: Any = Chrome(options=options, service=Service(driver))

    def quit(self) -> None:
        """End it."""
        self.driver.quit()

    def emulate(self, *, width: int = 1280, **features: str) -> None:
        """Have a screen so wide, and a user who prefers something, such as ``color_scheme``."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        preferences = [
            {"name": f"prefers-{name.replace('_', '-')}", "value": value}
            for name, value in features.items()
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": preferences})

    def script(self, source: str, *arguments: object) -> Any:
        """Return what a piece of JavaScript returns."""
        return self.driver.execute_script(source, *arguments)

    def text(self, selector: str) -> str:
        """Return the text of an element, hidden or not."""
        return str(self.script("return document.querySelector(arguments[0]).textContent", selector))

    def wait_for(self, what: str, holds: Callable[[], bool]) -> None:
        """
        Return as soon as something holds.

        Raises:
            AssertionError: It does not in time; the text has the page's.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > deadline_s:
                raise AssertionError(f"{what}: not on the page:\n{self.text('body')}")
            time.sleep(0.05)

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        from selenium.webdriver import ActionChains  # noqa: PLC0415

        ActionChains(self.driver).send_keys(*keys).perform()

    def lowest_contrast(self) -> tuple[float, str]:
        """Return the lowest contrast of a text on the page, and the text."""
        contrast, text = self.script(_LOWEST_CONTRAST)
        return float(contrast), str(text)

    def console(self) -> list[str]:
        """Return what was written to the console since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requested(self) -> list[str]:
        """Return the URLs that were asked for since the last call."""
        entries = (
            json.loads(it["message"])["message"] for it in self.driver.get_log("performance")
        )
        return [
            entry["params"]["request"]["url"]
            for entry in entries
            if entry["method"] == "Network.requestWillBeSent"
        ]
