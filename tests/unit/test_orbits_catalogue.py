"""The built-in catalogue: who is in it, how they are called, and what a target can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from perilune.errors import InputError, UnknownNameError
from perilune.orbits import catalogue, resolve_target, write_oef, write_perilune


def test_the_charters_objects_are_there_with_their_solutions() -> None:
    solutions = {orbit.full_name: orbit.solution for orbit in catalogue.orbits()}
    assert solutions == {
        "2024 YR4": "JPL 78",
        "2024 BX1": "NEOCC 60329.999477193",
        "99942 Apophis": "JPL 220",
        "101955 Bennu": "JPL 118",
        "2023 DZ2": "JPL 27",
        "2022 AP7": "JPL 9",
        "2001 VB": "JPL 15",
        "433 Eros": "JPL 659",
        "243 Ida": "JPL 189",
        "1 Ceres": "JPL 48",
        "1P/Halley": "JPL 75",
        "67P/Churyumov-Gerasimenko": "JPL K213/6",
        "C/2022 E3 (ZTF)": "JPL 82",
    }
    for orbit in catalogue.orbits():
        assert orbit.covariance is not None
        assert orbit.publisher in ("JPL", "ESA NEOCC")
        assert orbit.source.startswith("https://")


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("2024 YR4", "2024 YR4"),
        ("2024YR4", "2024 YR4"),
        ("2024 yr4", "2024 YR4"),
        ("99942", "99942 Apophis"),
        ("(99942)", "99942 Apophis"),
        ("Apophis", "99942 Apophis"),
        ("99942 Apophis", "99942 Apophis"),
        ("(99942) Apophis", "99942 Apophis"),
        ("1", "1 Ceres"),
        ("1P", "1P/Halley"),
        ("1p/halley", "1P/Halley"),
        ("Halley", "1P/Halley"),
        ("67P", "67P/Churyumov-Gerasimenko"),
        ("C/2022 E3", "C/2022 E3 (ZTF)"),
        ("C/2022 E3 (ZTF)", "C/2022 E3 (ZTF)"),
        ("K24Y04R", "2024 YR4"),
        ("CK22E030", "C/2022 E3 (ZTF)"),
        ("20099942", "99942 Apophis"),
        ("2000001", "1 Ceres"),
        ("20000433", "433 Eros"),
    ],
)
def test_names_are_found_however_written(name: str, full: str) -> None:
    assert catalogue.find(name).full_name == full
    assert resolve_target(name) == [catalogue.find(full)]


@pytest.mark.parametrize(
    ("name", "near"),
    [("Apofis", "99942 Apophis"), ("2024 YR5", "2024 YR4"), ("Benu", "101955 Bennu")],
)
def test_near_names_are_offered(name: str, near: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        catalogue.find(name)
    assert near in caught.value.near
    assert near in str(caught.value)


@pytest.mark.parametrize("name", ["", " ", "()", "Zaphod", "x" * 5000, "\0"])
def test_what_is_no_name_is_an_unknown_name(name: str) -> None:
    with pytest.raises(UnknownNameError):
        resolve_target(name)


def test_a_target_can_be_a_file(tmp_path: Path) -> None:
    eros, ida = catalogue.find("Eros"), catalogue.find("Ida")
    path = tmp_path / "two.ke0"
    path.write_text(write_oef([eros, ida]), encoding="utf-8")
    assert [orbit.number for orbit in resolve_target(str(path))] == [433, 243]
    other = tmp_path / "Apophis"  # a path, not the name
    other.write_text(write_perilune([eros]), encoding="utf-8")
    assert resolve_target(str(other)) == [eros]


@pytest.mark.parametrize("name", ["no/such/file", "orbit.json", "./Apophis"])
def test_a_missing_file_is_said_to_be_missing(name: str) -> None:
    with pytest.raises(InputError, match="no such file"):
        resolve_target(name)
