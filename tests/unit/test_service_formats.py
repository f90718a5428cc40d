"""Lists as JSON, CSV and Parquet: the same rows, by Accept or by `format`, each with its ETag."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
import httpx
from seeded import seeded_database
from service import running

from perilune.service.app import make_app
from perilune.service.formats import csv_text, flat_rows, parquet_bytes
from perilune.service.settings import ServiceSettings

PARQUET = "application/vnd.apache.parquet"
SPAN = "start=2026-01-01&stop=2026-01-03"
LISTS = (
    "/v1/objects",
    "/v1/risk",
    "/v1/approaches?start=2027-01-01",
    "/v1/objects/Apophis/orbits",
    "/v1/objects/Apophis/risk",
    "/v1/objects/Apophis/approaches",
    f"/v1/objects/Apophis/ephemeris?observer=X05&{SPAN}",
    f"/v1/objects/Apophis/states?{SPAN}",
    f"/v1/bodies?body=moon&body=mars&{SPAN}",
    "/v1/station",
    "/v1/alerts",
    "/v1/jobs",
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    database = seeded_database(tmp_path_factory.mktemp("formats") / "catalogue.db")
    app = make_app(database, ServiceSettings(works=False))
    with running(app) as address, httpx.Client(base_url=address, timeout=60) as opened:
        yield opened
    database.close()


def _rows(data: Any) -> int:
    if isinstance(data, list):
        return len(data)
    return len(data["epochs_mjd_tdb"]) * len(data.get("bodies", [None]))


@pytest.mark.parametrize("address", LISTS)
def test_the_same_rows_in_every_form(client: httpx.Client, address: str) -> None:
    plain = client.get(address)
    assert plain.headers["content-type"] == "application/json"
    assert "Accept" in plain.headers["vary"]
    count = _rows(plain.json()["data"])
    table = client.get(address, headers={"Accept": "text/csv"})
    assert table.headers["content-type"].startswith("text/csv")
    lines = list(csv.reader(io.StringIO(table.text)))
    assert len(lines) - 1 == count
    assert all(len(line) == len(lines[0]) for line in lines)
    packed = client.get(address, headers={"Accept": PARQUET})
    assert packed.headers["content-type"] == PARQUET
    found = pq.read_table(io.BytesIO(packed.content))
    assert found.num_rows == count
    assert found.column_names == (lines[0] if count else [])
    about = json.loads(found.schema.metadata[b"perilune.signature"])
    assert about["inputs_sha256"] == plain.json()["signature"]["inputs_sha256"]
    # Each form has a tag of its own.
    tags = {each.headers["etag"] for each in (plain, table, packed)}
    assert len(tags) == 3
    held = {"If-None-Match": table.headers["etag"]}
    assert client.get(address, headers={**held, "Accept": "text/csv"}).status_code == 304
    assert client.get(address, headers=held).status_code == 200
    join = "&" if "?" in address else "?"
    assert client.get(f"{address}{join}format=csv").content == table.content


def test_numbers_and_what_is_nested_come_through(client: httpx.Client) -> None:
    address = "/v1/objects/Apophis/approaches"
    row = client.get(address).json()["data"][0]
    table = client.get(address, headers={"Accept": "text/csv"}).text
    (line, *_) = csv.DictReader(io.StringIO(table))
    assert float(line["b_plane.xi_km"]) == row["b_plane"]["xi_km"]
    assert json.loads(line["b_plane.covariance_km2"]) == row["b_plane"]["covariance_km2"]
    found = pq.read_table(io.BytesIO(client.get(address, headers={"Accept": PARQUET}).content))
    first = found.to_pylist()[0]
    assert first["distance_km"] == row["distance_km"]
    assert first["b_plane.covariance_km2"] == row["b_plane"]["covariance_km2"]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv"),
        ("application/json;q=0.1, text/csv;q=nonsense", "application/json"),
        (f"{PARQUET}, */*;q=0.1", PARQUET),
        ("", "application/json"),
        ("text/html", None),
        ("application/json;q=0", None),
        ("nonsense", None),
    ],
)
def test_what_the_client_likes_best(client: httpx.Client, accept: str, form: str | None) -> None:
    response = client.get("/v1/risk", headers={"Accept": accept})
    if form is None:
        assert response.status_code == 406
        assert "text/csv" in response.json()["expected"]
        return
    assert response.headers["content-type"].startswith(form)


def test_one_object_is_no_table(client: httpx.Client) -> None:
    assert client.get("/v1/objects/433", headers={"Accept": "text/csv"}).status_code == 406
    assert client.get("/v1/risk?format=xml").status_code == 422


def test_rows_that_differ() -> None:
    rows = [
        {"a": 1, "b": {"c": None, "d": [1, 2]}, "e": 'x,"y"\n'},
        {"a": 2.5, "b": {"c": True, "d": []}, "f": {}},
        {"a": None, "g": [{"h": 1}, {"h": None, "i": "j"}]},
    ]
    assert [list(row) for row in flat_rows(rows)] == [
        ["a", "b.c", "b.d", "e"], ["a", "b.c", "b.d"], ["a", "g"]
    ]  # fmt: skip
    lines = list(csv.reader(io.StringIO(csv_text(rows).decode())))
    assert lines[0] == ["a", "b.c", "b.d", "e", "g"]
    assert lines[1] == ["1", "", "[1, 2]", 'x,"y"\n', ""]
    assert lines[2][:3] == ["2.5", "true", "[]"]
    found = pq.read_table(io.BytesIO(parquet_bytes(rows, {}))).to_pylist()
    assert [row["a"] for row in found] == [1.0, 2.5, None]
    assert found[0]["b.d"] == [1, 2]
    assert found[2]["g"][0]["h"] == 1
    assert csv_text([]) == b"\r\n"
    assert pq.read_table(io.BytesIO(parquet_bytes([], {}))).num_rows == 0
