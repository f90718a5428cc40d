"""The API over a catalogue with assessments: risk lists, approaches, encounters, stations."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
import httpx
from seeded import SAMPLES, seeded_database
from service import running

from perilune.catalogue import Database, find_object, put_station
from perilune.service.app import make_app
from perilune.service.kept import KEPT_S, MOMENT_S

# What `perilune risk --json` promises (the charter's words).
RISK = {
    "object", "solution", "body", "impact_probability", "probability_low", "probability_high",
    "method", "samples", "palermo_cumulative", "palermo_max", "torino_max", "virtual_impactors",
}  # fmt: skip
APPROACH = {
    "object", "body", "epoch_tdb", "epoch_sigma_s", "distance_km", "distance_sigma_km",
    "speed_km_s", "b_plane",
}  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = seeded_database(tmp_path_factory.mktemp("service") / "catalogue.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[httpx.Client]:
    with (
        running(make_app(database)) as address,
        httpx.Client(base_url=address, timeout=60) as opened,
    ):
        yield opened


def _data(client: httpx.Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, response.text
    return response.json()["data"]


def test_the_risk_list_of_the_moon(client: httpx.Client) -> None:
    rows = _data(client, "/v1/risk?body=moon&min_probability=1e-6")
    assert [row["object"] for row in rows] == ["2024 YR4"]
    assert set(rows[0]) >= RISK
    assert 0.025 < rows[0]["impact_probability"] < 0.06
    assert rows[0]["samples"] == SAMPLES
    (impactor,) = rows[0]["virtual_impactors"]
    assert impactor["epoch_utc"].startswith("2032-12-22T15:")


def test_both_lists_are_sorted_by_the_palermo_scale(client: httpx.Client) -> None:
    rows = _data(client, "/v1/risk")
    assert [(row["body"], row["object"]) for row in rows][2:] == [
        ("moon", "2024 YR4"),
        ("moon", "99942 Apophis"),
    ]
    assert {row["body"] for row in rows[:2]} == {"earth"}
    assert _data(client, "/v1/risk?limit=1&body=moon")[0]["object"] == "2024 YR4"


def test_an_objects_risk_and_approaches(client: httpx.Client) -> None:
    rows = _data(client, "/v1/objects/2024%20YR4/risk?body=earth")
    assert [row["impact_probability"] for row in rows] == [0.0]
    assert rows[0]["probability_high"] > 0.0  # an upper bound, never nought
    met = _data(client, "/v1/objects/Apophis/approaches")
    assert set(met[0]) >= APPROACH
    earth = next(row for row in met if row["body"] == "earth")
    assert earth["epoch_tdb"].startswith("2029-04-13T21:46")
    assert earth["distance_km"] == pytest.approx(38_011, abs=5)
    assert _data(client, "/v1/approaches?start=2028-01-01&limit=1") == [earth]


def test_an_encounter_agrees_with_the_approach_and_the_probability(client: httpx.Client) -> None:
    scene = _data(client, "/v1/objects/2024%20YR4/encounter?body=moon&epoch=2032-12-22T15:00")
    met = _data(client, "/v1/objects/2024%20YR4/approaches?body=moon")[0]
    plane = scene["plane"]
    assert scene["distance_km"] == pytest.approx(met["distance_km"], abs=1e-3)
    assert plane["xi_km"] == pytest.approx(met["b_plane"]["xi_km"], abs=1e-3)
    assert plane["zeta_km"] == pytest.approx(met["b_plane"]["zeta_km"], abs=1e-3)
    # The path's least distance from the Moon is the approach's, as far as its steps allow.
    nearest = min(math.dist(a, b) for a, b in zip(scene["path_km"], scene["moon_km"], strict=True))
    assert met["distance_km"] - 0.2 < nearest < met["distance_km"] + 600  # rounded to 0.1 km
    # What hits lies within the disc, what does not lies outside it.
    radius = plane["impact_radius_km"]
    for (xi, zeta), hit in zip(plane["clones_km"], plane["clone_hits"], strict=True):
        assert (math.hypot(xi, zeta) < radius * (1.001 if hit else 0.999)) == bool(hit)
    hits = sum(body >= 0 for body in scene["clone_hits"])
    assert 2 <= hits <= 27  # of 300 at 4 %: within four standard deviations


def test_states_far_from_the_epoch_agree_with_the_ephemeris_of_the_page(
    client: httpx.Client,
) -> None:
    both = "start=mjd:62239.0@tdb&stop=mjd:62241.0@tdb&step_d=1&center=earth"
    data = _data(client, f"/v1/objects/Apophis/states?{both}")
    assert data["status"] == "reached"
    assert math.hypot(*data["position_km"][1]) < 800_000


def test_an_ephemeris_is_the_command_lines(client: httpx.Client) -> None:
    rows = _data(
        client,
        "/v1/objects/Apophis/ephemeris?observer=X05&start=2026-01-01&stop=2026-01-02&step=12h",
    )
    assert len(rows) == 3
    assert 0.0 <= rows[0]["ra_deg"] < 360.0
    response = client.get("/v1/objects/Apophis/ephemeris?observer=../x&start=2026&stop=2027")
    assert response.status_code == 422


def test_stations(client: httpx.Client) -> None:
    assert {row["id"] for row in _data(client, "/v1/station")} == {"gateway", "ilrs"}
    ilrs = _data(client, "/v1/station/ilrs")
    base = next(site for site in ilrs["sites"] if site["body"] == "moon")
    assert base["latitude_deg"] == pytest.approx(-89.45)
    relay = next(each for each in ilrs["orbiters"] if each["id"] == "queqiao-2")
    heights = [math.hypot(*at) - 1737.4 for at in relay["path_km"]]
    assert min(heights) == pytest.approx(200, abs=60)
    assert max(heights) == pytest.approx(16_000, rel=0.02)
    assert client.get("/v1/station/nowhere").status_code == 404


def test_the_moons_sky(client: httpx.Client) -> None:
    sky = _data(client, "/v1/station/ilrs/sky?start=2030-01-01&stop=2030-02-01&step_d=1")
    for sun, earth in zip(sky["sun_km"], sky["earth_km"], strict=True):
        assert abs(math.degrees(math.asin(sun[2] / math.hypot(*sun)))) < 1.7  # Cassini's laws
        assert earth[0] > 350_000  # the Earth stands over the near side


def test_many_who_ask_the_same_are_told_the_same_and_soon_anew(
    client: httpx.Client, database: Database
) -> None:
    address = "/v1/objects/433/risk"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.get(address).content, range(24)))
    assert len(set(answers)) == 1
    assert client.get(address).json()["data"] == []
    with database.read() as connection:
        assert find_object(connection, "433").full_name == "433 Eros"
    time.sleep(KEPT_S + 0.1)
    until_s = time.monotonic() + 5.0
    while client.get(address).content == answers[0]:  # until created_utc has moved on
        assert time.monotonic() < until_s
        time.sleep(0.05)
    assert threading.active_count() < 200


def test_what_another_process_writes_is_told_within_a_moment(
    client: httpx.Client, database: Database
) -> None:
    def add_station(number: int) -> None:
        with database.write() as connection:
            put_station(connection, f"s{number}", "S", "name: S\n", "test")

    address = "/v1/station"
    before = client.get(address).json()["data"]
    add_station(1)
    time.sleep(MOMENT_S + 0.1)  # nobody asked: what was held is too old to be told
    assert len(client.get(address).json()["data"]) == len(before) + 1
    add_station(2)
    until_s = time.monotonic() + MOMENT_S + 2.0
    while len(client.get(address).json()["data"]) < len(before) + 2:
        assert time.monotonic() < until_s
        time.sleep(0.05)
