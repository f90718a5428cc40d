"""The frame of the command line: exit codes, what goes where, the envelope, atomic files."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune import __version__
from perilune.cli import app, output
from perilune.cli.envelope import print_envelope
from perilune.cli.main import main
from perilune.contract.envelope import inputs_sha256, plain
from perilune.errors import DataMissingError, InputError, NotConvergedError, PeriluneError


def test_version_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"perilune {__version__}\n"


def test_help_off_a_terminal_is_plain_text_of_80_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for arguments in (["--help"], ["risk", "--help"], ["doctor", "-h"]):
        assert main(arguments) == 0
        text = capsys.readouterr().out
        assert text.startswith("Usage: perilune")
        assert text.isascii()
        assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["riks"],
        ["risk"],
        ["risk", "Apophis", "--method", "guess"],
        ["risk", "Apophis", "--samples", "0"],
        ["risk", "Apophis", "--fail-on", "1.5"],
        ["doctor", "--nonsense"],
    ],
)
def test_wrong_usage_exits_2_and_leaves_stdout_empty(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_a_mistyped_command_is_offered_its_near_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["riks"]) == 2
    assert "'risk'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("no epoch", file="a.json", line=3), 2),
        (NotConvergedError("no end"), 3),
        (DataMissingError("no kernel"), 4),
    ],
)
def test_an_error_is_one_message_on_stderr_with_its_exit_code(
    error: PeriluneError,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(app, "app", fail)
    assert main(["doctor"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"Error: {error}\n"


def test_a_defect_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(app, "app", fail)
    with pytest.raises(ZeroDivisionError, match="a defect"):
        main(["doctor"])


class _Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class _Row:
    name: str
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    colour: _Colour
    size: float | None = None


def test_the_envelope_holds_signature_units_and_data_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    row = _Row("x", np.array([1.5, np.nan, np.inf]), _Colour.RED)
    print_envelope([row], units={"values": "km"}, inputs={"verb": "test"})
    envelope = json.loads(capsys.readouterr().out)
    assert list(envelope) == ["signature", "units", "data"]
    assert list(envelope["signature"]) == [
        "software",
        "version",
        "ephemeris",
        "created_utc",
        "inputs_sha256",
    ]
    assert envelope["units"] == {"values": "km"}
    assert envelope["data"] == [
        {"name": "x", "values": [1.5, None, None], "colour": "red", "size": None}
    ]


@given(st.floats())
def test_numbers_stay_numbers_with_all_their_digits(number: float) -> None:
    text = json.dumps(plain(np.float64(number)), allow_nan=False)
    assert json.loads(text) == (number if math.isfinite(number) else None)


def test_the_digest_of_inputs_sees_the_last_digit_and_not_the_order() -> None:
    one = inputs_sha256({"a": 1.0, "b": [2.0]})
    assert one == inputs_sha256({"b": [2.0], "a": 1.0})
    assert one != inputs_sha256({"a": math.nextafter(1.0, 2.0), "b": [2.0]})
    assert len(one) == 64


def test_an_output_that_is_no_plain_file_is_written_into(tmp_path: Path) -> None:
    """`--output /dev/stdout` replaced the device by a file; `--output LINK` the link."""
    target, link, pipe = tmp_path / "target", tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(target)
    output.write_atomically(link, "through the link")
    assert link.is_symlink()
    assert target.read_text() == "through the link"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    output.write_atomically(pipe, "into the pipe")
    assert os.read(reader, 100) == b"into the pipe"
    os.close(reader)
    assert pipe.is_fifo()
    with pytest.raises(InputError, match="directory"):
        output.write_atomically(tmp_path, "onto a folder")


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "orbit.txt"
    output.write_atomically(target, "first\n")
    assert target.read_text(encoding="utf-8") == "first\n"

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        output.write_atomically(target, "second\n")
    assert target.read_text(encoding="utf-8") == "first\n"
    assert [path.name for path in tmp_path.iterdir()] == ["orbit.txt"]


def test_plain_tables_align_numbers_right_and_fit_80_columns() -> None:
    long = "a sentence that goes on and on until it would not fit on any line of eighty columns"
    lines = output.plain_table("Title", ("name", ">km", "remark"), [("a", "1", long)])
    assert lines[0] == "Title"
    assert lines[2].startswith("name  km  remark")
    assert lines[4].startswith("a      1  a sentence")
    assert max(map(len, lines)) <= 80
    assert " ".join(line.strip() for line in lines[4:]).endswith("columns")


def test_a_long_name_wraps_where_the_numbers_fill_the_line() -> None:
    name = "1996-062A (MARS GLOBAL SURVEYOR)"
    numbers = [f"{-4718566076.341 * k:.3f}" for k in (1, 1.1, 1.2, 1.3)]
    lines = output.plain_table("Title", ("object", ">x", ">y", ">z", ">r"), [(name, *numbers)])
    assert max(map(len, lines)) <= 80
    assert lines[4].split()[-4:] == numbers
    assert " ".join([lines[4].split("  ")[0], *(line.strip() for line in lines[5:])]) == name


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_table("Approaches", ("a",), [], empty="none")
    assert capsys.readouterr().out == "Approaches: none.\n"
