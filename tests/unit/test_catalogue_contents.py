"""What the catalogue holds comes back as it went in, is found by any name, and is never doubled."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from synthetic import blank, seen

from perilune.astrometry import parse_observations, write_ades_psv
from perilune.astrometry.observations import Observations
from perilune.catalogue import (
    ApproachSearch,
    Database,
    add_assessments,
    add_job,
    add_orbits,
    add_partner,
    approaches_of,
    assessments_of,
    audit_entries,
    check_token,
    claim_job,
    count_objects,
    count_observations,
    fail_job,
    find_job,
    find_object,
    finish_job,
    make_token,
    names_of,
    next_approaches,
    observations_digest,
    observations_of,
    orbits_of,
    prefer,
    preferred_orbit,
    preferred_orbits,
    previous_assessment,
    put_station,
    replace_approaches,
    report_job,
    revoke_token,
    risk_list,
    search_objects,
    submission_content,
    submit_observations,
)
from perilune.catalogue.parquet import load_parquet, save_parquet
from perilune.catalogue.tables import tokens
from perilune.errors import InputError, UnknownNameError
from perilune.impact import Approach, BPlane, ImpactorRow, RiskAssessment
from perilune.orbits import KeplerianElements, Orbit, catalogue, with_elements


def _plain(designation: str, epoch_mjd_tdb: float = 61000.0, **changes: object) -> Orbit:
    orbit = Orbit(
        designation=designation,
        name=None,
        number=int(designation) if designation.isdigit() else None,
        solution="MPC 1",
        publisher="MPC",
        solution_date=None,
        epoch_mjd_tdb=epoch_mjd_tdb,
        elements=KeplerianElements(2.5, 0.1, 5.0, 30.0, 40.0, 50.0),
    )
    return dataclasses.replace(orbit, **changes)  # type: ignore[arg-type]


def test_orbits_come_back_to_the_last_digit(database: Database) -> None:
    given = [*catalogue.orbits(), _plain("2030 AA1", absolute_magnitude_h=18.5, slope_g=0.15)]
    with database.write() as connection:
        added = add_orbits(connection, given, "me")
        assert (added.new, added.preferred) == (14, 14)
    with database.read() as connection:
        found = [stored.orbit for stored in preferred_orbits(connection)]
    assert found == given
    assert [orbit.source for orbit in found] == [orbit.source for orbit in given]


def test_what_is_there_is_not_added_again(database: Database) -> None:
    given = [*catalogue.orbits(), _plain("2030 AA1"), _plain("2030 AA1")]
    with database.write() as connection:
        assert add_orbits(connection, given, "me").new == 14
        elsewhere = [dataclasses.replace(orbit, source="elsewhere") for orbit in given]
        assert add_orbits(connection, elsewhere, "you").new == 0
        assert count_objects(connection) == 14


@pytest.mark.parametrize(
    "name", ["99942", "Apophis", "apophis", "(99942)", "99942 Apophis", "99942Apophis"]
)
def test_an_object_is_found_by_any_of_its_names(database: Database, name: str) -> None:
    with database.write() as connection:
        add_orbits(connection, catalogue.orbits(), "me")
        assert find_object(connection, name).full_name == "99942 Apophis"


def test_a_search_goes_by_the_beginning_of_a_name(database: Database) -> None:
    with database.write() as connection:
        add_orbits(connection, catalogue.orbits(), "me")
        assert [o.designation for o in search_objects(connection, "2024")] == [
            "2024 BX1",
            "2024 YR4",
        ]
        assert [o.full_name for o in search_objects(connection, "halley")] == ["1P/Halley"]
        assert len(search_objects(connection, "", limit=5)) == 5
        assert search_objects(connection, "no such") == []
        with pytest.raises(UnknownNameError, match="2024 YR4"):
            find_object(connection, "2024 YR5")


def test_a_name_of_two_comets_belongs_to_neither(database: Database) -> None:
    comets = [_plain(f"C/2021 A{k}", name="ATLAS", number=None) for k in (1, 2)]
    with database.write() as connection:
        add_orbits(connection, comets, "me")
        with pytest.raises(InputError, match="several objects"):
            find_object(connection, "ATLAS")
        assert find_object(connection, "C/2021 A2 (ATLAS)").designation == "C/2021 A2"


def test_an_object_that_is_numbered_and_named_later_stays_one(database: Database) -> None:
    with database.write() as connection:
        add_orbits(connection, [_plain("2030 AA1")], "me")
        add_orbits(connection, [_plain("2030 AA1", 61200.0, number=900001, name="Selene")], "me")
        add_orbits(connection, [_plain("900001", 61400.0)], "me")
        assert count_objects(connection) == 1
        found = find_object(connection, "Selene")
        assert (found.number, found.full_name) == (900001, "900001 Selene")
        assert set(names_of(connection, found.id)) == {
            "2030 AA1", "900001", "Selene", "900001 Selene",
        }  # fmt: skip
        assert len(orbits_of(connection, found.id)) == 3


def test_which_solution_is_preferred(database: Database) -> None:
    """The rule at the head of `catalogue/solutions.py`, clause by clause."""
    yr4 = catalogue.find("2024 YR4")
    assert yr4.covariance is not None
    bare = dataclasses.replace(yr4, covariance=None, covariance_parameters=(), publisher="MPC")
    worse = dataclasses.replace(yr4, covariance=4.0 * yr4.covariance, publisher="Other")
    better = dataclasses.replace(yr4, covariance=0.25 * yr4.covariance, publisher="Other")
    newer = dataclasses.replace(
        yr4, covariance=9.0 * yr4.covariance, solution="JPL 99", solution_date="2027-01-01"
    )
    older = dataclasses.replace(yr4, solution="JPL 1", solution_date="2024-12-28")
    steps = [(bare, bare), (yr4, yr4), (worse, yr4), (older, yr4), (newer, newer), (better, better),
             (bare, better)]  # fmt: skip
    with database.write() as connection:
        for given, expected in steps:
            object_id = add_orbits(connection, [given], "me").object_ids[0]
            stored = preferred_orbit(connection, object_id)
            assert stored is not None
            assert stored.orbit == expected
        assert len(orbits_of(connection, object_id)) == 6
        first = orbits_of(connection, object_id)[-1]
        prefer(connection, first.id, "operator")
        stored = preferred_orbit(connection, object_id)
        assert stored is not None
        assert stored.orbit == bare
        (entry,) = audit_entries(connection, subject=f"orbit:{first.id}")
        assert (entry.actor, entry.action) == ("operator", "prefer")


def test_the_sigma_of_the_semi_major_axis_is_that_of_the_elements(database: Database) -> None:
    """Against the covariance carried to Keplerian elements, whose first parameter is a."""
    with database.write() as connection:
        add_orbits(connection, catalogue.orbits(), "me")
        for stored in preferred_orbits(connection):
            if stored.semi_major_axis_sigma_au is None:
                continue
            covariance = with_elements(stored.orbit, KeplerianElements).covariance
            assert covariance is not None
            expected = float(np.sqrt(covariance[0, 0]))
            assert stored.semi_major_axis_sigma_au == pytest.approx(expected, rel=1e-6)


def _seen() -> Observations:
    orbit = dataclasses.replace(
        catalogue.find("2024 YR4").cartesian(), covariance=None, parameters=()
    )
    epochs = np.array([60675.2 + 3.0 * k + j / 48.0 for k in range(4) for j in range(3)])
    return seen(blank(epochs, "W84"), orbit)


def test_observations_are_kept_as_submitted(database: Database) -> None:
    content = write_ades_psv(_seen()).encode()
    reading = parse_observations(content, "night.psv")
    with database.write() as connection:
        done = submit_observations(connection, content, reading, "partner:me")
        assert (done.is_new, done.added, done.known, done.rejected) == (True, 12, 0, 0)
        assert submission_content(connection, done.submission_id) == content
        (object_id,) = done.object_ids
        found = observations_of(connection, object_id, "2024 YR4")
        (entry,) = audit_entries(connection)
        assert (entry.actor, entry.action) == ("partner:me", "submit")
    for item in dataclasses.fields(Observations):
        mine, theirs = getattr(found, item.name), getattr(reading.observations, item.name)
        equal = mine == theirs
        assert np.all(equal | (mine != mine)), item.name
        assert mine.dtype.kind == theirs.dtype.kind, item.name


def test_the_same_observations_are_not_added_twice(database: Database) -> None:
    """Neither the same file, nor the same rows in a file with more."""
    rows = _seen()
    short, longer = (write_ades_psv(rows.where(np.arange(n))).encode() for n in (9, 12))
    with database.write() as connection:
        first = submit_observations(connection, short, parse_observations(short, "a.psv"), "me")
        (object_id,) = first.object_ids
        before = observations_digest(connection, object_id)
        again = submit_observations(connection, short, parse_observations(short, "b.psv"), "you")
        assert (again.is_new, again.added, again.submission_id) == (False, 0, first.submission_id)
        assert observations_digest(connection, object_id) == before
        more = submit_observations(connection, longer, parse_observations(longer, "c.psv"), "me")
        assert (more.added, more.known) == (3, 9)
        assert count_observations(connection, object_id) == 12
        assert observations_digest(connection, object_id) != before


def _risk(
    body: str, probability: float, *, torino: int = 0, date: str | None = None
) -> RiskAssessment:
    impactors: tuple[ImpactorRow, ...] = ()
    if date is not None:
        impactors = (
            ImpactorRow(
                epoch_utc=date, impact_probability=probability, probability_low=0.5 * probability,
                probability_high=1.5 * probability, sigma_lov=1.0, stretch=2.0, width_km=3.0,
                speed_km_s=14.0, longitude_deg=None, latitude_deg=-5.0, energy_mt=6.0,
                palermo=-1.0, torino=torino,
            ),
        )  # fmt: skip
    return RiskAssessment(
        object="", solution="", body=body, impact_probability=probability,
        probability_low=0.5 * probability, probability_high=1.5 * probability, method="linear",
        method_reason="a test", samples=0,
        palermo_cumulative=float(np.log10(probability)) if date else None, palermo_max=None,
        torino_max=torino, virtual_impactors=impactors, linear_probability=probability,
        until_utc="2126-01-01T00:00:00Z", seed=None,
    )  # fmt: skip


def _assess(database: Database, name: str, risk: RiskAssessment, mark: str) -> None:
    with database.write() as connection:
        stored = preferred_orbit(connection, find_object(connection, name).id)
        assert stored is not None
        add_assessments(
            connection,
            stored.id,
            [risk],
            inputs_sha256=mark.encode(),
            assessed_mjd_tdb=61000.0,
            software_version="0",
            ephemeris="DE440",
        )


def test_risk_lists_are_filtered_and_sorted(database: Database) -> None:
    with database.write() as connection:
        add_orbits(connection, catalogue.orbits(), "me")
    _assess(database, "Apophis", _risk("moon", 1e-6, date="2068-04-12T00:00:00Z"), "a")
    _assess(database, "2024 YR4", _risk("moon", 0.04, torino=3, date="2032-12-22T15:18:00Z"), "b")
    _assess(database, "Bennu", _risk("moon", 5e-4, torino=1, date="2182-09-24T00:00:00Z"), "c")
    _assess(database, "Eros", _risk("moon", 0.0), "d")
    _assess(database, "Eros", _risk("earth", 0.0), "d")
    with database.read() as connection:

        def names(**wanted: object) -> list[str]:
            found = risk_list(connection, "moon", **wanted)  # type: ignore[arg-type]
            return [each.risk.object.rpartition(" ")[2] for each in found]

        assert names() == ["YR4", "Bennu", "Apophis", "Eros"]
        assert names(sort="date") == ["YR4", "Apophis", "Bennu", "Eros"]
        assert names(sort="palermo") == ["YR4", "Bennu", "Apophis", "Eros"]
        assert names(sort="torino", min_probability=1e-7) == ["YR4", "Bennu", "Apophis"]
        assert names(min_torino=1, sort="date") == ["YR4", "Bennu"]
        assert names(min_palermo=-4.0) == ["YR4", "Bennu"]
        assert names(before_mjd_tdb=65000.0) == ["YR4"]
        assert names(limit=2, offset=1) == ["Bennu", "Apophis"]
        assert [each.risk.object for each in risk_list(connection, "earth")] == ["433 Eros"]
        (impactor,) = risk_list(connection, "moon")[0].risk.virtual_impactors
    assert (
        impactor == _risk("moon", 0.04, torino=3, date="2032-12-22T15:18:00Z").virtual_impactors[0]
    )


def test_every_assessment_is_kept_and_the_latest_is_current(database: Database) -> None:
    with database.write() as connection:
        add_orbits(connection, catalogue.orbits(), "me")
    for probability, mark in ((0.01, "a"), (0.02, "b"), (0.02, "b"), (0.03, "c")):
        _assess(database, "2024 YR4", _risk("moon", probability), mark)
    with database.read() as connection:
        object_id = find_object(connection, "2024 YR4").id
        history = assessments_of(connection, object_id, history=True)
        assert [each.risk.impact_probability for each in history] == [0.03, 0.02, 0.01]
        (current,) = assessments_of(connection, object_id)
        assert current == history[0]
        assert previous_assessment(connection, current) == history[1]
        assert previous_assessment(connection, history[2]) is None


def test_approaches_are_replaced_and_listed_by_date(database: Database) -> None:
    with database.write() as connection:
        add_orbits(connection, catalogue.orbits(), "me")
        for name, epochs in (("Apophis", (62239.9, 70000.0)), ("2024 YR4", (63588.3,))):
            stored = preferred_orbit(connection, find_object(connection, name).id)
            assert stored is not None
            search = ApproachSearch(stored.object_id, stored.id, 61000.0, 75000.0, 7e6, "0")
            found = [
                Approach(stored.orbit.full_name, "moon", epoch, 1.0, 1e5, 2.0, 7.0,
                         BPlane(1.0, 2.0, [[1.0, 0.5], [0.5, 2.0]]), False)
                for epoch in epochs
            ]  # fmt: skip
            replace_approaches(connection, search, found)
            replace_approaches(connection, search, found)
        coming = next_approaches(connection, 62300.0)
        assert [each.approach.object for each in coming] == ["2024 YR4", "99942 Apophis"]
        assert coming[1].approach == approaches_of(connection, coming[1].object_id)[1].approach
        assert next_approaches(connection, 62300.0, body="earth") == []
        assert next_approaches(connection, 62300.0, within_km=1e4) == []
        assert len(next_approaches(connection, 61000.0, stop_mjd_tdb=62300.0)) == 1


def test_parquet_holds_what_the_catalogue_holds(database: Database, tmp_path: Path) -> None:
    given = [*catalogue.orbits(), _plain("2030 AA1", absolute_magnitude_h=18.5)]
    with database.write() as connection:
        add_orbits(connection, given, "me")
    file = tmp_path / "orbits.parquet"
    assert save_parquet(database, file) == 14
    assert load_parquet(database, file, "me").new == 0  # the digests are the same
    table = pq.read_table(file)
    assert table.column("designation").to_pylist() == [orbit.designation for orbit in given]
    changed = table.set_column(
        table.schema.get_field_index("designation"), "designation",
        pa.array([f"{name} B" for name in table.column("designation").to_pylist()]),
    )  # fmt: skip
    pq.write_table(changed.drop(["document_json", "name", "number"]).slice(4, 10), file)
    assert load_parquet(database, file, "me").new == 10


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("eccentricity", 1.0, "semi_major_axis_au"),
        ("semi_major_axis_au", -2.0, "semi_major_axis_au"),
        ("inclination_deg", 200.0, "inclination_deg"),
        ("epoch_mjd_tdb", float("nan"), "epoch_mjd_tdb"),
        ("absolute_magnitude_h", float("inf"), "absolute_magnitude_h"),
        ("designation", "", "designation"),
    ],
)
def test_a_bad_row_of_a_parquet_file_is_named_and_nothing_is_added(
    database: Database, tmp_path: Path, column: str, value: object, said: str
) -> None:
    rows = {
        "designation": ["1", "2", "3"], "epoch_mjd_tdb": [61000.0] * 3,
        "semi_major_axis_au": [2.0] * 3, "eccentricity": [0.1] * 3, "inclination_deg": [5.0] * 3,
        "node_deg": [1.0] * 3, "argument_of_perihelion_deg": [2.0] * 3,
        "mean_anomaly_deg": [3.0] * 3, "absolute_magnitude_h": [20.0] * 3,
    }  # fmt: skip
    rows[column] = [*rows[column][:1], value, *rows[column][2:]]  # type: ignore[list-item]
    pq.write_table(pa.table(rows), tmp_path / "orbits.parquet")
    with pytest.raises(InputError, match=said) as caught:
        load_parquet(database, tmp_path / "orbits.parquet", "me")
    assert caught.value.line == 2
    with database.read() as connection:
        assert count_objects(connection) == 0


def test_what_is_no_parquet_file_of_orbits(database: Database, tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("nothing of the kind")
    with pytest.raises(InputError, match="no readable Parquet"):
        load_parquet(database, tmp_path / "x.parquet", "me")
    pq.write_table(pa.table({"designation": ["1"]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="column is missing"):
        load_parquet(database, tmp_path / "x.parquet", "me")


def test_a_token_is_known_by_its_digest_only(database: Database) -> None:
    with database.write() as connection:
        add_partner(connection, "cnsa", "China National Space Administration", by="operator")
        text, token = make_token(connection, "cnsa", ["sign", "read"], label="desk", by="operator")
        expired, _ = make_token(
            connection, "cnsa", ["read"], expires_utc="2020-01-01T00:00:00Z", by="operator"
        )
        assert token.roles == ("read", "sign")
        assert check_token(connection, text) == token
        assert check_token(connection, text + "x") is None
        assert check_token(connection, expired) is None
        kept = connection.execute(tokens.select()).all()
        assert not any(text in str(value) for row in kept for value in row)
        assert not any(text in str(entry) for entry in audit_entries(connection))
        revoke_token(connection, token.id, "operator")
        assert check_token(connection, text) is None
        with pytest.raises(InputError, match="no role"):
            make_token(connection, "cnsa", ["admin"], by="operator")
        with pytest.raises(UnknownNameError, match="cnsa"):
            make_token(connection, "cnssa", ["read"], by="operator")


def test_a_job_is_taken_once(database: Database) -> None:
    with database.write() as connection:
        job = add_job(connection, "fit", {"object": "X"}, "partner:cnsa")
        assert claim_job(connection, job.id)
        assert not claim_job(connection, job.id)
        report_job(connection, job.id, 0.5, "half")
        assert find_job(connection, job.id).done_fraction == 0.5
        finish_job(connection, job.id, {"rms": 0.3})
        assert find_job(connection, job.id).result == {"rms": 0.3}
        other = add_job(connection, "fit", {})
        fail_job(connection, other.id, "why")
        assert find_job(connection, other.id).state == "failed"


def test_a_station_file_is_replaced_by_its_successor(database: Database) -> None:
    with database.write() as connection:
        first = put_station(connection, "ilrs", "ILRS", "name: ILRS", "me")
        assert put_station(connection, "ilrs", "ILRS", "name: ILRS", "you") == first
        second = put_station(connection, "ilrs", "ILRS", "name: ILRS 2", "you")
        assert (second.id, second.document) == (first.id, "name: ILRS 2")
        assert len(audit_entries(connection, subject="station:ilrs")) == 2
