"""The page's alerts: what they say, and how partners sign them, in a real Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")
pytest.importorskip("uvicorn", reason="the service is not installed")

from page_visits import CHROMIUM, SHOTS, Visit, axe, chromium
from seeded import ASSESSED, seeded_database
from service import running

from perilune.catalogue import NewAlert, find_object, list_alerts, open_database, raise_alert
from perilune.catalogue.partners import add_partner, make_token
from perilune.service.app import PAGE, make_app
from perilune.watch.findings import findings
from perilune.watch.rules import ReleaseBy, Rule, When
from perilune.watch.wording import deciding, figures, title

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from perilune.catalogue import Database

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
    pytest.mark.skipif(
        not (PAGE / "index.html").is_file(), reason="the page has not been built: make page"
    ),
]
RULE = Rule(
    name="moon",
    when=When(body="moon", probability=1e-4),
    channels=("log",),
    release=ReleaseBy(signatures=("cnsa", "roscosmos"), channels=("public",)),
)


class Desk(NamedTuple):
    """A service with one notice that waits, one alert that was withdrawn, and two tokens."""

    address: str
    database: Database
    cnsa: str
    roscosmos: str


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("alerts") / "catalogue.db"
    seeded_database(file).close()
    return file


@pytest.fixture
def desk(seeded: Path, tmp_path: Path) -> Iterator[Desk]:
    database = open_database(str(shutil.copy(seeded, tmp_path / "catalogue.db")))
    with database.write() as connection:
        (found,) = findings(connection, RULE, ASSESSED)
        numbers = figures(found, ASSESSED)
        line = title(found, "2024 YR4")
        raise_alert(
            connection,
            NewAlert(
                object_id=found.object_id,
                rule=RULE.name,
                body="moon",
                event="changed",
                severity="warning",
                title=f"Changed: {line}",
                message={
                    "figures": numbers,
                    "changes": ["the chance rose from 1 in 26 (3.8 %) to 1 in 24 (4.2 %)"],
                    "decides": deciding(found),
                    "as_of_utc": "2026-11-01T00:00:00",
                },
                assessment_id=None,
                channels=RULE.channels,
                signers=("cnsa", "roscosmos"),
                release_channels=("public",),
            ),
        )
        raise_alert(
            connection,
            NewAlert(
                object_id=find_object(connection, "Apophis").id,
                rule="near",
                body="earth",
                event="withdrawn",
                severity="notice",
                title="Withdrawn: 99942 Apophis and the Earth, rule near",
                message={"figures": {}, "changes": ["it no longer holds"], "decides": None},
                assessment_id=None,
                channels=("log",),
            ),
        )
        tokens = {}
        for slug in ("cnsa", "roscosmos"):
            add_partner(connection, slug, slug.upper(), by="test")
            tokens[slug], _ = make_token(connection, slug, ["read", "sign"], by="test")
    with running(make_app(database)) as at:
        yield Desk(at, database, tokens["cnsa"], tokens["roscosmos"])
    database.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def _sign_in(page: Page, token: str) -> None:
    page.get_by_text("For partners").click()
    page.get_by_label("Your partner's token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Signed in for").wait_for()


def _sign(page: Page, partner: str, who: str) -> None:
    page.get_by_label(f"Who signs for {partner}").fill(who)
    page.get_by_role("button", name=f"Sign for {partner}").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_what_waits_is_shown_to_partners_alone(
    browser: Browser, desk: Desk, scheme: str, width: int
) -> None:
    visit = Visit(
        browser, desk.address, viewport={"width": width, "height": 844}, color_scheme=scheme
    )
    page = visit.open("/alerts")
    assert page.locator("h1").inner_text() == "No alert is open"
    assert "99942 Apophis" in page.get_by_role("region", name="Earlier").inner_text()
    _sign_in(page, desk.cnsa)
    page.get_by_role("heading", level=1, name="One alert is open, one to be signed").wait_for()
    card = page.get_by_role("article", name="2024 YR4 may hit the Moon")
    said = card.inner_text()
    for part in (
        "1 in 2", "95 %:", "What changed", "What would decide it", "CNSA", "Roscosmos",
        "22 Dec 2032",
    ):  # fmt: skip
        assert part in said.replace("\u202f", " "), part
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"alerts-signed-in-{scheme}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []
    visit.context.close()
    assert visit.said == []
    assert visit.refused == []


def test_two_partners_release_a_notice(browser: Browser, desk: Desk) -> None:
    first = Visit(browser, desk.address)
    page = first.open("/alerts")
    _sign_in(page, desk.cnsa)
    _sign(page, "CNSA", "A. Person")
    page.get_by_text("signed by A. Person").wait_for()
    assert page.get_by_role("button", name="Sign for CNSA").count() == 0
    assert "It goes out once Roscosmos has signed." in page.get_by_role("article").inner_text()

    second = Visit(browser, desk.address)
    other = second.open("/alerts")
    _sign_in(other, desk.roscosmos)
    assert "Yours is the last signature" in other.get_by_role("article").inner_text()
    _sign(other, "Roscosmos", "B. Person")
    other.get_by_role("heading", name="Released").wait_for()
    with desk.database.read() as connection:
        (alert,) = list_alerts(connection, release="released")
    signed = [(each.partner, each.signed_by.split(" (")[0]) for each in alert.signatures]
    assert signed == [("cnsa", "A. Person"), ("roscosmos", "B. Person")]
    for visit in (first, second):
        visit.context.close()
        assert visit.said == []


def test_a_token_stays_in_its_tab_and_out_of_the_address(browser: Browser, desk: Desk) -> None:
    visit = Visit(browser, desk.address)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    page = visit.open("/alerts")
    _sign_in(page, desk.cnsa)
    page.reload()
    page.get_by_text("Signed in for").wait_for()
    assert not [url for url in asked if desk.cnsa in url]
    assert desk.cnsa not in page.evaluate("JSON.stringify(localStorage)")
    other = visit.context.new_page()
    other.goto(desk.address + "/alerts")
    other.get_by_role("heading", level=1, name="No alert is open").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", level=1, name="No alert is open").wait_for()
    assert page.evaluate("sessionStorage.length") == 0
    visit.context.close()


def test_a_wrong_token_is_refused_in_words(browser: Browser, desk: Desk) -> None:
    visit = Visit(browser, desk.address)
    page = visit.open("/alerts")
    page.get_by_text("For partners").click()
    page.get_by_label("Your partner's token").fill("perilune_nothing")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    assert page.evaluate("sessionStorage.length") == 0
    visit.context.close()
