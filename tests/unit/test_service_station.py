"""Timelines, paths and columns of elements through the API, against what they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
import httpx
from seeded import STATIONS
from service import running

from perilune.catalogue import add_orbits, open_database, put_station
from perilune.errors import InputError
from perilune.orbits import catalogue as builtin
from perilune.orbits.conversion import with_elements
from perilune.orbits.elements import CometaryElements
from perilune.service import station_scene
from perilune.service.app import make_app
from perilune.service.settings import ServiceSettings
from perilune.station.links import station_links
from perilune.station.power import station_power
from perilune.station.reading import read_station
from perilune.times import parse_epoch

SPAN = "start=2030-01-10&stop=2030-01-13"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    database = open_database(str(tmp_path_factory.mktemp("station") / "catalogue.db"))
    with database.write() as connection:
        add_orbits(connection, builtin.orbits(), by="test")
        text = (STATIONS / "ilrs.yaml").read_text(encoding="utf-8")
        put_station(connection, "ilrs", "ILRS", text, "test")
    app = make_app(database, ServiceSettings(works=False))
    with running(app) as address, httpx.Client(base_url=address, timeout=120) as opened:
        yield opened
    database.close()


def _data(client: httpx.Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, response.text
    return response.json()["data"]


def test_a_timeline_is_what_its_sums_are_made_of(client: httpx.Client) -> None:
    found = _data(client, f"/v1/station/ilrs/timeline?{SPAN}&step_d=0.002")
    assert found["failures"] == []
    count = len(found["epochs_mjd_tdb"])
    assert count == 1501
    start, stop = parse_epoch("2030-01-10"), parse_epoch("2030-01-13")
    station = read_station(STATIONS / "ilrs.yaml")
    links = {
        (each.a, each.b, each.via): each
        for each in station_links(station, start, stop, step_d=0.002)
    }
    for row in found["links"]:
        assert len(row["visible"]) == count
        share = links[row["a"], row["b"], tuple(row["via"])].visible_fraction
        assert np.mean(row["visible"]) == pytest.approx(share, abs=0.01)  # their ends count half
    assert len(found["links"]) == len(links)
    power = {each.element: each for each in station_power(station, start, stop, step_d=0.002)}
    for row in found["power"]:
        mean = power[row["element"]].supply_w
        assert np.mean(row["supply_w"]) == pytest.approx(mean, rel=0.01, abs=1.0)
    (base,) = [row for row in found["light"] if row["site"] == "base"]
    assert all(0.0 <= share <= 1.0 for share in base["sun_fraction"])
    assert max(map(abs, base["sun_elevation_deg"])) < 2.2  # at the pole, by Cassini's laws
    assert max(map(abs, base["earth_elevation_deg"])) < 8.0


@pytest.mark.parametrize(
    "query",
    [
        "start=2030-01-10&stop=2030-01-10",
        "start=2030-01-10&stop=2030-01-11&step_d=2",
        "start=2030-01-10&stop=2032-01-11&step_d=1",
        "start=2030-01-10&stop=2030-02-10&step_d=0.001",
    ],
)
def test_spans_that_are_none(client: httpx.Client, query: str) -> None:
    assert client.get(f"/v1/station/ilrs/timeline?{query}").status_code == 422


def test_paths_from_an_epoch_on(client: httpx.Client) -> None:
    station = _data(client, "/v1/station/ilrs")
    paths = _data(client, "/v1/station/ilrs/paths?epoch=2030-01-01")
    for own, row in zip(station["orbiters"], paths, strict=True):
        assert row["orbiter"] == own["id"]
        assert row["path_km"] == own["path_km"]  # the epoch of both files' orbits
    later = _data(client, "/v1/station/ilrs/paths?epoch=2030-01-02T06:00")
    assert later[0]["path_km"] != paths[0]["path_km"]
    assert later[0]["epoch_mjd_tdb"] == pytest.approx(parse_epoch("2030-01-02T06:00"))


def test_elements_of_many_objects(client: httpx.Client) -> None:
    found = _data(client, "/v1/elements")
    count = len(found["objects"])
    assert all(len(column) == count for column in found.values())
    for name in ("99942 Apophis", "1P/Halley", "433 Eros"):
        row = found["objects"].index(name)
        orbit = with_elements(builtin.find(name), CometaryElements)
        elements = orbit.elements
        assert isinstance(elements, CometaryElements)
        assert found["perihelion_au"][row] == pytest.approx(elements.perihelion_distance_au)
        period_d = 365.25 * (elements.perihelion_distance_au / (1 - elements.eccentricity)) ** 1.5
        miss = found["perihelion_mjd_tdb"][row] - float(elements.perihelion_mjd_tdb)
        # The same passage, or another one of whole revolutions: the angles' unit tells to 1e-4 d.
        assert abs(miss - period_d * round(miss / period_d)) < 0.02
    table = client.get("/v1/elements?limit=2", headers={"Accept": "text/csv"}).text
    assert len(table.splitlines()) == 3


def test_what_a_station_file_names_beside_it_is_found(tmp_path: Path) -> None:
    file = tmp_path / "station.yaml"
    document = "name: Test\norbiters:\n  - {id: relay, oem: relay.oem}\n"
    file.write_text(document)
    (tmp_path / "relay.oem").touch()
    with pytest.raises(InputError, match="not there"):
        station_scene.parsed(document)
    assert station_scene.know_file(file) == document
    assert station_scene.parsed(document).folder == tmp_path
