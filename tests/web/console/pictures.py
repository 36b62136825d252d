"""Takes the guide's pictures of the console anew, in both languages, from a demo that is kept running.

`sms-bridge demo --keep` prints a link that signs in; then `python -m tests.web.console.pictures LINK`. The
machine needs a font with Chinese characters, such as Debian's fonts-wqy-microhei.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from selenium.webdriver.common.by import By

from bridge.web.console.language import LANGUAGES

from .chromium import Chromium, chromium

FOLDER = Path(__file__).parents[3] / "config" / "console"
# A desk's screen, in the size in which the guide shows it.
_SCREEN = {"width": 1280, "height": 1352, "deviceScaleFactor": 0.695, "mobile": False}
_RATES_S = 12
"""Until the live chart of rates shows more than a point."""


def main(link: str) -> Iterator[Path]:
    """Sign in by a link, and yield each picture's file when it was taken."""
    parts = urlsplit(link)
    console = f"{parts.scheme}://{parts.netloc}/console"
    with chromium() as driver:
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", _SCREEN)
        driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        driver.get(link)
        driver.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        for language in LANGUAGES:
            driver.get(f"{console}/language/{language}")
            driver.get(console)
            time.sleep(_RATES_S)
            yield _taken(driver, "overview", language)
            driver.get(f"{console}/campaigns")
            # By file, for it has every kind of end.
            named = [a for a in driver.find_elements(By.CSS_SELECTOR, "td a") if a.text.endswith("-file")]
            named[0].click()
            yield _taken(driver, "campaign", language)


def _taken(driver: Chromium, page: str, language: str) -> Path:
    file = FOLDER / f"{page}.{language}.png"
    driver.find_element(By.CSS_SELECTOR, "h1")
    assert driver.get_screenshot_as_file(str(file)), file
    return file


if __name__ == "__main__":
    for taken in main(sys.argv[1]):
        print(taken)
