"""What tests of the page share: a Chromium, a page that may not leave this machine, and axe."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT: Final = Path(__file__).resolve().parents[2]
AXE: Final = ROOT / "web/node_modules/axe-core/axe.min.js"
SHOTS: Final = ROOT / "build/screenshots"
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
# WebGL in software says how slow it is; that is no fault of the page.
_OF_THE_DRIVER: Final = ("GPU stall", "GL Driver")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; without a graphics card WebGL is drawn in software."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        yield opened
        opened.close()


class Visit:
    """One page that refuses to leave this machine and remembers what went wrong."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self.address = address
        self.refused: list[str] = []
        self._said: list[str] = []
        self.context = browser.new_context(**options)
        self.context.route("**/*", self._guard)
        self.page: Page = self.context.new_page()
        self.page.on(
            "console",
            lambda m: self._said.append(m.text) if m.type in ("error", "warning") else None,
        )
        self.page.on("pageerror", lambda error: self._said.append(str(error)))

    @property
    def said(self) -> list[str]:
        """Errors and warnings of the console."""
        return [text for text in self._said if not any(part in text for part in _OF_THE_DRIVER)]

    def _guard(self, route: Any) -> None:
        if route.request.url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.refused.append(route.request.url)
            route.abort()

    def open(self, path: str) -> Page:
        """Go there, and wait until nothing more is asked for."""
        self.page.goto(self.address + path)
        self.page.locator("h1:not(.hidden)").first.wait_for(timeout=30_000)
        self.page.wait_for_load_state("networkidle", timeout=60_000)
        return self.page


def axe(page: Page) -> list[str]:
    """The serious faults of accessibility that axe finds."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed in web/node_modules")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{fault['id']}: {fault['nodes'][0]['html'][:160]}"
        for fault in result["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
