"""Orbit files with any damage: an orbit comes out, or an error that Perilune means; never another.

Bytes are changed, left out, doubled and cut, numbers are swapped for odd ones, and texts are made
up from nothing. What is read in spite of damage must be whole: finite, with a state.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perilune.errors import PeriluneError
from perilune.orbits import (
    catalogue,
    read_mpcorb,
    read_oem,
    read_opm,
    resolve_target,
    write_mpcorb,
    write_oef,
    write_oem,
    write_opm,
    write_perilune,
    write_sbdb,
)
from perilune.orbits.files import parse_orbits
from perilune.orbits.mpcorb import read_mpcorb_table
from perilune.orbits.reading import SourceText

CREATED = "2026-01-01T00:00:00"
MPCORB = (
    "00433   11.16  0.46 K1972  84.17190  178.83549  304.30424   10.82858  0.2227385"
    "  0.55973997   1.4581823  0 MPO467611  8406  52 1893-2019 0.69 M-v 38h MPCLINUX   1804"
    "    (433) Eros               20190509\n"
)
OEM_HEAD = """CCSDS_OEM_VERS = 2.0
CREATION_DATE = 2026-01-01T00:00:00
ORIGINATOR = PERILUNE
META_START
OBJECT_NAME = EROS
OBJECT_ID = 433
CENTER_NAME = SUN
REF_FRAME = ICRF
TIME_SYSTEM = TDB
META_STOP
2026-01-01T00:00:00 1.5e8 2.0e7 1.0e6 -3.0 28.0 1.0
2026-01-02T00:00:00 1.49e8 2.2e7 1.1e6 -3.1 27.9 1.0
COVARIANCE_START
EPOCH = 2026-01-02T00:00:00
1.0
0.1 1.0
0.0 0.0 1.0
0.0 0.0 0.0 1e-6
0.0 0.0 0.0 0.0 1e-6
0.0 0.0 0.0 0.0 0.0 1e-6
COVARIANCE_STOP
"""
TEXTS = {
    "perilune": write_perilune([catalogue.find("Apophis")]),
    "sbdb": write_sbdb(catalogue.find("67P")),
    "oef": write_oef([catalogue.find("Bennu"), catalogue.find("2024 BX1")]),
    "mpcorb": write_mpcorb(read_mpcorb(MPCORB)) + MPCORB,
    "opm": write_opm(catalogue.find("2024 YR4"), CREATED),
    "oem": write_oem(read_oem(OEM_HEAD)),
}
ODD = (
    "nan",
    "-inf",
    "1e999",
    "-1",
    "0",
    "1e-320",
    "9" * 400,
    "",
    "é",
    "\0",
    "٣",
    "1_0",
    "0x10",
    "--1",
)
_NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")


def _read(text: str) -> None:
    """Read, and use what was read; only Perilune's own errors may come out."""
    error: PeriluneError | None = None
    try:
        orbits = parse_orbits(SourceText(text, "some.file"))
        for orbit in orbits:
            cartesian = orbit.cartesian()
            assert np.isfinite([*cartesian.position_km, *cartesian.velocity_km_s]).all()
            assert np.isfinite(cartesian.epoch_mjd_tdb)
            assert isinstance(orbit.full_name, str)
    except PeriluneError as caught:
        error = caught
    assert error is None or (error.exit_code in (2, 3, 4) and len(str(error)) < 5000)


@pytest.mark.parametrize("kind", TEXTS)
@given(data=st.data())
def test_changed_bytes(kind: str, data: st.DataObject) -> None:
    raw = bytearray(TEXTS[kind].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        match data.draw(st.sampled_from(["change", "drop", "double", "cut"])):
            case "change":
                raw[at] = data.draw(st.integers(0, 255))
            case "drop":
                del raw[at : at + data.draw(st.integers(1, 80))]
            case "double":
                raw[at:at] = raw[at : at + 40]
            case "cut":
                del raw[at:]
        if not raw:
            return
    _read(raw.decode("utf-8", errors="replace"))


@pytest.mark.parametrize("kind", TEXTS)
@given(data=st.data())
def test_odd_numbers(kind: str, data: st.DataObject) -> None:
    text = TEXTS[kind]
    numbers = list(_NUMBER.finditer(text))
    found = data.draw(st.sampled_from(numbers))
    _read(text[: found.start()] + data.draw(st.sampled_from(ODD)) + text[found.end() :])


@pytest.mark.parametrize("kind", TEXTS)
def test_every_length_of_a_file_cut_short(kind: str) -> None:
    text = TEXTS[kind]
    for length in range(0, len(text), max(1, len(text) // 150)):
        _read(text[:length])


@given(st.text(max_size=400))
def test_any_text(text: str) -> None:
    _read(text)
    for kind in (
        "{",
        '{"orbit": ',
        "CCSDS_OPM_VERS = 2.0\n",
        "CCSDS_OEM_VERS = 2.0\n",
        "END_OF_HEADER\n",
        '{"format": "perilune orbits", "version": 1, "orbits": ',
    ):
        _read(kind + text)


@given(st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([
        "object", "orbit", "elements", "covariance", "epoch", "labels", "data", "des", "kind",
        "equinox", "phys_par", "name", "value", "model_pars", "orbits", "format", "version",
    ]), inner, max_size=4),
    max_leaves=20,
))  # fmt: skip
@settings(max_examples=100)
def test_json_of_any_shape(value: object) -> None:
    import json

    _read(json.dumps({"object": value, "orbit": value, "phys_par": value}))
    _read(json.dumps({"format": "perilune orbits", "version": 1, "orbits": [value]}))


@given(st.text(max_size=60))
def test_any_name(text: str) -> None:
    error: PeriluneError | None = None
    try:
        resolve_target(text)
    except PeriluneError as caught:
        error = caught
    assert error is None or error.exit_code == 2


def test_single_formats_refuse_other_formats() -> None:
    for kind, text in TEXTS.items():
        for other, read in (("opm", read_opm), ("oem", read_oem), ("mpcorb", read_mpcorb_table)):
            if kind != other:
                with pytest.raises(PeriluneError):
                    read(text)
