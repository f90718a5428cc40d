"""`perilune station plan`: rows, tables, pictures, exit codes, and an end within a second."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from planning import HEAD, facility

from perilune.cli.main import main

pytest.importorskip("highspy")

STATIONS = Path(__file__).resolve().parents[2] / "stations"
ROCKET = "id: rocket, owner: one, to: {surface: 5 t}, rate: 2 /y, cost: 100 MUSD"


def write(folder: Path, facilities: list[str], launchers: list[str] | None = None) -> str:
    text = HEAD + "facilities:\n" + "".join(f"  - {{{each}}}\n" for each in facilities)
    text += "launchers:\n" + "".join(f"  - {{{each}}}\n" for each in launchers or [ROCKET])
    path = folder / "station.yaml"
    path.write_text(text)
    return str(path)


def envelope(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["station", "plan", *arguments, "--json"]) == 0, capsys.readouterr().err
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", ["ilrs", "gateway"])
def test_the_stations_have_a_plan(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(STATIONS / f"{name}.yaml")
    found = envelope(capsys, file)
    data = found["data"]
    assert data["optimal"]
    assert data["gap"] == data["dates_gap"] == 0.0
    carried = [
        each["facility"]
        for launch in data["launches"]
        for each in launch["payloads"]
        if each["facility"]
    ]
    here = {each["facility"]: each for each in data["facilities"]}
    assert sorted(carried) == sorted(name for name, e in here.items() if e["launch"] is not None)
    for launch in data["launches"]:
        loads = sum(each["mass_kg"] for each in launch["payloads"])
        assert launch["mass_kg"] == pytest.approx(loads)
        assert launch["mass_kg"] + launch["spare_kg"] == pytest.approx(launch["capacity_kg"])
        assert launch["spare_kg"] > -1e-3
    for each in here.values():
        if each["launch"] is not None:
            assert each["not_before_utc"] <= each["launched_utc"] <= each["not_after_utc"]
    # Every partner's last mass adds up to the mass that is there in the end.
    last = {step["partner"]: step["mass_kg"] for step in data["mass_over_time"]}
    assert sum(last.values()) == pytest.approx(data["phases"][-1]["mass_kg"])
    assert sum(each["owned_kg"] for each in data["partners"]) == pytest.approx(sum(last.values()))
    assert sum(each["launches"] for each in data["partners"]) == pytest.approx(
        len(data["launches"])
    )
    assert all(unit for unit in found["units"].values())
    assert main(["station", "plan", file, "--slot", "12"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert {"Facilities", "Phases", "Consumables", "Partners"} <= set(lines)
    assert lines[-1].startswith("Proven best")


def test_gateway_goes_as_nasa_bought_it(capsys: pytest.CaptureFixture[str]) -> None:
    """PPE and HALO on one Falcon Heavy; I-Hab beside a crew on SLS; people come with SLS only."""
    launches = envelope(capsys, str(STATIONS / "gateway.yaml"))["data"]["launches"]
    by_load = {
        each["facility"]: launch
        for launch in launches
        for each in launch["payloads"]
        if each["facility"]
    }
    assert by_load["ppe"] is by_load["halo"]
    assert by_load["ppe"]["launcher"] == "falcon-heavy"
    assert by_load["i-hab"]["launcher"] == "sls"
    assert all((launch["people"] == 4) == (launch["launcher"] == "sls") for launch in launches)
    # Four people for thirty days a year, and half of it in reserve: 5.5 kg a day with containers.
    a_day_kg = 0.835 + 3.909 * 1.05 + 0.617 * 1.2
    brought = sum(
        each["mass_kg"]
        for launch in launches
        for each in launch["payloads"]
        if not each["facility"]
    )
    assert brought == pytest.approx(4 * a_day_kg * (60.0 + 15.0), rel=1e-3)


def test_json_has_these_fields(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = envelope(capsys, write(tmp_path, [facility("a", "3 t")]))["data"]
    assert data["launches"] == [
        {
            "date_utc": "2030-01-01", "launcher": "rocket", "lander": None,
            "destination": "surface", "at": "base",
            "payloads": [{"facility": "a", "consumables_for": None, "mass_kg": 3000.0}],
            "crews": [], "people": 0, "mass_kg": 3000.0, "capacity_kg": 5000.0,
            "spare_kg": 2000.0, "cost_million": 100.0, "partners": ["one"],
        }
    ]  # fmt: skip
    assert data["facilities"] == [
        {
            "facility": "a", "owner": ["one"], "phase": "early", "at": "base", "mass_kg": 3000.0,
            "not_before_utc": "2030-01-01", "not_after_utc": "2031-12-31",
            "launched_utc": "2030-01-01", "launch": 0,
        }
    ]  # fmt: skip
    assert data["mass_over_time"] == [
        {
            "date_utc": "2030-01-01", "phase": "early", "partner": "one", "added_kg": 3000.0,
            "mass_kg": 3000.0,
        }
    ]  # fmt: skip
    assert data["phases"][0]["cost_million"] == data["cost_million"] == 100.0
    assert data["currency"] == "USD"
    assert data["slot_months"] == 3


def test_pictures_and_parquet(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    import pyarrow.parquet as pq

    file = write(tmp_path, [facility("a", "3 t"), facility("b", "4 t", more="owner: [one, two]")])
    picture, table = tmp_path / "plan.png", tmp_path / "plan.parquet"
    found = envelope(capsys, file, "--plot", str(picture), "--parquet", str(table))
    assert picture.read_bytes().startswith(b"\x89PNG")
    rows = pq.read_table(table)
    assert rows.to_pylist() == found["data"]["launches"]
    assert json.loads(rows.schema.metadata[b"units"])["mass_kg"].startswith("kg")
    assert (
        json.loads(rows.schema.metadata[b"signature"])["inputs_sha256"]
        == (found["signature"]["inputs_sha256"])
    )


def test_the_same_question_has_the_same_digest_and_answer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = write(tmp_path, [facility("a", "3 t"), facility("b", "4 t")])
    first = envelope(capsys, file)
    again = envelope(capsys, file, "--time-limit", "50")
    # A time limit that was not met is no input.
    assert first["signature"]["inputs_sha256"] == again["signature"]["inputs_sha256"]
    assert first["data"] == again["data"]
    other = envelope(capsys, file, "--slot", "6")
    assert first["signature"]["inputs_sha256"] != other["signature"]["inputs_sha256"]


@pytest.mark.parametrize(
    ("facilities", "arguments", "code", "words"),
    [
        ([facility("a", "6 t")], [], 3, "a (6 t) is heavier than anything"),
        ([facility(f"f{k}", "5 t") for k in range(5)], [], 3, "Launch rates: rocket would have"),
        ([facility("a", "3 t")], ["--until", "2029-01-01"], 2, "ends before it starts"),
        ([facility("a", "3 t")], ["--until", "soon"], 2, "--until"),
        (["id: a, kind: power, at: base, owner: one, phase: early"], [], 2, "without mass"),
        ([facility("a", "3 t")], ["--plot", "plan.jpeg"], 2, "ends in .png"),
    ],
)
def test_what_cannot_be_done_is_said(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    facilities: list[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    assert main(["station", "plan", write(tmp_path, facilities), *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err


def test_ctrl_c_ends_a_search_within_a_second(tmp_path: Path) -> None:
    """Stopped inside HiGHS, which has been asked for a manifest that takes minutes to prove."""
    file = write(
        tmp_path,
        [facility(f"f{k}", f"{1 + 0.37 * k % 2.9:.2f} t", phase="late") for k in range(60)],
        [
            "id: large, owner: one, to: {surface: 7.1 t}, rate: 9 /y, cost: 97 MUSD",
            "id: small, owner: one, to: {surface: 4.3 t}, rate: 9 /y, cost: 61 MUSD",
        ],
    )
    script = """\
import sys
from perilune.cli import output
from perilune.cli.main import main
output._LINE_AFTER_S = 0.5
sys.exit(main(sys.argv[1:]))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script, "station", "plan", file, "--slot", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "80"},
    )
    assert process.stderr is not None
    assert "Plan" in process.stderr.readline()  # progress: the search is under way
    began_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - began_s < 1.0
    assert process.returncode == 130
    assert out == ""
    assert err.rstrip().endswith("Interrupted.")


def test_without_highspy_it_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)
    assert main(["station", "plan", write(tmp_path, [facility("a", "3 t")])]) == 4
    assert "pip install 'perilune[station]'" in capsys.readouterr().err
