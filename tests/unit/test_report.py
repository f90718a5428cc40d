"""The report's parts: numbers as printed, tables, pictures, and the command's frame."""

from __future__ import annotations

import base64
import builtins
import json
import math
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from perilune.catalogue import open_database
from perilune.cli import output
from perilune.cli.main import main
from perilune.errors import DataMissingError
from perilune.report import maps
from perilune.report.pdf import printer
from perilune.report.places import MARIA, SOUTH_POLAR
from perilune.report.risk_section import _troubles
from perilune.report.tables import (
    Source,
    Table,
    number_column,
    other_column,
    rows_at,
    text_column,
)
from perilune.report.typeset import chance, interval, number, odds, one_in, sigma, words
from perilune.report.watched import read_watched

STATIONS = Path(__file__).resolve().parents[2] / "stations"
NO_BREAK = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("probability", "printed"),
    [
        (0.0, "none found"),
        (1.0, "100 %"),
        (0.99995, "> 99.99 %"),
        (0.0420172, "4.20 %"),
        (0.001, "0.10 %"),
        (8.26e-6, "8.3 × 10⁻⁶"),
        (1e-10, "1.0 × 10⁻¹⁰"),
    ],
)
def test_chances(probability: float, printed: str) -> None:
    assert chance(probability).replace(NO_BREAK, " ") == printed


def test_other_numbers() -> None:
    assert interval(0.0, 3.7e-4).replace(NO_BREAK, " ") == "< 3.7 × 10⁻⁴"
    assert interval(0.04, 0.0437).replace(NO_BREAK, " ") == "4.00 to 4.37 %"
    assert interval(0.9, 1.0).replace(NO_BREAK, " ") == "> 90.00 %"
    assert one_in(0.042).replace(NO_BREAK, " ") == "1 in 24 (4.20 %)"
    assert odds(1.0 / 3.0) == "3"
    assert odds(8.26e-6) == "120,000"
    assert odds(0.0) == number(None, ".2f") == number(math.nan, ".2f") == words([]) == "–"
    assert number(-1.5, "+.2f") == "−1.50"
    assert (sigma(0.0391), sigma(24563.0), sigma(None)) == ("0.039", "24,563", "–")


def test_a_cell_carries_the_number_that_it_prints() -> None:
    table = Table(
        "t",
        "T",
        Source("perilune", "0"),
        (
            text_column("name", "name"),
            number_column("kW", "power_w", ",.1f", 1e-3),
            other_column("both", "low", "high", text=interval),
            text_column("derived", text=lambda row: str(len(row["name"]))),
        ),
        rows_at("/list", [{"name": "a", "power_w": 1234.5, "low": 0.01, "high": math.nan}]),
    )
    (row,) = table.rows
    assert row.at == "/list/0"
    cells = table.cells(
        row.__class__(row.at, dict(row.values) | {"high": 0.02})  # an interval has two ends
    )
    assert [cell.text for cell in cells] == ["a", "1.2", f"1.00 to 2.00{NO_BREAK}%", "1"]
    assert [json.loads(cell.values) for cell in cells] == [["a"], [1234.5], [0.01, 0.02], []]
    assert [cell.is_number for cell in cells] == [False, True, True, False]


def test_pictures_are_svg_in_both_themes_and_the_same_each_time() -> None:
    pytest.importorskip("matplotlib")
    spot = maps.Spot("2024 YR4, 2032", -44.1, -32.7)
    base = maps.Spot("底座 $x^$", -137.3, -89.45)  # letters that matplotlib's own font lacks
    pictures = [maps.impact_map("moon", [spot], None, [base]) for _ in range(2)]
    assert pictures[0] == pictures[1]
    paper, screen = (
        base64.b64decode(pictures[0].data_uri(themed=themed).partition(",")[2]).decode()
        for themed in (False, True)
    )
    for text in (paper, screen):
        assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
        assert "2024 YR4, 2032" in text  # words stay words
        assert "底座 $x^$" in text
        assert not re.findall(r'(?:href|src)="(?!#)', text)
    assert "prefers-color-scheme" in screen
    assert "prefers-color-scheme" not in paper
    assert "var(--moon)" in screen
    assert "#b3500a" in paper
    # What is left of our colours in the browser's picture stands in its style sheet alone.
    assert "#b3500a" not in screen.partition("</style>")[2]


def test_circles_have_their_radius_and_stay_in_one_piece() -> None:
    for place in (*MARIA, *SOUTH_POLAR):
        latitude, longitude = (np.radians(each) for each in maps._circle_deg(place))
        assert np.abs(np.diff(longitude)).max() < np.pi
        middle = np.radians([place.latitude_deg, place.longitude_deg])
        cosine = np.sin(latitude) * np.sin(middle[0]) + np.cos(latitude) * np.cos(
            middle[0]
        ) * np.cos(longitude - middle[1])
        radius_km = 1737.4 * np.arccos(np.clip(cosine, -1.0, 1.0))
        assert radius_km == pytest.approx(0.5 * place.diameter_km, rel=1e-6)


@pytest.mark.parametrize(("south", "turn"), [(True, 1.0), (False, -1.0)])
def test_poles_are_seen_from_outside(south: bool, turn: float) -> None:
    """The prime meridian is up; east is to the right over the south pole, left over the north."""
    sign = -1.0 if south else 1.0
    x, y = maps._from_above(np.full(2, sign * 80.0), np.array([0.0, 90.0]), south)
    reach = 2.0 * 1737.4 * math.tan(math.radians(5.0))  # a stereographic projection's radius
    assert (x[0], y[0]) == pytest.approx((0.0, reach))
    assert (x[1], y[1]) == pytest.approx((turn * reach, 0.0), abs=1e-9)


def test_without_a_cycle_it_says_which_command_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = tmp_path / "absent.db"
    arguments = ["report", str(STATIONS / "gateway.yaml"), "--output", str(tmp_path)]
    assert main([*arguments, "--database", str(absent)]) == 4
    assert f"perilune watch --database {absent}" in capsys.readouterr().err
    assert not absent.exists()
    empty = tmp_path / "empty.db"
    open_database(str(empty)).close()
    assert main([*arguments, "--database", str(empty)]) == 4
    assert f"perilune watch --database {empty}" in capsys.readouterr().err
    opened = open_database(str(empty))
    with pytest.raises(DataMissingError, match="perilune watch"):
        read_watched(opened, str(STATIONS / "gateway.yaml"))
    opened.close()
    assert not list(tmp_path.glob("*report*"))


def test_wrong_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    station = str(STATIONS / "gateway.yaml")
    assert main(["report", station, "--output", str(tmp_path / "no" / "folder")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert main(["report", str(tmp_path / "none.yaml"), "--output", str(tmp_path)]) == 2
    capsys.readouterr()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert main(["report", station, "--output", str(tmp_path)]) == 2
    assert "SOURCE_DATE_EPOCH" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError("cannot load library 'libpango-1.0-0'"), "libpango-1.0-0 libpangoft2-1.0-0"),
        (ModuleNotFoundError("No module", name="weasyprint"), r"perilune\[report\]"),
    ],
)
def test_where_pango_is_absent_the_error_says_what_to_install(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name == "weasyprint":
            raise error
        return real(name, *rest, **more)

    for module in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(DataMissingError, match=said):
        printer()


def test_off_a_terminal_long_work_prints_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_s = [100.0]
    monkeypatch.setattr(output.time, "monotonic", lambda: clock_s[0])

    def at(second: float, part: float, label: str) -> None:
        clock_s[0] = second
        progress(part, label)

    with output.progress_bar("Monitoring") as progress:
        at(101.0, 0.1, "Apophis")
        at(109.0, 0.1, "Apophis")
        assert capsys.readouterr().err == ""  # what is over soon says nothing
        for second in (110.0, 111.0, 139.0, 140.0):
            at(second, 0.25, "Apophis")
        at(170.0, 1.5, "Monitoring")
    said = "Monitoring, Apophis: 25 %\n" * 2
    assert capsys.readouterr().err == said + "Monitoring: 100 %\n"


def test_what_went_wrong_is_told_by_its_first_words() -> None:
    """Each refused file of the inbox once stood there with all formats that are read."""
    failures = [f"{name}.txt was not taken in: {'formats ' * 60}" for name in "abcdefg"]
    told = _troubles(failures)
    assert len(told) < 800
    assert told.startswith("What went wrong in that cycle: a.txt was not taken in: formats")
    assert told.endswith("… And 3 more.")
    assert _troubles(["One."]) == "What went wrong in that cycle: One."
