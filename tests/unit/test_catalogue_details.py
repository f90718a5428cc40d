"""What lists say of many objects, jobs taken again, locks and changes; on both databases."""

from __future__ import annotations

import numpy as np
from watching import observed

from perilune.astrometry import parse_observations
from perilune.catalogue import (
    Database,
    add_assessments,
    add_job,
    add_orbits,
    add_partner,
    claim_job,
    count_objects,
    find_job,
    find_object,
    finish_job,
    preferred_orbit,
    submit_observations,
)
from perilune.catalogue.changes import Changes
from perilune.catalogue.details import (
    observed_spans,
    orbit_details,
    preferred_elements,
    removed_risks,
)
from perilune.catalogue.jobs import jobs_in, retake_job
from perilune.catalogue.leases import Lease, is_held
from perilune.impact.assessment import RiskAssessment
from perilune.orbits import catalogue as builtin


def _risk(probability: float, body: str = "earth") -> RiskAssessment:
    return RiskAssessment(
        "99942 Apophis", "s", body, probability, 0.0, 1e-3, "lov", "", 1, None, None, 0, (), None,
        "2126-01-01T00:00:00", 1,
    )  # fmt: skip


def test_details_of_orbits_and_arcs(database: Database) -> None:
    content = observed("99942", 3).encode()
    with database.write() as connection:
        add_orbits(connection, [builtin.find("Apophis"), builtin.find("1P/Halley")], by="test")
        submit_observations(connection, content, parse_observations(content, "a.psv"), "test")
    with database.read() as connection:
        apophis = find_object(connection, "Apophis")
        held = preferred_orbit(connection, apophis.id)
        assert held is not None
        detail = orbit_details(connection, [held.id, held.id, 10**9])[held.id]
        assert (detail.full_name, detail.number, detail.name) == ("99942 Apophis", 99942, "Apophis")
        assert detail.absolute_magnitude_h == held.orbit.absolute_magnitude_h
        assert 0.7 < detail.perihelion_au < 0.8
        spans = observed_spans(connection, [apophis.id, 10**9])
        assert list(spans) == [apophis.id]
        assert (spans[apophis.id].optical, spans[apophis.id].delays) == (9, 0)
        assert 12.0 < spans[apophis.id].last_mjd_tdb - spans[apophis.id].first_mjd_tdb < 12.1
        assert orbit_details(connection, []) == {}
        rows = preferred_elements(connection, 10)
        assert [row.full_name for row in rows] == ["99942 Apophis", "1P/Halley"]
        assert len(preferred_elements(connection, 1)) == 1


def test_what_could_hit_once(database: Database) -> None:
    with database.write() as connection:
        add_orbits(connection, [builtin.find("Apophis")], by="test")
        held = preferred_orbit(connection, find_object(connection, "Apophis").id)
        assert held is not None
        for k, probability in enumerate((0.0, 1e-5, 0.0)):
            assert removed_risks(connection, "earth") == []
            add_assessments(
                connection, held.id, [_risk(probability), _risk(0.0, "moon")],
                inputs_sha256=np.full(32, k, dtype=np.uint8).tobytes(), assessed_mjd_tdb=61000.0,
                software_version="0", ephemeris="DE440",
            )  # fmt: skip
        assert [name for name, _ in removed_risks(connection, "earth")] == ["99942"]
        assert removed_risks(connection, "moon") == []


def test_a_job_is_taken_again_once(database: Database) -> None:
    with database.write() as connection:
        job = add_job(connection, "assess", {"object": "1"})
        other = add_job(connection, "assess", {"object": "2"})
        assert {each.id for each in jobs_in(connection, "waiting")} == {job.id, other.id}
        assert not retake_job(connection, job.id)  # nobody has begun it
        assert claim_job(connection, job.id)
        assert retake_job(connection, job.id)
        assert claim_job(connection, job.id)
        assert not retake_job(connection, job.id)
        assert find_job(connection, job.id).state == "failed"
        claim_job(connection, other.id)
        retake_job(connection, other.id)
        claim_job(connection, other.id)
        finish_job(connection, other.id, {"done": True})
        done = find_job(connection, other.id)
        assert (done.state, done.error, done.result) == ("done", None, {"done": True})


def test_a_lock_is_held_while_it_is(database: Database) -> None:
    with database.read() as connection:
        assert not is_held(connection, "job x")
    with Lease(database, "job x"), database.read() as connection:
        assert is_held(connection, "job x")
    with database.read() as connection:
        assert not is_held(connection, "job x")


def test_every_commit_is_a_change_and_nothing_else(database: Database) -> None:
    changes = Changes(database)
    try:
        before = changes.state()
        assert before
        with database.read() as connection:
            count_objects(connection)
        assert changes.state() == before
        for k in range(3):
            with database.write() as connection:
                add_partner(connection, f"p{k}", "P", by="test")
            after = changes.state()
            assert after != before
            assert changes.state() == after
            before = after
        changes.close()
        assert changes.state() != ""  # it opens again
    finally:
        changes.close()
