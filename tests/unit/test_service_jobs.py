"""Jobs: asked for by who may, done by a process of their own, followed, and taken again."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
import httpx
from service import running
from watching import observed

from perilune.astrometry import parse_observations
from perilune.catalogue import (
    Database,
    add_job,
    add_orbits,
    add_partner,
    assessments_of,
    audit_entries,
    claim_job,
    fail_job,
    find_job,
    find_object,
    make_token,
    open_database,
    report_job,
    submit_observations,
)
from perilune.catalogue.fits import fits_of
from perilune.catalogue.jobs import retake_job
from perilune.catalogue.leases import Lease
from perilune.orbits import catalogue as builtin
from perilune.service.app import make_app
from perilune.service.settings import ServiceSettings
from perilune.service.worker import do_job, lock_name
from perilune.service.workshop import Workshop

SOON = "2029-01-01"


@pytest.fixture
def sqlite(tmp_path: Any) -> Iterator[Database]:
    opened = open_database(str(tmp_path / "catalogue.db"))
    content = observed("2030 AB1", 5).encode()
    with opened.write() as connection:
        add_partner(connection, "cnsa", "CNSA", by="test")
        add_orbits(connection, [builtin.find("433")], by="test")
        submit_observations(connection, content, parse_observations(content, "night.psv"), "test")
    yield opened
    opened.close()


def _token(database: Database, *roles: str) -> dict[str, str]:
    with database.write() as connection:
        text, _ = make_token(connection, "cnsa", roles, by="test")
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def client(sqlite: Database) -> Iterator[httpx.Client]:
    with (
        running(make_app(sqlite, ServiceSettings(works=False))) as address,
        httpx.Client(base_url=address, timeout=60) as opened,
    ):
        yield opened


def test_only_who_operates_asks_for_work(client: httpx.Client, sqlite: Database) -> None:
    wanted = {"kind": "assess", "object": "433"}
    assert client.post("/v1/jobs", json=wanted).status_code == 401
    other = _token(sqlite, "read", "observe", "sign")
    assert client.post("/v1/jobs", json=wanted, headers=other).status_code == 403
    held = _token(sqlite, "operate")
    for wrong, status in (
        ({"kind": "assess"}, 422),
        ({"kind": "dig", "object": "433"}, 422),
        ({"kind": "assess", "object": "433", "until": "tomorrow"}, 422),
        ({"kind": "assess", "object": "433", "until": "9999-01-01"}, 422),
        ({"kind": "assess", "object": "434"}, 404),
        ({"kind": "cycle", "object": "433"}, 422),
        ([], 422),
    ):
        response = client.post("/v1/jobs", json=wrong, headers=held)
        assert response.status_code == status, response.text
    said = client.post("/v1/jobs", json={**wanted, "priority": 1}, headers=held).json()
    assert said["field"] == "priority"
    as_json = held | {"Content-Type": "application/json"}
    said = client.post("/v1/jobs", content=b'{"kind":', headers=as_json).json()
    assert (said["status"], said["field"]) == (422, "body")
    response = client.post("/v1/jobs", json=wanted, headers=held)
    assert response.status_code == 202
    job = response.json()["data"]
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["state"], job["requested_by"]) == ("waiting", "cnsa")
    assert client.get("/v1/jobs").json()["data"] == [job]
    assert client.get("/v1/jobs/none").status_code == 422
    assert client.get(f"/v1/jobs/{'0' * 8}-0000-0000-0000-{'0' * 12}").status_code == 404
    with sqlite.read() as connection:
        (entry,) = audit_entries(connection, subject=f"job:{job['id']}")
    assert (entry.actor, entry.detail["object"]) == ("partner:cnsa", "433")


def test_an_object_is_fitted_and_assessed(sqlite: Database) -> None:
    with sqlite.write() as connection:
        job = add_job(connection, "assess", {"object": "2030 AB1", "until": SOON}, "cnsa")
    assert do_job(sqlite, job.id)
    assert not do_job(sqlite, job.id)  # it is done
    with sqlite.read() as connection:
        done = find_job(connection, job.id)
        fits = fits_of(connection, find_object(connection, "2030 AB1").id)
    assert (done.state, done.done_fraction, done.error) == ("done", 1.0, None)
    assert done.result["fit"]["used"] == fits[0].used == 15
    assert [each["body"] for each in done.result["risk"]] == ["earth", "moon"]
    assert all(each["probability_high"] > 0.0 for each in done.result["risk"])


def test_one_night_is_assessed_by_all_orbits_that_fit(sqlite: Database) -> None:
    content = observed("2031 XY", 1).encode()
    with sqlite.write() as connection:
        submit_observations(connection, content, parse_observations(content, "one.psv"), "test")
        job = add_job(connection, "assess", {"object": "2031 XY", "until": SOON})
    assert do_job(sqlite, job.id)
    with sqlite.read() as connection:
        done = find_job(connection, job.id)
        assert assessments_of(connection, find_object(connection, "2031 XY").id) == []
    assert done.state == "done", done.error
    assert not done.result["is_kept"]
    assert {row["method"] for row in done.result["risk"]} <= {"ranging", "importance"}
    assert all(row["probability_high"] > 0.0 for row in done.result["risk"])


def test_what_cannot_be_done_says_why(sqlite: Database) -> None:
    bare = dataclasses.replace(builtin.find("1 Ceres"), covariance=None, covariance_parameters=())
    with sqlite.write() as connection:
        add_orbits(connection, [bare], by="test")
        job = add_job(connection, "assess", {"object": "Ceres", "until": SOON})
    assert do_job(sqlite, job.id)
    with sqlite.read() as connection:
        failed = find_job(connection, job.id)
    assert failed.state == "failed"
    assert "covariance" in failed.error["detail"]


def test_a_job_is_followed_to_its_end(client: httpx.Client, sqlite: Database) -> None:
    with sqlite.write() as connection:
        job = add_job(connection, "assess", {"object": "433"})

    def work() -> None:
        for state in ("running", "half", "failed"):
            time.sleep(0.6)
            with sqlite.write() as connection:
                if state == "running":
                    claim_job(connection, job.id)
                elif state == "half":
                    report_job(connection, job.id, 0.5, "half")
                else:
                    fail_job(connection, job.id, {"title": "No", "detail": "It was a test."})

    worker = threading.Thread(target=work)
    worker.start()
    told = []
    with client.stream("GET", f"/v1/jobs/{job.id}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        for line in response.iter_lines():
            if line.startswith("data: "):
                told.append(json.loads(line.removeprefix("data: ")))
    worker.join()
    assert [each["state"] for each in told] == ["waiting", "running", "running", "failed"]
    assert [each["done_fraction"] for each in told] == [0.0, 0.0, 0.5, 0.5]
    assert told[-1] == client.get(f"/v1/jobs/{job.id}").json()["data"]


def test_a_job_whose_worker_died_is_taken_again_once(sqlite: Database) -> None:
    with sqlite.write() as connection:
        job = add_job(connection, "assess", {"object": "433"})
        claim_job(connection, job.id)
    for state, title in (("waiting", "Interrupted"), ("failed", "Interrupted twice")):
        with sqlite.write() as connection:
            retake_job(connection, job.id)
            found = find_job(connection, job.id)
            assert (found.state, found.error["title"]) == (state, title)
            claim_job(connection, job.id)


def test_a_job_that_is_worked_on_is_left_alone(sqlite: Database) -> None:
    with sqlite.write() as connection:
        job = add_job(connection, "assess", {"object": "433"})
        claim_job(connection, job.id)
    shop = Workshop(sqlite)
    with Lease(sqlite, lock_name(job.id)):
        assert shop._next() is None
    assert shop._next() == job.id  # nobody holds it any more: it waits again


def test_a_service_does_what_it_is_asked_for(sqlite: Database) -> None:
    held = _token(sqlite, "operate")
    app = make_app(sqlite)
    with running(app) as address, httpx.Client(base_url=address, timeout=60) as client:
        asked = {"kind": "assess", "object": "2030 AB1", "until": SOON}
        job = client.post("/v1/jobs", json=asked, headers=held).json()["data"]
        until_s = time.monotonic() + 90.0
        while time.monotonic() < until_s:
            found = client.get(f"/v1/jobs/{job['id']}").json()["data"]
            if found["state"] in ("done", "failed"):
                break
            time.sleep(0.3)
    assert found["state"] == "done", found
