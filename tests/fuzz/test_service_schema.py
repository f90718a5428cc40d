"""schemathesis over the API's own document: no defect, and nothing that the document does not say.

A few made-up requests an operation, with a token, without one, and where nothing is read without.
By hand, for longer (docs/api.md says how):
`schemathesis run http://127.0.0.1:8000/v1/openapi.json -n 200`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("schemathesis", reason="schemathesis is not installed")
pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from seeded import STATIONS
from service import running

from perilune.catalogue import (
    ROLES,
    Database,
    NewAlert,
    add_orbits,
    add_partner,
    find_object,
    make_token,
    open_database,
    put_station,
    raise_alert,
)
from perilune.orbits import catalogue as builtin
from perilune.service.app import make_app
from perilune.service.settings import ServiceSettings

EXAMPLES = 5
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
# What is made up as the document says may still name no object, or no date: it may be refused.
LOOSE = [positive_data_acceptance]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Three objects, one of them without a covariance, a station and an alert."""
    opened = open_database(str(tmp_path_factory.mktemp("schema") / "catalogue.db"))
    station = (STATIONS / "gateway.yaml").read_text(encoding="utf-8")
    bare = dataclasses.replace(builtin.find("2024 YR4"), covariance=None, covariance_parameters=())
    with opened.write() as connection:
        add_orbits(connection, [builtin.find("99942"), builtin.find("433"), bare], by="test")
        put_station(connection, "ilrs", "Gateway", station, "test")
        add_partner(connection, "cnsa", "CNSA", by="test")
        raise_alert(
            connection,
            NewAlert(find_object(connection, "433").id, "r", "moon", "raised", "notice", "t", {},
                     None, (), ("cnsa",), ()),
        )  # fmt: skip
    yield opened
    opened.close()


def _schema(database: Database, *, anonymous: bool, roles: tuple[str, ...]) -> Iterator[Any]:
    held = {}
    if roles:
        with database.write() as connection:
            text, _ = make_token(connection, "cnsa", roles, by="test")
        held = {"Authorization": f"Bearer {text}"}
    chosen = ServiceSettings(anonymous=anonymous, works=False, requests_per_s=0.0)
    with running(make_app(database, chosen)) as address:
        yield schemathesis.openapi.from_url(f"{address}/v1/openapi.json"), held


@pytest.fixture(scope="module")
def all_roles(database: Database) -> Iterator[Any]:
    yield from _schema(database, anonymous=False, roles=ROLES)


@pytest.fixture(scope="module")
def nobody(database: Database) -> Iterator[Any]:
    yield from _schema(database, anonymous=True, roles=())


@pytest.fixture(scope="module")
def shut_out(database: Database) -> Iterator[Any]:
    yield from _schema(database, anonymous=False, roles=())


@pytest.mark.parametrize("who", ["all_roles", "nobody", "shut_out"])
def test_every_operation_keeps_to_the_document(who: str, request: pytest.FixtureRequest) -> None:
    schema, held = request.getfixturevalue(who)
    count = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        _tried(operation, held, shut=who == "shut_out")
        count += 1
    assert count > 25


def _tried(operation: Any, held: dict[str, str], *, shut: bool) -> None:
    @QUICK
    @given(case=operation.as_strategy())
    def each(case: Any) -> None:
        response = case.call(headers=held, timeout=60)
        case.validate_response(response, excluded_checks=LOOSE)
        if shut and case.path.startswith(("/v1/", "/compat/")):
            assert response.status_code in (400, 401, 413, 414), response.text
            assert "data" not in response.json()

    each()
