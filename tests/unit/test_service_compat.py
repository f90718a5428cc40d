"""`/compat`: clients of CNEOS' APIs read Perilune's catalogue.

Fields and their kinds after https://ssd-api.jpl.nasa.gov/doc/sentry.html (2.0) and
https://ssd-api.jpl.nasa.gov/doc/cad.html (1.5), and the answers to their example queries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
import httpx
from seeded import ASSESSED, seeded_database
from service import running
from watching import observed

from perilune.astrometry import parse_observations
from perilune.catalogue import (
    Database,
    add_assessments,
    assessments_of,
    find_object,
    preferred_orbit,
    submit_observations,
)
from perilune.impact.assessment import RiskAssessment
from perilune.service import compat_values as as_cneos
from perilune.service.app import make_app
from perilune.service.settings import ServiceSettings
from perilune.watch import sources

# The documented fields of mode S, and those that modes O and V have.
SUMMARY = {
    "des", "fullname", "id", "h", "diameter", "ip", "n_imp", "ps_cum", "ps_max", "ts_max",
    "v_inf", "range", "last_obs", "last_obs_jd",
}  # fmt: skip
OBJECT = (SUMMARY - {"range", "last_obs_jd", "id"}) | {
    "method", "pdate", "cdate", "first_obs", "darc", "nobs", "ndel", "ndop", "nsat", "mass",
    "energy", "v_imp",
}  # fmt: skip
IMPACTOR = {"date", "ip", "ps", "ts", "energy", "sigma_vi"}
CAD = [
    "des", "orbit_id", "jd", "cd", "dist", "dist_min", "dist_max", "v_rel", "v_inf", "t_sigma_f",
    "h",
]  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """As seeded; Apophis could hit the Earth once, and 2024 YR4 has observations."""
    opened = seeded_database(tmp_path_factory.mktemp("compat") / "catalogue.db")
    content = observed("2024 YR4", 2).encode()
    with opened.write() as connection:
        submit_observations(connection, content, parse_observations(content, "yr4.psv"), "test")
        held = preferred_orbit(connection, find_object(connection, "Apophis").id)
        assert held is not None
        (now,) = assessments_of(connection, held.object_id, body="earth")
        for k, probability in enumerate((1e-5, 0.0)):
            values = {name: getattr(now.risk, name) for name in RiskAssessment.__slots__}
            risk = RiskAssessment(**values | {"impact_probability": probability})
            add_assessments(
                connection,
                held.id,
                [risk],
                inputs_sha256=np.full(32, 100 + k, dtype=np.uint8).tobytes(),
                assessed_mjd_tdb=ASSESSED,
                software_version="0",
                ephemeris="DE440",
            )
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[httpx.Client]:
    app = make_app(database, ServiceSettings(works=False))
    with running(app) as address, httpx.Client(base_url=address, timeout=60) as opened:
        yield opened


def _get(client: httpx.Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert set(answer["signature"]) == {"source", "version"}
    return answer


def test_the_summary_of_what_may_hit(client: httpx.Client) -> None:
    answer = _get(client, "/compat/sentry?body=moon")
    assert set(answer) == {"signature", "count", "data"}
    assert answer["signature"]["version"] == "2.0"
    (row,) = answer["data"]
    assert answer["count"] == 1
    assert set(row) == SUMMARY
    assert (row["des"], row["fullname"], row["id"]) == ("2024 YR4", "(2024 YR4)", "bK24Y04R")
    assert row["range"] == "2032-2032"
    assert row["n_imp"] == 1
    assert re.fullmatch(r"2023-\d\d-\d\d\.\d{5}", row["last_obs"])
    assert float(row["last_obs_jd"]) == pytest.approx(2459997.2, abs=1.0)
    # Every number is a text that reads as a number.
    assert 0.03 < float(row["ip"]) < 0.05
    assert float(row["v_inf"]) == pytest.approx(13.9, abs=0.2)  # JPL's v_rel at the Moon is 13.9
    assert all(row[name] is None or float(row[name]) for name in ("h", "ps_cum", "diameter"))
    assert row["ts_max"] in {str(k) for k in range(11)}
    assert _get(client, "/compat/sentry")["data"] == []  # the Earth
    within = {"ip-min=1e-3", "h-max=30", "ps-min=-20", "days=-7"}
    for limit in within | {"ip-min=0.5", "h-max=20", "ps-min=10", "days=7"}:
        count = int(limit in within)
        assert _get(client, f"/compat/sentry.api?body=moon&{limit}")["count"] == count, limit


def test_one_object_and_its_impactors(client: httpx.Client) -> None:
    answer = _get(client, "/compat/sentry?des=2024%20YR4&body=moon")
    assert set(answer) == {"signature", "summary", "data"}
    summary = answer["summary"]
    assert set(summary) >= OBJECT
    assert summary["method"] == "MC"
    assert (summary["nobs"], summary["ndel"], summary["ndop"]) == (6, 0, 0)
    assert float(summary["darc"]) == pytest.approx(6.04, abs=0.01)
    (one,) = answer["data"]
    assert set(one) == IMPACTOR | {"sigma_mc"}
    assert one["date"] == "2032-12-22.63"
    assert float(one["energy"]) == pytest.approx(float(summary["energy"]), rel=1e-3)
    impactors = _get(client, "/compat/sentry?all=1&ip-min=1e-3&body=moon")
    (row,) = impactors["data"]
    assert row == one | {name: summary[name] for name in ("des", "id", "fullname")}
    assert _get(client, "/compat/sentry?all=1&ip-min=0.5&body=moon")["count"] == 0


def test_what_is_not_on_the_list(client: httpx.Client) -> None:
    unknown = _get(client, "/compat/sentry?des=2099%20ZZ")
    assert unknown["error"] == "specified object not found"
    removed = _get(client, "/compat/sentry?des=99942")
    assert removed["error"] == "specified object removed"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", removed["removed"])
    gone = _get(client, "/compat/sentry?removed=1")
    assert gone["data"] == [{"des": "99942", "removed": removed["removed"]}]


def test_our_own_client_of_sentry_reads_it(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Plain:
        def get(self, address: str, query: dict[str, str]) -> Any:
            response = httpx.get(address, params=query)
            return type("Answer", (), {"body": response.content})

    address = f"{client.base_url}/compat/sentry.api"
    monkeypatch.setitem(sources.ADDRESSES, "sentry", address)
    assert sources.fetch_risk_sentry(Plain(), "99942") is None  # type: ignore[arg-type]
    moon = _get(client, "/compat/sentry?des=2024%20YR4&body=moon")
    monkeypatch.setattr(sources, "_json", lambda *_: moon)
    found = sources.fetch_risk_sentry(Plain(), "2024 YR4")  # type: ignore[arg-type]
    assert found is not None
    assert found.impact_probability == pytest.approx(0.04, abs=0.01)
    assert found.impacts == 1


def _close_approaches(base: str, **query: str) -> list[dict[str, str]]:
    """A client as one writes it by the API's page: fields name the columns of the rows."""
    payload = httpx.get(f"{base}/compat/cad.api", params=query).json()
    if int(payload["count"]) == 0:
        return []
    return [dict(zip(payload["fields"], row, strict=True)) for row in payload["data"]]


def test_close_approaches_by_a_client_of_cad(client: httpx.Client) -> None:
    base = str(client.base_url)
    dates = {"date-min": "2028-01-01", "date-max": "2032-01-01"}
    (apophis,) = _close_approaches(base, des="99942", fullname="true", diameter="true", **dates)
    assert list(apophis) == [*CAD, "diameter", "diameter_sigma", "fullname"]
    # JPL: 2029-Apr-13 21:46 TDB, 0.000254099098 au, 7.4225 km/s, v_inf 5.84 (CAD API, orbit 206).
    assert apophis["cd"] in ("2029-Apr-13 21:45", "2029-Apr-13 21:46")
    assert float(apophis["dist"]) == pytest.approx(0.000254099, rel=1e-4)
    assert float(apophis["dist_min"]) < float(apophis["dist"]) < float(apophis["dist_max"])
    assert float(apophis["v_rel"]) == pytest.approx(7.4225, abs=2e-3)
    assert float(apophis["v_inf"]) == pytest.approx(5.84, abs=0.01)
    assert float(apophis["jd"]) == pytest.approx(2462240.407, abs=1e-3)
    assert apophis["t_sigma_f"] == "< 00:01"
    assert apophis["fullname"] == "99942 Apophis"
    # The Moon, and both.
    (moon,) = _close_approaches(base, des="Apophis", body="Moon", **dates)
    assert list(moon) == CAD
    both = _close_approaches(base, des="Apophis", body="ALL", **dates)
    assert [row["body"] for row in both] == ["Earth", "Moon"]


def test_limits_and_order_of_close_approaches(client: httpx.Client) -> None:
    base = str(client.base_url)
    dates = {"date-min": "2027-01-01", "date-max": "2033-01-01"}
    every = _close_approaches(base, **dates)
    assert [row["jd"] for row in every] == sorted(row["jd"] for row in every)
    far = _close_approaches(base, sort="-dist", **dates)
    assert [float(row["dist"]) for row in far] == sorted(
        (float(row["dist"]) for row in every), reverse=True
    )
    near = _close_approaches(base, **{"dist-max": "1LD"}, **dates)
    assert {row["des"] for row in near} == {"2024 YR4", "99942"}
    assert all(float(row["dist"]) <= as_au(1.0) for row in near)
    assert _close_approaches(base, **{"h-max": "20"}, **dates) != every
    page = _get(client, "/compat/cad?date-min=2027-01-01&date-max=2033-01-01&limit=1&limit-from=1")
    assert (page["count"], page["total"]) == (1, len(every))
    assert page["data"][0][2] == every[1]["jd"]
    none = _get(client, "/compat/cad?date-min=2027-01-01&date-max=2027-01-02")
    assert set(none) == {"signature", "count"}
    assert none["count"] == 0


def as_au(lunar_distances: float) -> float:
    return lunar_distances * 384_400.0 / 149_597_870.7


@pytest.mark.parametrize(
    "query",
    [
        "cad?date-min=yesterday",
        "cad?dist-max=far",
        "cad?body=Mars",
        "cad?sort=beauty",
        "cad?limit=0",
        "sentry?ip-min=2",
        "sentry?days=3",
        "sentry?all=1&removed=1",
    ],
)
def test_what_is_refused_is_refused_as_cneos_does(client: httpx.Client, query: str) -> None:
    response = client.get(f"/compat/{query}")
    assert response.status_code == 400
    assert set(response.json()) == {"code", "message", "moreInfo"}


def test_values_as_cneos_writes_them() -> None:
    assert as_cneos.clock_time(20.0) == "< 00:01"
    assert as_cneos.clock_time(1740.0) == "00:29"
    assert as_cneos.clock_time(2 * 86400.0 + 3 * 3600.0 + 240.0) == "2_03:04"
    assert as_cneos.decimal_day("2032-12-31T23:59:59", 2) == "2032-12-31.99"
    assert as_cneos.identifier(99942, "99942") == "a0099942"
    assert as_cneos.full_name(1, "Ceres", "1") == "1 Ceres"
    assert as_cneos.text(None, ".2f") is None
    assert as_cneos.speed_at_infinity("earth", 11.0) == 0.0  # it is bound


@pytest.mark.parametrize("spk", ["20099942", "2099942"])
def test_an_object_by_its_spk_id_was_answered_with_the_whole_list(
    client: httpx.Client, spk: str
) -> None:
    ahead = "date-max=2040-01-01&dist-max=0.05"
    assert _get(client, f"/compat/sentry?spk={spk}") == _get(client, "/compat/sentry?des=99942")
    found = _get(client, f"/compat/cad?spk={spk}&{ahead}")
    assert found["count"] > 0
    assert {row[0] for row in found["data"]} == {"99942"}
    unknown = _get(client, "/compat/sentry?spk=54509621")  # JPL's own number of 2024 YR4
    assert unknown["error"] == "specified object not found"
    assert _get(client, f"/compat/cad?spk=54509621&{ahead}")["count"] == 0


@pytest.mark.parametrize("address", ["sentry?dess=99942", "cad?pha=true", "cad.api?limits=1"])
def test_a_parameter_that_is_not_known_is_refused_not_left_out(
    client: httpx.Client, address: str
) -> None:
    response = client.get(f"/compat/{address}")
    assert response.status_code == 400
    assert set(response.json()) == {"code", "message", "moreInfo"}
    assert "not recognized" in response.json()["message"]
