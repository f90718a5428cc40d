"""Every view of the page in a real Chromium, against a running service.

No request may leave this machine, nothing may be said on the console, and axe finds no serious
fault. Screenshots are kept under build/screenshots for people to look at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")
pytest.importorskip("uvicorn", reason="the service is not installed")

from page_visits import CHROMIUM, ROOT, SHOTS, Visit, axe, chromium
from seeded import seeded_database
from service import running

from perilune.service.app import PAGE, make_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
    pytest.mark.skipif(
        not (PAGE / "index.html").is_file(), reason="the page has not been built: make page"
    ),
]
VIEWS = {
    "risk": "/risk",
    "object": "/object/2024%20YR4?t=2032-12-22T13:00Z&span=4",
    "object-safe": "/object/99942%20Apophis?t=2029-04-13T22:00Z&span=4",
    "alerts": "/alerts",
    "sky": "/sky?t=2028-08-10T20:00Z",
    "sky-orbit": "/sky/gateway?t=2028-08-10T20:00Z",
    "station": "/station?t=2031-06-01T00:00Z&span=366",
    "project": "/project",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = seeded_database(tmp_path_factory.mktemp("page") / "catalogue.db")
    with running(make_app(database)) as at:
        yield at
    database.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    made = Visit(browser, address, viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    yield made
    made.context.close()
    assert made.said == []
    assert made.refused == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_opens_without_a_fault(
    browser: Browser, address: str, view: str, scheme: str
) -> None:
    made = Visit(browser, address, viewport={"width": 1440, "height": 1000}, color_scheme=scheme)
    page = made.open(VIEWS[view])
    if view.startswith("object"):
        page.locator("canvas").nth(1).wait_for(timeout=60_000)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{view}-{scheme}.png")
    faults = axe(page)
    made.context.close()
    assert faults == []
    assert made.said == []
    assert made.refused == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_shows_it_without_scrolling_sideways(
    browser: Browser, address: str, view: str
) -> None:
    made = Visit(browser, address, viewport={"width": 390, "height": 844}, has_touch=True)
    page = made.open(VIEWS[view])
    wide = page.evaluate("document.documentElement.scrollWidth")
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{view}-phone.png", full_page=True)
    made.context.close()
    assert wide <= 390
    assert made.said == []
    assert made.refused == []


def test_the_risk_list_says_what_the_catalogue_holds(visit: Visit) -> None:
    page = visit.open("/risk")
    assert page.locator("h1").inner_text() == "One of 2 objects may hit the Moon, none the Earth."
    moon = page.get_by_role("region", name="Risk for the Moon")
    row = moon.locator("tbody tr").first
    assert "2024 YR4" in row.inner_text()
    assert "22 Dec 2032" in row.inner_text()
    page.get_by_label("Filter by name").fill("apophis")
    assert "Nothing fits the filter." in moon.inner_text()


def test_from_the_list_to_an_object_and_back(visit: Visit) -> None:
    page = visit.open("/risk")
    page.get_by_role("link", name="2024 YR4").first.click()
    page.get_by_role("heading", name="2024 YR4", level=1).wait_for()
    assert "/object/2024%20YR4" in page.url
    page.get_by_role("figure", name="Target plane of the Moon").wait_for(timeout=60_000)
    page.go_back()
    page.get_by_role("heading", level=1, name="One of").wait_for()


def test_the_time_bar_rules_and_stands_in_the_address(visit: Visit) -> None:
    page = visit.open("/object/2024%20YR4?t=2032-12-22T13:00Z&span=4")
    bar = page.get_by_role("slider", name="Time")
    bar.focus()
    before = float(bar.get_attribute("aria-valuenow") or "nan")
    page.keyboard.press("ArrowRight")
    after = float(bar.get_attribute("aria-valuenow") or "nan")
    assert after - before == pytest.approx(4 / 200, abs=1e-9)
    page.wait_for_url("**t=2032-12-22T13:29Z**", timeout=5_000)
    page.get_by_label("Time, UTC").fill("2029-04-13 21:46")
    page.keyboard.press("Enter")
    page.wait_for_url("**t=2029-04-13T21:46Z**", timeout=5_000)
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").click()
    assert float(bar.get_attribute("aria-valuenow") or "nan") > 62239.9


def test_a_chart_says_what_holds_at_the_time_bars_moment(visit: Visit) -> None:
    """The Earth's elevation was that of a point up to three days away: 4.4 degrees for 5.6."""
    page = visit.open("/station?t=2026-11-23T00:00Z")
    chart = page.get_by_role("figure", name="Sun and Earth over the base near the south pole")
    chart.locator(".key strong").nth(1).wait_for(timeout=60_000)
    said = chart.locator(".key strong").all_inner_texts()
    page.locator("main dl dd").nth(1).wait_for()
    assert said == page.locator("main dl").first.locator("dd").all_inner_texts()


def test_the_project_is_presented_with_what_the_service_says(visit: Visit) -> None:
    page = visit.open("/project")
    figures = page.locator("main dl").first
    figures.get_by_text("in contact with the Earth").wait_for(timeout=60_000)
    said = dict(
        zip(
            figures.locator("dt").all_inner_texts(), figures.locator("dd").all_inner_texts(),
            strict=True,
        )
    )  # fmt: skip
    station = page.request.get(f"{visit.address}/v1/station/ilrs").json()["data"]
    assert said["partners"] == str(len(station["partners"]))
    tonnes = sum(each["mass_kg"] or 0 for each in station["facilities"]) / 1000
    (mass,) = (value for label, value in said.items() if "facilities" in label)
    assert mass == f"{tonnes:.0f} t"
    (chance,) = (value for label, value in said.items() if "2024 YR4 on the Moon" in label)
    assert chance.startswith("1 in 2")
    table = page.get_by_role("figure", name="Facilities").locator("tbody tr:not(.place)")
    brought = [each for each in station["facilities"] if each["mass_kg"]]
    assert table.count() == len(brought)


def test_an_object_is_found_by_keyboard(visit: Visit) -> None:
    page = visit.open("/risk")
    page.get_by_role("combobox", name="Find an object").fill("apo")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="99942 Apophis", level=1).wait_for()


def test_figures_and_their_data_can_be_kept(visit: Visit) -> None:
    page = visit.open(VIEWS["object"])
    page.get_by_role("figure", name="Target plane of the Moon").wait_for(timeout=60_000)
    kept = {}
    for button in (
        "Save Target plane of the Moon: SVG",
        "Save Target plane of the Moon: JSON",
        "Save Target plane of the Moon: CSV",
        "Save The encounter: PNG",
    ):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=button).click()
        kept[button] = Path(waiting.value.path()).read_bytes()
    svg, data, table, png = kept.values()
    assert svg.startswith(b"<svg")
    assert b"var(--" not in svg
    assert json.loads(data)["impact_radius_km"] == pytest.approx(1763, abs=2)
    assert table.startswith(b"xi_km,zeta_km,is_hit\r\n")
    assert png.startswith(b"\x89PNG")


def test_an_unknown_object_says_so(browser: Browser, address: str) -> None:
    made = Visit(browser, address)
    page = made.open("/object/Nothing")
    assert "There is no object" in page.get_by_role("alert").inner_text()
    made.context.close()


def test_a_service_that_has_gone_is_said_and_can_be_asked_again(
    browser: Browser, address: str
) -> None:
    made = Visit(browser, address)
    made.context.route("**/v1/**", lambda route: route.abort())
    page = made.page
    page.goto(address + "/risk")
    assert "does not answer" in page.get_by_role("alert").first.inner_text()
    made.context.unroute("**/v1/**")
    page.get_by_role("button", name="Try again").first.click()
    page.get_by_role("heading", level=1, name="One of").wait_for(timeout=20_000)
    made.context.close()


def test_the_first_view_is_there_within_two_seconds(visit: Visit) -> None:
    visit.open("/risk")  # what the service reads for the first time
    page = visit.context.new_page()
    page.goto(visit.address + "/risk")
    page.locator("h1").filter(has_text="One of").wait_for()
    took_ms = page.evaluate("performance.now()")
    assert took_ms <= 2_000


def test_the_scripts_are_small() -> None:
    import gzip

    total = sum(len(gzip.compress(file.read_bytes())) for file in PAGE.rglob("*.js"))
    assert total <= 500_000


def test_the_lock_file_names_no_host() -> None:
    lock = json.loads((ROOT / "web/package-lock.json").read_text(encoding="utf-8"))
    assert not [name for name, held in lock["packages"].items() if "resolved" in held]
