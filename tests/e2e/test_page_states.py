"""The page where something is missing: an empty catalogue, a service that has gone, no token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")
pytest.importorskip("uvicorn", reason="the service is not installed")

from page_visits import CHROMIUM, SHOTS, Visit, axe, chromium
from service import running

from perilune.catalogue import add_orbits, open_database
from perilune.catalogue.partners import add_partner, make_token
from perilune.orbits import catalogue as builtin
from perilune.service.app import PAGE, make_app
from perilune.service.settings import ServiceSettings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
    pytest.mark.skipif(
        not (PAGE / "index.html").is_file(), reason="the page has not been built: make page"
    ),
]
EMPTY: Final = {
    "/risk": "Nothing has been assessed yet",
    "/alerts": "No alert has been raised",
    "/sky": "No station yet",
    "/station": "No station yet",
    "/project": "No station yet",
    "/elsewhere": "Nothing here",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = open_database(str(tmp_path_factory.mktemp("empty") / "catalogue.db"))
    with running(make_app(database)) as at:
        yield at
    database.close()


@pytest.mark.parametrize("path", EMPTY)
def test_an_empty_catalogue_says_what_fills_it(browser: Browser, empty: str, path: str) -> None:
    visit = Visit(browser, empty, viewport={"width": 390, "height": 844})
    page = visit.open(path)
    assert page.locator("h1").inner_text() == EMPTY[path]
    assert axe(page) == []
    visit.context.close()
    assert visit.said == []


@pytest.mark.parametrize("path", ["/risk", "/alerts", "/sky", "/station", "/project", "/object/X"])
def test_a_service_that_has_gone_is_said_in_every_view(
    browser: Browser, empty: str, path: str
) -> None:
    visit = Visit(browser, empty)
    visit.context.route("**/v1/**", lambda route: route.abort())
    visit.page.goto(empty + path)
    told = visit.page.get_by_role("alert").first
    told.wait_for(timeout=10_000)
    assert "does not answer" in told.inner_text()
    assert told.get_by_role("button", name="Try again").is_visible()
    visit.context.close()


def test_a_locked_service_asks_for_a_token_and_opens(browser: Browser, tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "catalogue.db"))
    with database.write() as connection:
        add_orbits(connection, builtin.orbits(), by="test")
        add_partner(connection, "cnsa", "CNSA", by="test")
        token, _ = make_token(connection, "cnsa", ["read"], by="test")
    with running(make_app(database, ServiceSettings(anonymous=False))) as at:
        visit = Visit(browser, at)
        page = visit.open("/object/Apophis")
        page.get_by_label("This service answers those with a token").fill(token)
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / "locked.png")
        assert axe(page) == []
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", level=1, name="99942 Apophis").wait_for(timeout=30_000)
        page.get_by_role("cell", name="au").first.wait_for()
        assert token not in page.url
        visit.context.close()
    database.close()


def test_brackets_leap_between_events(browser: Browser, empty: str) -> None:
    """Of approaches that the test makes up, in 2029 and 2031."""
    visit = Visit(browser, empty)

    def made_up(route: Route) -> None:
        rows = [
            {
                "object": "X", "body": "earth", "epoch_tdb": f"{year}-04-13T00:01:09.184",
                "epoch_sigma_s": 1.0, "distance_km": 1e5, "distance_sigma_km": 1.0,
                "speed_km_s": 7.0, "is_impact": False,
            }
            for year in (2029, 2031)
        ]  # fmt: skip
        route.fulfill(json={"signature": {}, "units": {}, "data": rows})

    visit.context.route("**/v1/approaches?**", made_up)
    page = visit.open("/risk?t=2027-01-01T00:00Z")
    for key, date in (("]", "2029-04-13"), ("]", "2031-04-13"), ("[", "2029-04-13")):
        page.keyboard.press(key)
        page.wait_for_url(f"**t={date}T00:00Z**", timeout=5_000)
    visit.context.close()
    assert visit.said == []


@pytest.mark.parametrize("path", ["/object/%E0%A4", "/station/%E0%A4", "/sky/%E0%A4"])
def test_an_address_with_damaged_escapes_was_an_empty_page(
    browser: Browser, empty: str, path: str
) -> None:
    visit = Visit(browser, empty)
    visit.page.goto(empty + path)
    visit.page.locator("h1:not(.hidden)").first.wait_for(timeout=10_000)
    visit.context.close()
    assert not [text for text in visit.said if "URI" in text]


def test_a_view_that_can_no_longer_be_fetched_was_an_empty_page(
    browser: Browser, empty: str
) -> None:
    visit = Visit(browser, empty)
    page = visit.open("/risk")
    visit.context.route("**/assets/**", lambda route: route.abort())
    for name in ("Alerts", "Sky", "Station", "Project"):
        page.get_by_role("navigation", name="Views").get_by_role("link", name=name).click()
        page.get_by_role("heading", level=1, name=name).wait_for(timeout=10_000)
        assert "does not answer" in page.get_by_role("alert").inner_text()
    visit.context.unroute("**/assets/**")
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("heading", level=1, name="No station yet").wait_for(timeout=20_000)
    visit.context.close()
