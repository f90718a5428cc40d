"""Pictures in three dimensions move at 20 frames a second or more without a graphics card."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")
pytest.importorskip("uvicorn", reason="the service is not installed")

from page_visits import CHROMIUM, Visit, chromium
from seeded import seeded_database
from service import running

from perilune.service.app import PAGE, make_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
    pytest.mark.skipif(
        not (PAGE / "index.html").is_file(), reason="the page has not been built: make page"
    ),
]
FLOOR: Final = 20.0  # frames a second
WINDOW_MS: Final = 1500
TRIES: Final = 5
MANY: Final = 2_000
# Turned by a key at every frame, or played by the time bar, as fast as frames come.
_MOVE: Final = """async ([name, window, play]) => {
  const canvas = document.querySelector(`figure[aria-label="${name}"] canvas`);
  canvas.scrollIntoView({block: 'center'});
  if (play) document.querySelector('button[aria-label="Play"]')?.click();
  await new Promise((done) => setTimeout(done, 400));
  return await new Promise((done) => {
    const began = performance.now();
    let frames = 0;
    const frame = () => {
      const passed = performance.now() - began;
      if (passed >= window) {
        if (play) document.querySelector('button[aria-label="Pause"]')?.click();
        return done((1000 * frames) / passed);
      }
      frames++;
      if (!play) {
        canvas.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}));
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = seeded_database(tmp_path_factory.mktemp("speed") / "catalogue.db")
    with running(make_app(database)) as at:
        yield at
    database.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def _frames_per_s(page: Page, figure: str, *, play: bool) -> float:
    """The best of some windows: what else the machine does is not what is measured."""
    page.locator(f'figure[aria-label="{figure}"] canvas').wait_for(timeout=60_000)
    best = 0.0
    for _ in range(TRIES):
        best = max(best, page.evaluate(_MOVE, [figure, WINDOW_MS, play]))
        if best >= FLOOR:
            return best
    if os.getloadavg()[0] > 1.5 * (os.cpu_count() or 1):
        pytest.skip(f"the machine is busy with other work: {best:.0f} frames a second")
    return best


@pytest.mark.parametrize("play", [False, True], ids=["turned", "played"])
@pytest.mark.parametrize(
    ("path", "figure"),
    [
        ("/station?t=2031-06-01T00:00Z&span=30", "The Moon"),
        ("/object/2024%20YR4?t=2032-12-22T13:00Z&span=4", "In the solar system"),
    ],
)
def test_a_picture_moves_smoothly(
    browser: Browser, address: str, path: str, figure: str, play: bool
) -> None:
    visit = Visit(browser, address, viewport={"width": 1280, "height": 800})
    found = _frames_per_s(visit.open(path), figure, play=play)
    visit.context.close()
    assert found >= FLOOR


@pytest.mark.parametrize("play", [False, True], ids=["turned", "played"])
def test_two_thousand_clones_move_smoothly(browser: Browser, address: str, play: bool) -> None:
    """The service's own encounter with its 300 clones repeated up to 2,000."""
    visit = Visit(browser, address, viewport={"width": 1280, "height": 800})

    def more(route: Route) -> None:
        answer = route.fetch()
        whole = answer.json()
        scene = whole["data"]
        for name in ("clones_km", "clone_hits"):
            held = scene[name]
            scene[name] = (
                [_repeated(each) for each in held] if name == "clones_km" else _repeated(held)
            )
        route.fulfill(response=answer, body=json.dumps(whole))

    visit.context.route("**/encounter?**", more)
    page = visit.open("/object/2024%20YR4?t=2032-12-22T13:00Z&span=4")
    found = _frames_per_s(page, "The encounter", play=play)
    visit.context.close()
    assert found >= FLOOR


@pytest.mark.parametrize("play", [False, True], ids=["turned", "played"])
def test_two_thousand_objects_move_smoothly(browser: Browser, address: str, play: bool) -> None:
    """Orbits like those of near-Earth objects, drawn at random, in place of the catalogue's."""
    visit = Visit(browser, address, viewport={"width": 1280, "height": 800})
    chance = random.Random(2_000)

    def many(low: float, high: float) -> list[float]:
        return [chance.uniform(low, high) for _ in range(MANY)]

    def synthetic(route: Route) -> None:
        answer = route.fetch()
        whole = answer.json()
        whole["data"] = {
            "objects": [f"2030 A{k}" for k in range(MANY)],
            "epoch_mjd_tdb": [61000.0] * MANY,
            "perihelion_au": many(0.2, 1.3),
            "eccentricity": many(0.05, 0.9),
            "inclination_deg": many(0.0, 40.0),
            "node_deg": many(0.0, 360.0),
            "argument_of_perihelion_deg": many(0.0, 360.0),
            "perihelion_mjd_tdb": many(60500.0, 61500.0),
        }
        route.fulfill(response=answer, body=json.dumps(whole))

    visit.context.route("**/v1/elements?**", synthetic)
    page = visit.open("/risk")
    found = _frames_per_s(page, "The catalogue about the Sun", play=play)
    assert "2\u202f000 objects" in page.locator("figure").last.inner_text()
    visit.context.close()
    assert visit.said == []
    assert found >= FLOOR


def _repeated(rows: list[Any]) -> list[Any]:
    return (rows * (MANY // len(rows) + 1))[:MANY]


def test_a_long_risk_list_is_there_within_two_seconds(browser: Browser, address: str) -> None:
    """A thousand rows for each body, as many as the service gives, half of them with a chance."""
    visit = Visit(browser, address, viewport={"width": 1280, "height": 800})

    def many(route: Route) -> None:
        answer = route.fetch()
        whole = answer.json()
        rows = {row["body"]: row for row in whole["data"] if row["impact_probability"] > 0}
        seed = rows["moon"]
        whole["data"] = [
            seed
            | {"object": f"2030 X{k}", "body": body}
            | ({} if k % 2 else {"impact_probability": 0.0, "virtual_impactors": []})
            for body in ("earth", "moon")
            for k in range(1000)
        ]
        route.fulfill(response=answer, body=json.dumps(whole))

    visit.open("/risk")  # what the service reads for the first time
    visit.context.route("**/v1/risk", many)
    visit.context.route("**/risk?history=true", lambda route: route.abort())
    page = visit.context.new_page()
    page.goto(visit.address + "/risk")
    page.locator("h1").filter(has_text="500 of 1").wait_for()
    took_ms = page.evaluate("performance.now()")
    moon = page.get_by_role("region", name="Risk for the Moon")
    assert moon.locator("tbody tr").count() == 50
    moon.get_by_role("button", name="Show all 500").click()
    assert moon.locator("tbody tr").count() == 500
    visit.context.close()
    if took_ms > 2_000 and os.getloadavg()[0] > 1.5 * (os.cpu_count() or 1):
        pytest.skip(f"the machine is busy with other work: {took_ms:.0f} ms")
    assert took_ms <= 2_000
