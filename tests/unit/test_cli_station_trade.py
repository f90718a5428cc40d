"""`perilune station trade`: tables, JSON, Parquet, pictures, files, and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from trading import POWER, write_file

from perilune.cli.main import main
from perilune.station.reading import read_station


def test_the_table_and_its_file_for_each_point(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_file(tmp_path, POWER)
    folder = tmp_path / "designs"
    assert main(["station", "trade", str(path), "--output", str(folder)]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("Designs that none betters: ")
    assert "All 60 designs were looked at: the set is exact." in lines
    assert str(folder) in captured.err
    count = int(lines[0].rpartition(" ")[2])
    files = sorted(folder.iterdir())
    assert len(files) == count
    for file in files:
        assert main(["station", "show", str(file)]) == 0
        assert read_station(file).trade is None
    capsys.readouterr()
    # What is there already is not written over, and that is said before the search.
    assert main(["station", "trade", str(path), "--output", str(folder)]) == 2
    assert "something already" in capsys.readouterr().err
    assert sorted(folder.iterdir()) == files
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_json_and_parquet_have_the_same_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    path, file = write_file(tmp_path, POWER), tmp_path / "rows.parquet"
    assert main(["station", "trade", str(path), "--json", "--parquet", str(file)]) == 0
    found = json.loads(capsys.readouterr().out)
    data = found["data"]
    assert data["method"] == "enumeration"
    assert data["is_exact"] is True
    assert data["designs"] == data["feasible"] == 60
    assert data["nondominated"] == len(data["points"])
    assert list(data["points"][0]) == [
        "point", "facilities.panels.solar.power", "facilities.cells.battery.energy", "sites.base",
        "mass_kg", "base.served_fraction",
    ]  # fmt: skip
    assert found["units"]["facilities.panels.solar.power"] == "kW"
    assert found["units"]["mass_kg"] == "kg; to be small"
    assert pq.read_table(file).to_pylist() == data["points"]
    masses = [row["mass_kg"] for row in data["points"]]
    served = [row["base.served_fraction"] for row in data["points"]]
    assert masses == sorted(masses)
    assert served == sorted(served)


def test_few_points_and_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    path, picture = write_file(tmp_path, POWER), tmp_path / "trade.png"
    arguments = ["station", "trade", str(path), "--points", "3", "--plot", str(picture), "--json"]
    assert main(arguments) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert len(data["points"]) == 3 < data["nondominated"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    four = (
        "  goals:\n    - {maximize: sun_fraction, at: base}\n    - {maximize: supply_w, at: base}\n"
    )
    path = write_file(tmp_path, POWER.replace("  goals:\n", four))
    assert main(["station", "trade", str(path), "--plot", str(picture)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert main(["station", "trade", str(path), "--plot", str(tmp_path / "x.gif")]) == 2


def test_wide_tables_go_on_below(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    goals = "".join(
        f"    - {{maximize: {name}, at: base}}\n"
        for name in ("sun_fraction", "earth_fraction", "sky_fraction", "supply_w", "margin_w")
    )
    path = write_file(tmp_path, POWER + goals)
    assert main(["station", "trade", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "The same points" in lines
    assert max(map(len, lines)) <= 80


def test_when_nothing_is_good_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limit = "  constraints: [{quantity: mass_kg, at_most: 1 t}]\n"
    path = write_file(tmp_path, POWER + limit)
    assert main(["station", "trade", str(path), "--output", str(tmp_path / "none")]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "mass_kg at most 1 t: 60 break it, the best has mass_kg 3017" in captured.err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--start", "2036-02-01", "--stop", "2036-01-01"], "ends before it starts"),
        (["--step", "soon"], "this is no step"),
        (["--step", "1s"], "too many steps"),
        (["--output", "/no/such/folder/x"], "no such folder"),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_file(tmp_path, POWER)
    assert main(["station", "trade", str(path), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err


def test_ctrl_c_tells_the_best_so_far(tmp_path: Path) -> None:
    """Stopped in the midst of a long search: at once, with what was found, and no folder."""
    pytest.importorskip("pymoo")
    long = POWER.replace("      step: 2 kW\n", "").replace("stop: 2036-03-01", "stop: 2037-01-01")
    path = write_file(tmp_path, long)
    # Progress tells early that the search is under way.
    script = """\
import sys
from perilune.cli import output
from perilune.cli.main import main
output._LINE_AFTER_S = 0.5
sys.exit(main(sys.argv[1:]))
"""
    command = [sys.executable, "-c", script, "station", "trade", str(path)]
    folder = tmp_path / "designs"
    process = subprocess.Popen(
        [*command, "--generations", "100000", "--output", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "80"},
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    assert "Trade" in first
    began_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - began_s < 1.0
    assert process.returncode == 130
    assert out == ""
    assert "of them none betters" in err
    assert err.rstrip().endswith("Interrupted.")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["station.yaml"]
