"""Every figure of the page can be kept with its data, and says what the API says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")
pytest.importorskip("uvicorn", reason="the service is not installed")

from fitted import fitted_database
from page_visits import CHROMIUM, SHOTS, Visit, axe, chromium
from playwright.sync_api import TimeoutError as NothingCame
from service import running

from perilune.service.app import PAGE, make_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
    pytest.mark.skipif(
        not (PAGE / "index.html").is_file(), reason="the page has not been built: make page"
    ),
]
OBJECT: Final = "/object/2024%20YR4?t=2032-12-22T13:00Z&span=4"
FITTED: Final = "/object/2030%20AB1?t=2023-03-01T00:00Z&span=366"
STATION: Final = "/station?t=2031-06-10T00:00Z&span=30"
SKY: Final = "/sky?t=2028-08-10T20:00Z"
TABLES: Final = ("Orbit", "Lines of sight", "Facilities")
SIGNATURES: Final = {"PNG": b"\x89PNG", "SVG": b"<svg", "JSON": b"{"}


# A figure offers to be kept what has been computed; one without data says so, and tables have no
# picture.
ALL_DRAWN = """() => !document.querySelector("figure .waiting")
    && [...document.querySelectorAll("figure")].every((figure) => {
    const title = figure.getAttribute("aria-label");
    const kinds = [...figure.querySelectorAll(".saves button")].map((each) => each.textContent);
    const isTable = ["Orbit", "Lines of sight", "Facilities"].includes(title);
    return title === "Residuals of the orbit"
        || (kinds.includes("CSV") && (isTable || kinds.includes("PNG") || kinds.includes("SVG")));
})"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The seeded catalogue, and an object with observations that a cycle has fitted."""
    database = fitted_database(tmp_path_factory.mktemp("figures") / "catalogue.db")
    with running(make_app(database)) as at:
        yield at
    database.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    made = Visit(browser, address, viewport={"width": 1280, "height": 800}, accept_downloads=True)
    yield made
    made.context.close()
    assert made.said == []
    assert made.refused == []


def _kept(page: Page, button: str) -> bytes:
    """What a press of the button saves; pressed again if nothing comes, as a visitor would.

    Where pictures are drawn without a graphics card the browser is seconds behind at times, and a
    press in such a moment is lost now and then; three in a row are the page's fault.
    """
    for press in (1, 2, 3):
        try:
            with page.expect_download(timeout=20_000) as waiting:
                page.get_by_role("button", name=button, exact=True).click()
            return Path(waiting.value.path()).read_bytes()
        except NothingCame as error:
            error.add_note(f"after press {press} of {button!r} on {page.url}")
            if press == 3:
                raise
    raise AssertionError("not reached")


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


@pytest.mark.parametrize("path", ["/risk", OBJECT, STATION, SKY, "/project"])
def test_every_figure_is_kept_with_its_data(visit: Visit, path: str) -> None:
    page = visit.open(path)
    page.wait_for_timeout(1_000)
    page.wait_for_function(ALL_DRAWN, timeout=60_000)
    figures = page.locator("figure")
    titles = [figures.nth(k).get_attribute("aria-label") or "" for k in range(figures.count())]
    assert titles
    buttons = page.locator("figure .saves button")
    names = [buttons.nth(k).get_attribute("aria-label") or "" for k in range(buttons.count())]
    for title in titles:
        kinds = {name.rsplit(": ", 1)[1] for name in names if name.startswith(f"Save {title}: ")}
        if not kinds:  # a figure without anything to show says so
            assert title == "Residuals of the orbit"
            continue
        assert "CSV" in kinds, title
        assert kinds & {"PNG", "SVG"} or title in TABLES, title
    for name in names:
        content = _kept(page, name)
        kind = name.rsplit(": ", 1)[1]
        if kind == "CSV":
            assert _rows(content), name
            assert b"undefined" not in content, name
        else:
            assert content.startswith(SIGNATURES[kind]), name
            assert b"var(--" not in content, name


def test_the_corridor_is_drawn_where_the_impacts_are(visit: Visit) -> None:
    page = visit.open(OBJECT)
    title = "Where on the Moon it may fall"
    figure = page.get_by_role("figure", name=title)
    figure.locator("circle.point").first.wait_for(state="attached", timeout=60_000)
    rows = _rows(_kept(page, f"Save {title}: CSV"))
    assert figure.locator("circle.point").count() == len(rows) > 50
    asked = page.request.get(f"{visit.address}/v1/objects/2024%20YR4/risk?body=moon").json()[
        "data"
    ][0]["virtual_impactors"][0]
    latitudes = [float(row["latitude_deg"]) for row in rows]
    assert min(latitudes) <= asked["latitude_deg"] <= max(latitudes)
    assert "Base near the south pole" in (figure.text_content() or "")


def test_residuals_of_a_fitted_orbit(visit: Visit) -> None:
    page = visit.open(FITTED)
    figure = page.get_by_role("figure", name="Residuals of the orbit")
    figure.locator("canvas").wait_for(timeout=60_000)
    data = page.request.get(f"{visit.address}/v1/objects/2030%20AB1/residuals").json()["data"]
    assert f"{data['fit']['used']} observations used" in figure.inner_text()
    rows = _rows(_kept(page, "Save Residuals of the orbit: CSV"))
    kept = [float(row["Right ascension"]) for row in rows if row["is_used"] == "true"]
    told = [row["ra_residual_arcsec"] for row in data["rows"] if row["is_used"]]
    assert kept == pytest.approx(told, abs=1e-9)
    SHOTS.mkdir(parents=True, exist_ok=True)
    figure.screenshot(path=SHOTS / "residuals.png")
    assert axe(page) == []


def test_an_orbit_that_others_published_has_no_residuals(visit: Visit) -> None:
    page = visit.open(OBJECT)
    figure = page.get_by_role("figure", name="Residuals of the orbit")
    assert "published elsewhere" in figure.inner_text()


def test_the_sky_is_that_of_the_time_bar(visit: Visit) -> None:
    page = visit.open(SKY)
    chart = page.get_by_role("figure", name="The sky over the base near the south pole")
    assert "10 Aug 2028, 20:00 UTC" in chart.inner_text()
    page.get_by_label("Time, UTC").fill("2028-08-20 20:00")
    page.keyboard.press("Enter")
    chart.get_by_text("20 Aug 2028, 20:00 UTC").wait_for(timeout=10_000)
    rows = _rows(_kept(page, "Save The sky over the base near the south pole: CSV"))
    told = page.request.get(
        f"{visit.address}/v1/station/ilrs/sensors?epoch=2028-08-20T20:00&all=true&others=true&limit=20"
    ).json()["data"]
    mine = {row["object"]: row for row in told if row["element"] == "base"}
    for row in rows:
        assert float(row["altitude_deg"]) == pytest.approx(mine[row["object"]]["altitude_deg"])
    page.get_by_label("From").select_option("kashgar")
    page.get_by_role("figure", name="The sky over Kashi deep-space station, 35 m").wait_for()


@pytest.mark.parametrize("element", ["kashgar", "bear-lakes", "base"])
def test_the_page_places_the_sun_as_the_service_does(visit: Visit, element: str) -> None:
    """The page turns directions to the horizon by itself; the service has the whole reduction.

    The tolerance is half of the page's last digit, 0.1 deg, and a hundredth for what the page
    leaves out: nutation and UT1 - UTC.
    """
    page = visit.open(SKY)
    page.get_by_label("From").select_option("ilrs-5-telescope" if element == "base" else element)
    page.wait_for_timeout(300)
    cells = page.locator("table.few tr", has_text="Sun").locator("td").all_inner_texts()
    shown = float(cells[1].replace("−", "-").rstrip("°"))
    told = page.request.get(
        f"{visit.address}/v1/station/ilrs/sensors?epoch=2028-08-10T20:00&all=true&limit=40"
    ).json()["data"]
    (expected,) = {row["sun_altitude_deg"] for row in told if row["element"] == element}
    assert shown == pytest.approx(expected, abs=0.06)


def test_lines_of_sight_are_those_of_the_service(visit: Visit) -> None:
    page = visit.open(STATION)
    figure = page.get_by_role("figure", name="Lines of sight")
    figure.get_by_text("in sight").first.wait_for(timeout=30_000)
    told = page.request.get(
        f"{visit.address}/v1/station/ilrs/links?start=2031-06-10T00:00&stop=2031-06-10T00:02"
    ).json()["data"]
    (direct,) = (link for link in told if (link["a"], link["b"]) == ("base", "queqiao-2"))
    row = figure.locator("tr", has_text="Base near the south pole – Queqiao-2").first
    assert ("in sight" in row.inner_text()) == (direct["visible_fraction"] > 0.5)


def test_timelines_are_those_of_the_service(visit: Visit) -> None:
    page = visit.open(STATION)
    page.get_by_role("figure", name="Power").locator("canvas").wait_for(timeout=60_000)
    sights = _rows(_kept(page, "Save Who sees whom: CSV"))
    asked = page.request.get(
        f"{visit.address}/v1/station/ilrs/timeline?start=mjd:{sights[0]['epoch_mjd_tdb']}@tdb"
        f"&stop=mjd:{sights[-1]['epoch_mjd_tdb']}@tdb"
        f"&step_d={float(sights[1]['epoch_mjd_tdb']) - float(sights[0]['epoch_mjd_tdb'])}"
    ).json()["data"]
    (direct,) = (
        each
        for each in asked["links"]
        if (each["a"], each["b"], each["via"]) == ("base", "queqiao-2", [])
    )
    shown = [int(row["Base near the south pole – Queqiao-2"]) for row in sights]
    assert 0 < sum(shown) < len(shown)
    # The last step may fall on either side of the end.
    assert abs(len(shown) - len(direct["visible"])) <= 1
    assert shown[:-2] == direct["visible"][: len(shown) - 2]
    power = _rows(_kept(page, "Save Power: CSV"))
    assert max(float(row["drawn"]) for row in power) == pytest.approx(42_000)


def test_still_for_those_who_want_no_motion(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, reduced_motion="reduce")
    page = visit.open(OBJECT)
    page.wait_for_timeout(500)
    running_ones = page.evaluate("document.getAnimations().length")
    before = page.get_by_role("slider", name="Time").get_attribute("aria-valuenow")
    page.wait_for_timeout(500)
    assert running_ones == 0
    assert page.get_by_role("slider", name="Time").get_attribute("aria-valuenow") == before
    visit.context.close()


def test_the_whole_object_by_keyboard(visit: Visit) -> None:
    """Tab reaches the pictures and every button, each with a name and a visible focus."""
    page = visit.open(OBJECT)
    seen: list[str] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        found = json.loads(
            page.evaluate(
                "JSON.stringify([document.activeElement.tagName,"
                " document.activeElement.getAttribute('aria-label')"
                " || document.activeElement.innerText || document.activeElement.title,"
                " getComputedStyle(document.activeElement).outlineStyle])"
            )
        )
        if found[0] == "BODY":
            break
        assert found[1], found
        assert found[2] != "none", found
        seen.append(f"{found[0]} {found[1]}")
    assert any(each.startswith("CANVAS 2024 YR4 passing the Earth") for each in seen)
    assert any("Save Where on the Moon it may fall: SVG" in each for each in seen)
