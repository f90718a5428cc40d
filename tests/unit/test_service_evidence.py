"""Residuals, corridors, orbits and sensors through the API, against what they are made of."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
import httpx
from fitted import fitted_database
from service import running
from watching import observed

from perilune.astrometry import parse_observations
from perilune.catalogue import Database, submit_observations
from perilune.catalogue.fits import fits_of
from perilune.catalogue.objects import find_object
from perilune.service.app import make_app
from perilune.service.kept import MOMENT_S
from perilune.service.settings import ServiceSettings


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The seeded catalogue, and an object with observations that a cycle has fitted."""
    opened = fitted_database(tmp_path_factory.mktemp("evidence") / "catalogue.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[httpx.Client]:
    app = make_app(database, ServiceSettings(works=False))
    with running(app) as address, httpx.Client(base_url=address, timeout=120) as opened:
        yield opened


def _data(client: httpx.Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, response.text
    return response.json()["data"]


def test_residuals_are_those_of_the_fit(client: httpx.Client, database: Database) -> None:
    found = _data(client, "/v1/objects/2030%20AB1/residuals")
    with database.read() as connection:
        (fit,) = fits_of(connection, find_object(connection, "2030 AB1").id)
    assert found["fit"]["is_current"]
    assert (found["fit"]["used"], len(found["rows"])) == (fit.used, 15)
    used = [row for row in found["rows"] if row["is_used"]]
    assert len(used) == fit.used
    squares = [row[f"{k}_residual_arcsec"] ** 2 for row in used for k in ("ra", "dec")]
    # Made again from its own orbit, the fit moves by less than a thousandth of a sigma.
    assert math.sqrt(sum(squares) / len(squares)) == pytest.approx(fit.rms_arcsec, rel=1e-4)
    chi2 = sum(row["chi2"] for row in used) / (2 * len(used) - 6)
    assert chi2 == pytest.approx(fit.chi2_reduced, rel=1e-4)
    assert all(row["delay_residual_us"] is None for row in used)
    table = client.get("/v1/objects/2030%20AB1/residuals", headers={"Accept": "text/csv"})
    assert len(table.text.splitlines()) == 16
    # A new observation is not of this fit.
    more = observed("2030 AB1", 6).encode()
    with database.write() as connection:
        submit_observations(connection, more, parse_observations(more, "more.psv"), "test")
    time.sleep(MOMENT_S + 0.1)  # for so long the old answer may be told
    again = _data(client, "/v1/objects/2030%20AB1/residuals")
    assert not again["fit"]["is_current"]
    assert again["rows"] == found["rows"]


def test_what_has_no_observations_has_no_residuals(client: httpx.Client) -> None:
    response = client.get("/v1/objects/Apophis/residuals")
    assert response.status_code == 404
    assert "Apophis" in response.json()["detail"]


def test_a_corridor_holds_what_the_assessment_counted(client: httpx.Client) -> None:
    scene = _data(client, "/v1/objects/2024%20YR4/corridor?body=moon")
    (risk,) = _data(client, "/v1/objects/2024%20YR4/risk?body=moon")
    (impactor,) = risk["virtual_impactors"]
    # The same clones by the same seed.
    assert scene["orbits"] == risk["samples"]
    assert scene["hits"] == round(risk["impact_probability"] * risk["samples"])
    assert scene["epoch_utc"] == impactor["epoch_utc"]
    assert scene["entry"]["low"] < impactor["epoch_utc"] < scene["entry"]["high"]
    features = scene["corridor"]["features"]
    assert [each["properties"].get("sigma") for each in features] == [None, 1, 2, 3]
    # The mean of the places is the impactor's.
    x = [math.cos(math.radians(b)) * math.cos(math.radians(a)) for a, b, _ in scene["points"]]
    y = [math.cos(math.radians(b)) * math.sin(math.radians(a)) for a, b, _ in scene["points"]]
    mean_deg = math.degrees(math.atan2(sum(y), sum(x)))
    assert mean_deg == pytest.approx(impactor["longitude_deg"], abs=1e-6)
    response = client.get("/v1/objects/2024%20YR4/corridor?body=earth")
    assert response.status_code == 404


def test_orbits_of_a_station(client: httpx.Client) -> None:
    (gateway,) = _data(client, "/v1/station/gateway/orbits?days=30")
    assert gateway["family"] == "nrho"
    assert gateway["period_d"] == pytest.approx(6.56, abs=0.02)  # 9:2 with the synodic month
    assert gateway["station_keeping_m_s_year"] is None
    assert client.get("/v1/station/gateway/orbits?samples=1000").status_code == 422


def test_sensors_say_what_they_see_and_why_not(client: httpx.Client) -> None:
    address = "/v1/station/ilrs/sensors?all=true&epoch=2028-12-10T00:00"
    rows = _data(client, address)
    names = list(dict.fromkeys(row["element"] for row in rows))
    assert {"base", "kashgar", "queqiao-2"} <= set(names)
    assert {row["object"] for row in rows} == {"2024 YR4", "99942 Apophis"}
    for row in rows:
        assert row["visible"] == (row["reason"] == "")
        if row["place"] == "orbit":
            assert row["altitude_deg"] is None
        else:
            assert row["is_up"] == (row["altitude_deg"] > row["horizon_deg"])
        if row["place"] == "earth":
            assert row["is_dark"] == (row["sun_altitude_deg"] < -12.0)
    # With others the rest of the catalogue follows, while there is room; also when none is near.
    more = _data(client, address + "&others=true&limit=3")
    assert list(dict.fromkeys(row["object"] for row in more))[:2] == ["2024 YR4", "99942 Apophis"]
    assert len({row["object"] for row in more}) == 3
    late = "/v1/station/ilrs/sensors?epoch=2050-01-01&others="
    assert _data(client, late + "false") == []
    assert _data(client, late + "true&limit=1")
    # What ends that day is seen until it does: 2024 BX1 hit at 00:33.
    day = "/v1/station/ilrs/sensors?all=true&others=true&limit=20&epoch=2024-01-21T"
    for clock, status in (("00:10", True), ("02:00", False)):
        held = {row["status"] for row in _data(client, day + clock) if row["object"] == "2024 BX1"}
        assert ("reached" in held) == status, clock
    only = _data(client, address + "&limiting_magnitude=-5")
    assert not any(row["visible"] for row in only)
    assert all("fainter" in row["reason"] for row in only)
