"""The examples that the API's document gives are answered as it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
import httpx
from seeded import seeded_database
from service import running
from watching import observed

from perilune.astrometry import parse_observations
from perilune.catalogue import (
    ROLES,
    NewAlert,
    add_job,
    add_partner,
    find_object,
    make_token,
    raise_alert,
    submit_observations,
)
from perilune.catalogue.cycles import begin_cycle
from perilune.catalogue.fits import objects_to_fit
from perilune.catalogue.leases import Lease
from perilune.service.app import make_app
from perilune.service.settings import ServiceSettings
from perilune.watch.journal import Journal
from perilune.watch.refit import fit_objects
from perilune.watch.work import CycleSettings, Work

# Of the first example of each: what is no plain success, and why.
OTHERWISE = {
    ("post", "/v1/alerts/{id}/signatures"): 409,  # a digest of noughts is not that of the alert
    ("post", "/v1/jobs"): 202,
    ("post", "/v1/observations"): 201,
    ("get", "/v1/objects/{name}/corridor"): 404,  # 2024 YR4 does not hit the Earth
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, str]]:
    """A catalogue in which the examples' objects, station, alert and job are."""
    database = seeded_database(tmp_path_factory.mktemp("examples") / "catalogue.db")
    content = observed("2024 YR4", 5).encode()
    settings = CycleSettings(threads=1)
    with database.write() as connection:
        submit_observations(connection, content, parse_observations(content, "a.psv"), "test")
        add_partner(connection, "cnsa", "CNSA", by="test")
        text, _ = make_token(connection, "cnsa", ROLES, by="test")
        raise_alert(
            connection,
            NewAlert(find_object(connection, "2024 YR4").id, "r", "moon", "raised", "notice", "t",
                     {}, None, (), ("cnsa",), ()),
        )  # fmt: skip
        job = add_job(connection, "assess", {"object": "433"})
        pending = objects_to_fit(connection)
        cycle = begin_cycle(connection, settings.identity(), ["fit"], 61300.0, 61300.0)
    with Journal(None) as journal, Lease(database, "watch") as lease:
        fit_objects(Work(database, lease, cycle, settings, None, journal, lambda *_: None), pending)
    app = make_app(database, ServiceSettings(works=False))
    headers = {"Authorization": f"Bearer {text}"}
    with (
        running(app) as address,
        httpx.Client(base_url=address, headers=headers, timeout=120) as client,
    ):
        yield client, job.id
    database.close()


def _first(parameter: dict[str, Any]) -> Any:
    schema = parameter["schema"]
    return (parameter.get("examples") or schema.get("examples") or [None])[0]


@pytest.mark.slow
def test_every_example_is_answered(served: tuple[httpx.Client, str]) -> None:
    client, job = served
    document = client.get("/v1/openapi.json").json()
    count = 0
    for template, methods in document["paths"].items():
        for method, operation in methods.items():
            path, query = template, {}
            for parameter in operation.get("parameters", []):
                name = parameter["name"]
                value = job if (name, "/v1/jobs" in template) == ("id", True) else _first(parameter)
                if parameter["required"]:
                    assert value is not None, (template, name)
                if parameter["in"] == "path":
                    path = path.replace(f"{{{name}}}", str(value))
                elif value is not None:
                    query[name] = value
            if template.endswith("/events"):
                continue  # it would wait for a job's end; test_service_jobs follows one
            response = client.request(method, path, params=query, **_body(document, operation))
            wanted = OTHERWISE.get((method, template), 200)
            assert response.status_code == wanted, (template, response.text)
            count += 1
    assert count > 30


def _body(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    if "text/plain" in content:
        return {"content": content["text/plain"]["example"].encode()}
    if not content:
        return {}
    schema = content["application/json"]["schema"]
    return {"json": _example(document, schema)}


def _example(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """The example of a schema, or one of its parts put together."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "oneOf" in schema:
        return _example(document, schema["oneOf"][0])
    if "examples" in schema:
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    return {name: _example(document, schema["properties"][name]) for name in schema["required"]}
