"""`perilune risk` on observations: short arcs by ranging, corridors, the next observation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import blank, seen

from perilune.astrometry import write_ades_psv
from perilune.cli.main import main
from perilune.orbits import resolve_target
from perilune.times import parse_epoch

ENTRY = "2024-01-21T00:32:38"


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Eight places of 2024 BX1 (NEOCC's orbit) in the hour that ends 1.5 h before its entry."""
    orbit = replace(
        resolve_target("2024 BX1")[0].cartesian(),
        covariance=None, parameters=(), non_gravitational=None,
    )  # fmt: skip
    epochs = parse_epoch(ENTRY) - 2.5 / 24.0 + np.arange(8) / 192.0
    table = seen(blank(epochs, "K88"), orbit, name="2024 BX1")
    path = tmp_path_factory.mktemp("observed") / "hour.psv"
    path.write_text(write_ades_psv(table))
    return str(path)


def test_an_hour_tells_the_hit_its_place_and_what_to_see_next(
    hour: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "corridor.json"
    arguments = ["risk", hour, "--samples", "600", "--observer", "K88", "--corridor", str(file)]
    assert main([*arguments, "--json"]) == 0
    text = capsys.readouterr().out
    assert "NaN" not in text
    rows = {row["body"]: row for row in json.loads(text)["data"]}
    earth, moon = rows["earth"], rows["moon"]
    assert earth["impact_probability"] > 0.9
    assert earth["probability_low"] <= earth["impact_probability"] <= earth["probability_high"]
    assert moon["impact_probability"] < 0.02
    assert moon["corridor"] is None
    entry = earth["entry_utc"]
    assert entry["low"] <= entry["median"] <= entry["high"]
    assert abs(parse_epoch(entry["median"]) - parse_epoch(ENTRY)) * 1440.0 < 5.0
    kinds = [f["properties"]["kind"] for f in json.loads(file.read_text())["features"]]
    assert kinds == ["central line", "swath", "swath", "swath"]
    assert earth["next_observations"]
    bits = [one["information_bit"] for one in earth["next_observations"]]
    assert bits == sorted(bits, reverse=True)
    assert all(0.0 <= bit <= 1.0 for bit in bits)


def test_an_orbit_cannot_be_ranged(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["risk", "Apophis", "--method", "ranging"]) == 2
    assert "observations" in capsys.readouterr().err


def test_an_arc_that_tells_an_orbit_is_assessed_by_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The example of the docs: a month of 2024 YR4, made up; 2032 as the linear method has it."""
    example = Path(__file__).parents[2] / "docs" / "examples" / "2024YR4_made_up.psv"
    arguments = ["risk", str(example), "--until", "2033-01-01", "--method", "linear", "--json"]
    assert main(arguments) == 0
    rows = {row["body"]: row for row in json.loads(capsys.readouterr().out)["data"]}
    assert rows["moon"]["fit"]["status"] == "converged"
    assert rows["moon"]["entry_utc"] is None
    assert 1e-5 < rows["moon"]["impact_probability"] < 1e-1


def test_a_file_of_neither_is_refused_as_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear sir,\n")
    assert main(["risk", str(file)]) == 2
    assert "letter.txt" in capsys.readouterr().err
