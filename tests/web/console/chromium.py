"""A real browser for tests: Debian's chromium and chromium-driver; without them the tests are skipped."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from tests.operators.tools import tool

Chromium = Chrome
_RULES = "return axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"


@contextmanager
def chromium(language: str = "en", width: int = 1280, *, dark: bool = False) -> Iterator[Chromium]:
    """Yield a browser without a window, for a reader of this language."""
    options = ChromeOptions()
    options.binary_location = tool("chromium")
    for argument in (
        "--headless=new",
        "--no-sandbox",  # tests run as root in containers
        "--disable-dev-shm-usage",
        "--disable-gpu",
        f"--window-size={width},900",
        f"--lang={language}",
        f"--accept-lang={language}",
    ):
        options.add_argument(argument)
    if dark:
        options.add_argument("--force-dark-mode")
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options, ChromeService(tool("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def unkept_rules(driver: Chromium) -> dict[str, list[str]]:
    """Return what axe-core finds wrong with the page that is open: rules, and where they are not kept."""
    driver.execute_script(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
    found: dict[str, Any] = driver.execute_script(_RULES)
    return {one["id"]: [node["html"][:200] for node in one["nodes"]] for one in found["violations"]}


def complaints(driver: Chromium) -> list[str]:
    """Return what the browser itself complained of: refused scripts and styles, failed requests, errors."""
    entries = driver.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]
