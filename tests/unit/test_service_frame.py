"""The API's frame: envelope, ETag, problem documents, limits, headers; what needs no assessment."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
import httpx
from service import running

from perilune.catalogue import add_orbits, open_database
from perilune.contract.steps import step_days
from perilune.errors import InputError
from perilune.orbits import catalogue as builtin
from perilune.service.app import make_app
from perilune.service.limits import LARGEST_BODY_BYTES


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    database = open_database(str(tmp_path_factory.mktemp("service") / "catalogue.db"))
    with database.write() as connection:
        add_orbits(connection, builtin.orbits(), by="test")
    with running(make_app(database)) as address, httpx.Client(base_url=address) as opened:
        yield opened
    database.close()


def _data(client: httpx.Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, response.text
    envelope = response.json()
    assert list(envelope) == ["signature", "units", "data"]
    assert len(envelope["signature"]["inputs_sha256"]) == 64
    return envelope["data"]


def test_health(client: httpx.Client) -> None:
    assert _data(client, "/v1/health")["status"] == "ok"


def test_objects_are_found_by_any_name_even_with_a_slash(client: httpx.Client) -> None:
    for name in ("Apophis", "99942", "99942%20Apophis", "apophis"):
        assert _data(client, f"/v1/objects/{name}")["object"] == "99942 Apophis"
    assert _data(client, "/v1/objects/1P/Halley")["object"] == "1P/Halley"
    (solution,) = _data(client, "/v1/objects/1P%2FHalley/orbits")
    assert 74.0 < solution["period_d"] / 365.25 < 77.0


def test_the_same_data_have_the_same_tag_and_are_not_sent_twice(client: httpx.Client) -> None:
    first = client.get("/v1/objects/Apophis")
    again = client.get("/v1/objects/Apophis", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    other = client.get("/v1/objects/Bennu", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_an_unknown_name_is_a_problem_with_near_names(client: httpx.Client) -> None:
    response = client.get("/v1/objects/Apophi")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "99942 Apophis" in response.json()["detail"]


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/v1/risk?body=mars", "body"),
        ("/v1/risk?min_probability=2", "min_probability"),
        ("/v1/bodies?body=moon&start=yesterday&stop=2026-01-02", "start"),
        ("/v1/bodies?body=moon&start=2026-01-02&stop=2026-01-01", "stop"),
        ("/v1/bodies?body=moon&start=2026-01-01&stop=2099-01-01", "step_d"),
        ("/v1/bodies?body=moon&start=2026-01-01&stop=2026-01-02&step_d=5e-324", "step_d"),
        ("/v1/bodies?body=moon&start=2026-01-01&stop=2026-01-02&step_d=nan", "step_d"),
        ("/v1/objects/Apophis/encounter?body=earth&epoch=2027-01-01", "epoch"),
    ],
)
def test_bad_parameters_are_problems_that_name_them(
    client: httpx.Client, address: str, field: str
) -> None:
    response = client.get(address)
    assert response.status_code == 422
    problem = response.json()
    assert problem["field"] == field
    assert problem["found"]


def test_dates_outside_the_ephemeris_are_problems(client: httpx.Client) -> None:
    response = client.get("/v1/bodies?body=moon&start=1400-01-01&stop=1400-01-02")
    assert response.status_code == 422
    assert "DE440" in response.json()["detail"]


def test_states_of_bodies(client: httpx.Client) -> None:
    data = _data(
        client,
        "/v1/bodies?body=moon&body=earth&center=earth&start=2026-01-01&stop=2026-01-03&step_d=0.5",
    )
    assert len(data["epochs_mjd_tdb"]) == 5
    moon = data["bodies"]["moon"]["position_km"]
    assert all(356_000 < sum(x * x for x in row) ** 0.5 < 407_000 for row in moon)
    assert data["bodies"]["earth"]["position_km"][0] == [0.0, 0.0, 0.0]


def test_a_body_over_the_limit_is_refused_declared_or_not(client: httpx.Client) -> None:
    connection = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=10)
    connection.putrequest("POST", "/v1/objects")
    connection.putheader("Content-Length", "100000000")
    connection.endheaders()  # and not a byte of the body: the refusal does not wait for it
    response = connection.getresponse()
    assert response.status == 413
    assert b"65536" in response.read()
    connection.close()

    def endless() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * LARGEST_BODY_BYTES

    assert client.post("/v1/health", content=endless()).status_code in (405, 413)


def test_a_long_query_is_refused(client: httpx.Client) -> None:
    assert client.get("/v1/objects?query=" + "a" * 5000).status_code == 414


def test_headers_keep_the_page_to_itself(client: httpx.Client) -> None:
    headers = client.get("/v1/health").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_openapi_names_every_route(client: httpx.Client) -> None:
    paths = client.get("/v1/openapi.json").json()["paths"]
    tails = ("", "/orbits", "/approaches", "/risk", "/ephemeris", "/states", "/encounter")
    for tail in tails:
        assert f"/v1/objects/{{name}}{tail}" in paths
    assert {"/v1/health", "/v1/objects", "/v1/risk", "/v1/bodies"} <= set(paths)


@pytest.mark.parametrize("step", ["0d", "0." + "0" * 315 + "1d", "9" * 400 + "d", "1w", ""])
def test_steps_that_are_none(step: str) -> None:
    with pytest.raises(InputError, match="no step"):
        step_days(step)


def test_a_parameter_that_is_not_known_is_refused_with_near_names(client: httpx.Client) -> None:
    response = client.get("/v1/risk?min_probabilty=0.5")
    assert response.status_code == 422
    problem = response.json()
    assert problem["field"] == "min_probabilty"
    assert problem["near"] == ["min_probability"]
    assert client.get("/v1/health?x=1").status_code == 422
    assert client.get("/v1/objects/1P/Halley?history=true").status_code == 422
    assert client.get("/v1/objects/1P/Halley/risk?history=true").status_code == 200


@pytest.mark.parametrize(
    "address", ["/v1/health", "/v1/objects/1P/Halley", "/v1/objects/nobody", "/compat/cad", "/"]
)
def test_head_is_answered_wherever_get_is(client: httpx.Client, address: str) -> None:
    got, head = client.get(address), client.head(address)
    assert head.status_code == got.status_code
    assert head.content == b""
    for name in ("content-type", "etag", "content-length"):
        assert head.headers.get(name) == got.headers.get(name)


def test_a_method_that_there_is_not_is_told_those_that_there_are(client: httpx.Client) -> None:
    response = client.delete("/v1/risk")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"


def test_the_span_of_approaches_may_have_an_end(client: httpx.Client) -> None:
    assert _data(client, "/v1/approaches?start=2029-01-01&stop=2030-01-01") == []
    backwards = client.get("/v1/approaches?start=2030-01-01&stop=2029-01-01")
    assert backwards.status_code == 422
    assert backwards.json()["field"] == "stop"


def test_an_option_of_the_command_line_is_a_parameter_here(client: httpx.Client) -> None:
    span = "observer=500&start=2026-01-01&stop=2026-01-02&step=-1d"
    problem = client.get(f"/v1/objects/Apophis/ephemeris?{span}").json()
    assert problem["field"] == "step"
    assert problem["detail"].startswith("step: ")
