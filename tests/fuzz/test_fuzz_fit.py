"""Whatever becomes of a file of observations, `fit` answers with an exit code and words."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import blank, seen

from perilune.astrometry import write_ades_psv, write_obs80
from perilune.cli.main import main
from perilune.orbits import resolve_target


@cache
def _texts() -> tuple[str, str]:
    """Four nights of 2024 YR4 as ADES and in 80 columns."""
    orbit = replace(resolve_target("2024 YR4")[0].cartesian(), covariance=None)
    epochs = np.array([60675.2 + 2.0 * k + j / 48.0 for k in range(4) for j in range(3)])
    rows = seen(blank(epochs, "W84"), orbit)
    return write_ades_psv(rows), write_obs80(rows)[0]


def _spoilt(text: str, faults: list[tuple[str, int, int, str]]) -> str:
    """The text with lines and characters changed, one fault after another."""
    lines = text.splitlines()
    for kind, where, place, what in faults:
        at = where % max(len(lines), 1)
        if not lines:
            break
        line = lines[at]
        column = place % (len(line) + 1)
        if kind == "replace":
            lines[at] = line[:column] + what + line[column + len(what) :]
        elif kind == "insert":
            lines[at] = line[:column] + what + line[column:]
        elif kind == "cut":
            lines[at] = line[:column]
        elif kind == "drop":
            del lines[at]
        elif kind == "repeat":
            lines.insert(at, line)
        elif kind == "swap":
            other = place % len(lines)
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == "exchange" and "|" in line:
            fields = line.split("|")
            one, two = place % len(fields), (place // 7) % len(fields)
            fields[one], fields[two] = fields[two], fields[one]
            lines[at] = "|".join(fields)
    return "\n".join(lines) + "\n"


_kinds = st.sampled_from(["replace", "insert", "cut", "drop", "repeat", "swap", "exchange"])
_what = st.one_of(
    st.sampled_from(["9", "-", "0", " ", "|", "nan", "inf", "1e308", "-90.0", "360.0", "500"]),
    st.text(alphabet="0123456789.-+eE |:TZ", min_size=1, max_size=6),
    st.text(min_size=1, max_size=3),
)
_faults = st.lists(
    st.tuples(_kinds, st.integers(0, 40), st.integers(0, 200), _what), min_size=1, max_size=6
)


@pytest.mark.parametrize("form", [0, 1])
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=_faults)
def test_a_spoilt_file_ends_in_an_answer(
    form: int, faults: list[tuple[str, int, int, str]], tmp_path: Path
) -> None:
    file = tmp_path / ("x.psv" if form == 0 else "x.txt")
    file.write_text(_spoilt(_texts()[form], faults), encoding="utf-8")
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["fit", str(file), "--residuals", "--json"])
    assert code in (0, 2, 3, 4)
    assert "Traceback" not in err.getvalue()
    if code in (0, 3):
        for row in json.loads(out.getvalue())["data"]:
            assert row["status"] in ("converged", "unconstrained", "failed")
            assert row["reason"]
            counted = row["used"] + row["rejected"] + len(row["set_aside"])
            assert counted == len(row["observations"]) or row["elements"] is None
    else:
        assert "rror" in err.getvalue()
