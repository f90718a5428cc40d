"""`perilune convert`: what it writes is read back as the same orbit; bad ways out are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from perilune.cli.convert import Format
from perilune.cli.main import main
from perilune.orbits import catalogue, read_orbits, write_perilune
from perilune.times import mjd_tdb_from_tt


@pytest.mark.parametrize("to", [to for to in Format if to is not Format.MPCORB])
def test_a_written_file_is_read_again_as_the_same_object(
    to: Format, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "eros.txt"
    assert main(["convert", "Eros", "--to", to.value, "--output", str(target)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Wrote 1 orbit" in captured.err
    (again,) = read_orbits(target)
    eros = catalogue.find("Eros")
    assert again.number == eros.number
    assert again.epoch_mjd_tdb == eros.epoch_mjd_tdb
    # The error seen is none, but 0.36 m by OEF: OrbFit's elements go with the Gaussian GM of the
    # Sun, which is 5e-12 larger than DE440's, and the elements keep their digits.
    difference_km = again.cartesian().position_km - eros.cartesian().position_km
    assert abs(difference_km).max() < 1e-3


def test_a_line_of_mpcorb_keeps_what_it_has_digits_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # MPCORB's epochs are 0 h TT, the catalogue's 0 h TDB; the line refuses to shift one unasked.
    eros = replace(catalogue.find("Eros"), epoch_mjd_tdb=mjd_tdb_from_tt(53311.0).item())
    source = tmp_path / "eros.json"
    source.write_text(write_perilune([eros]), encoding="utf-8")
    assert main(["convert", str(source), "--to", "mpcorb"]) == 0
    (again,) = read_orbits(capsys.readouterr().out)
    difference_km = again.cartesian().position_km - eros.cartesian().position_km
    # 1e-7 in eccentricity moves Eros by up to 44 km, 5e-6 degrees by 15 km; 33 km are seen.
    assert abs(difference_km).max() < 60.0


def test_own_format_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "Apophis", "1P", "--to", "perilune"]) == 0
    again = read_orbits(capsys.readouterr().out)
    assert again == [catalogue.find("Apophis"), catalogue.find("1P")]


def test_json_carries_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "Apophis", "--to", "perilune", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert data["objects"] == [{"object": "99942 Apophis", "solution": "JPL 220"}]
    assert read_orbits(data["text"]) == [catalogue.find("Apophis")]


def test_the_digest_does_not_depend_on_where_a_file_lies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = []
    for name in ("a.json", "b.json"):
        path = tmp_path / name
        assert main(["convert", "Apophis", "--to", "perilune", "--output", str(path)]) == 0
        capsys.readouterr()
        assert main(["convert", str(path), "--to", "perilune", "--json"]) == 0
        envelope = json.loads(capsys.readouterr().out)
        digests.append(envelope["signature"]["inputs_sha256"])
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["Apophis", "Bennu", "--to", "sbdb"],
        ["Apophis", "--to", "perilune", "--output", "/no/such/folder/file"],
        ["Apofis", "--to", "perilune"],
        ["/no/such/file.json", "--to", "perilune"],
        ["Apophis", "--to", "pdf"],
    ],
)
def test_bad_requests_exit_2_with_one_message(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "rror: " in captured.err
    assert "Traceback" not in captured.err
