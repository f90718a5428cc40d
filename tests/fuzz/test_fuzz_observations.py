"""Damaged files of observations: never a crash, never a number that no line of the file holds."""

# ruff: noqa: E501 (lines of these formats are longer)

from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perilune.astrometry import Reading, parse_observations
from perilune.errors import InputError

PSV = b"""# version=2022
# observatory
! mpcCode 500
permID |provID     |mode|stn |obsTime                 |ra         |dec        |rmsRA|rmsDec|astCat|mag  |band|sys    |ctr|pos1     |pos2    |pos3
       |2024 YR4   | CCD|W68 |2024-12-27T05:38:12.000Z| 63.12345  | 10.54321  |0.1  |0.2   | Gaia2|16.5 |   o|       |   |         |        |
       |2024 YR4   | CCD|250 |2025-01-01T00:00:00.000Z|123.45678  |-12.34567  |0.10 |0.10  | Gaia2|21.3 |   r|ICRF_KM|399|-4588.997|4208.695|3008.595
       |2024 YR4   | CCD|M22 |2025-01-02T10:11:12.345Z| 60.00000  |  9.00000  |     |      | Gaia2|17.0 |   G|       |   |         |        |
permID |provID     |trx |rcv |obsTime             |delay       |rmsDelay|doppler |rmsDoppler|com|frq
  99942|           |253 |253 |2013-01-03T10:50:00Z|97.42842546 |0.25    |        |          |  1|8560
  99942|           |253 |253 |2013-01-03T09:20:00Z|            |        |36629.28|0.1       |  1|8560
"""
CSV = b"""provID,ra,dec,obsTime,stn,rmsRA,rmsDec
2024 YR4,63.12345,10.54321,2024-12-27T05:38:12.000Z,W68,0.1,0.2
2024 YR4,63.12346,10.54322,2024-12-27T05:48:12.000Z,W68,,
2024 YR4,63.12347,10.54323,2024-12-27T05:58:12.000Z,W68,0.3,0.2
"""
OBS80 = b"""COD K88
     K24B01X* C2024 01 20.90865 07 46 28.66 +45 23 28.3          18.0 GV~7h33K88
     K24B01X KC2024 01 20.92280 07 46 15.97 +45 28 33.3          17.7 GV~7h33K88
00433         S2011 10 23.34124006 53 03.495+46 43 06.69               X~7lwF275
00433         s2011 10 23.3412401 + 4353.0030 -  481.6100 + 1382.3400   ~7lwF275
00433         V2023 08 26.19193220 55 41.10 -08 18 29.6          15.1 VV~7811270
00433         v2023 08 26.1919321 237.76096  +38.11385      0           ~7811270
99942         R2013 02 20.059722  1635788758700-     795609650023800251      251
99942         r2013 02 20.059722C          2500           2000      251      251
     K24B01X  C2024 01 20.90990 07 46 27.75 +45 23 54.2          18.0 GV~7h33K88
"""
RWO = b"""version =   3
errmod  = 'vfcc17'
END_OF_HEADER
! Object   Obser ============= Date =============
 2020BX12  O C   2014 01 05.593690      1.000E-06 13 13 31.138  1.446E-02    0.200 F    0.000   -0.155 -15 25 02.58  1.000E-02    0.200 F    0.000   -0.026 20.7 G  0.70  -0.44   V F51      0.92 1 1
 2020BX12  S S   2018 01 25.715775      1.000E-06 14 04 23.230  1.416E-02    1.000 F    0.178    0.315 -19 19 22.30  1.000E-02    1.000 F    0.107    0.360                       L C51      0.48 1 0
 2020BX12  S s   2018 01 25.71577 1      -3551.344400000000      -4903.629900000001      -3230.672600000000 C51
 2020BX12  O C K 2022 02 05.81146       1.000E-05 04 07 42.590  1.493E-01    1.000 F    0.000   -0.671 -05 30 58.40  1.000E-01    1.000 F    0.000   -0.081 19.6 V  0.70   0.07   Z K19      0.27 1 1
 2020BX12  R c   2020 02 04 20:31:00   4937248.53246   0.59958   0.59958 F     0.00000    -0.01963    -1   -1         0.18  1
"""
XML = b"""<?xml version='1.0' encoding='UTF-8'?>
<ades version="2022">
  <optical><provID>2024 YR4</provID><stn>W68</stn><obsTime>2024-12-27T05:38:12.000Z</obsTime>
    <ra>63.12345</ra><dec>10.54321</dec></optical>
  <optical><provID>2024 YR4</provID><stn>W68</stn><obsTime>2024-12-27T05:48:12.000Z</obsTime>
    <ra>63.12346</ra><dec>10.54322</dec></optical>
</ades>
"""
JSON = b"""[{"provID": "2024 YR4", "stn": "W68", "obsTime": "2024-12-27T05:38:12.000Z", "ra": 63.1, "dec": 10.5},
 {"provid": "2024 YR4", "stn": "W68", "obstime": "2024-12-27T05:48:12.000Z", "ra": "63.2", "dec": "10.6"}]
"""
RADAR = b"""{"fields": ["des", "epoch", "value", "sigma", "units", "freq", "rcvr", "xmit", "bp"],
 "data": [["99942", "2013-01-03 10:50:00", "97428425.46", "0.25", "us", "8560", "-14", "-14", "C"],
  ["99942", "2013-01-03 09:20:00", "36629.285", "0.1", "Hz", "8560", "-14", "-14", "C"]]}
"""
FILES = {
    "psv": PSV, "csv": CSV, "obs80": OBS80, "rwo": RWO, "xml": XML, "json": JSON, "radar": RADAR,
}  # fmt: skip
BY_LINE = ("psv", "csv", "obs80", "rwo")
ROWS = {"psv": 5, "csv": 3, "obs80": 7, "rwo": 4, "xml": 2, "json": 2, "radar": 2}


def _parse(data: bytes) -> Reading | None:
    try:
        reading = parse_observations(data, "fuzzed")
    except InputError as error:
        if not str(error).startswith("fuzzed"):
            raise
        return None
    table = reading.observations
    assert np.all(np.isfinite(table.epoch_mjd_tdb))
    optical = table.kind == 0
    assert np.all((table.ra_rad[optical] >= 0.0) & (table.ra_rad[optical] < 2.0 * np.pi))
    assert np.all(np.abs(table.dec_rad[optical]) <= np.pi / 2.0 + 1e-15)
    assert not np.any(table.designation == "")
    assert not np.any(table.station == "")
    for name in ("sigma_ra_rad", "sigma_dec_rad", "sigma_time_s", "sigma_delay_s"):
        sigma = getattr(table, name)
        assert np.all(np.isnan(sigma) | (sigma > 0.0))
    for row in reading.rejected:
        assert row.reason
        assert len(row.text) <= 80
        assert row.text.isprintable()
        str(row)
    return reading


def _row(reading: Reading, k: int) -> list[object]:
    table = reading.observations
    return [getattr(table, name)[k].tolist() for name in table.__slots__ if name != "file"]


@pytest.mark.parametrize("name", FILES)
def test_samples_are_read_whole(name: str) -> None:
    reading = _parse(FILES[name])
    assert reading is not None
    assert not reading.rejected
    assert len(reading.observations) == ROWS[name]


@given(st.sampled_from(sorted(FILES)), st.data())
def test_any_damage_is_survived(name: str, data: st.DataObject) -> None:
    text = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(text) - 1, 0)))
        act = data.draw(st.sampled_from(["replace", "insert", "delete", "cut", "double"]))
        if act == "replace" and text:
            text[at] = data.draw(st.integers(0, 255))
        elif act == "insert":
            text[at:at] = data.draw(st.binary(max_size=5))
        elif act == "delete":
            del text[at : at + data.draw(st.integers(1, 20))]
        elif act == "cut":
            del text[at:]
        else:
            text[at:at] = text[at : at + data.draw(st.integers(1, 200))]
    _parse(bytes(text))


@given(st.binary(max_size=300))
@example(b"")
@example(b"\n\n")
@example(b"\x1f\x8bnot gzip")
@example(b"\xef\xbb\xbf")
@example(b"<ades>")
@example(b"{")
@example(b"[]")
@example(b'{"fields": ["rcvr", "xmit"], "data": [[], 1, null]}')
@example(b"[" * 100_000)
@example(b"permID|stn|obsTime\n")
@example(b"END_OF_HEADER\n")
def test_anything_else_is_refused_by_name(data: bytes) -> None:
    _parse(data)


@given(st.sampled_from(BY_LINE), st.data())
def test_a_damaged_line_harms_no_other(name: str, data: st.DataObject) -> None:
    """One line is changed: all others (but its second line) give what they gave before."""
    lines = FILES[name].splitlines()
    whole = _parse(FILES[name])
    assert whole is not None
    first = {"psv": 4, "csv": 1, "obs80": 1, "rwo": 4}[name]
    rows = [k for k in range(first, len(lines)) if not lines[k].startswith(b"permID")]
    k = data.draw(st.sampled_from(rows))
    line = bytearray(lines[k])
    at = data.draw(st.integers(0, len(line) - 1))
    byte = data.draw(st.integers(1, 255).filter(lambda char: char not in (10, 13)))
    line[at : at + data.draw(st.integers(0, 3))] = bytes([byte]) * data.draw(st.integers(0, 3))
    damaged = _parse(b"\n".join([*lines[:k], bytes(line), *lines[k + 1 :]]))
    assert damaged is not None
    near = {k, k + 1, k + 2}  # line numbers from 1: this line, and its partner before or after
    before = {tuple(map(str, _row(whole, j))) for j in range(len(whole.observations))
              if int(whole.observations.line[j]) not in near}  # fmt: skip
    after = {tuple(map(str, _row(damaged, j))) for j in range(len(damaged.observations))}
    assert before <= after


@pytest.mark.parametrize("name", BY_LINE)
def test_a_letter_in_a_number_is_never_read(name: str) -> None:
    """Each digit in turn becomes a letter; whatever number it belonged to is not read."""
    lines = FILES[name].splitlines()
    whole = _parse(FILES[name])
    assert whole is not None
    columns = {
        "psv": (4, range(28, 74)), "csv": (2, range(9, 51)), "obs80": (1, range(15, 55)),
        "rwo": (4, range(17, 61)),
    }[name]  # fmt: skip
    k = columns[0]
    number = k + 1
    for at in columns[1]:
        if not lines[k][at : at + 1].isdigit():
            continue
        line = lines[k][:at] + b"Q" + lines[k][at + 1 :]
        damaged = _parse(b"\n".join([*lines[:k], line, *lines[k + 1 :]]))
        assert damaged is not None
        assert number not in damaged.observations.line.tolist()
        (rejected,) = damaged.rejected
        assert rejected.line == number
        assert rejected.field is not None


@pytest.mark.parametrize("name", FILES)
def test_other_line_breaks_marks_and_gzip(name: str) -> None:
    plain = _parse(FILES[name])
    assert plain is not None
    rows = [_row(plain, k) for k in range(len(plain.observations))]
    for data in (
        FILES[name].replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + FILES[name],
        gzip.compress(FILES[name]),
        FILES[name].rstrip(b"\n"),
    ):
        other = _parse(data)
        assert other is not None
        assert not other.rejected
        assert str([_row(other, k) for k in range(len(other.observations))]) == str(rows)


def test_a_file_cut_anywhere_keeps_its_whole_lines() -> None:
    """No cut makes a shorter number out of a longer one, but at the very end of a CSV's line."""
    for name in ("psv", "obs80", "rwo"):
        whole = _parse(FILES[name])
        assert whole is not None
        places = set(whole.observations.ra_rad[whole.observations.kind == 0].tolist())
        for stop in range(0, len(FILES[name]), 7):
            cut = _parse(FILES[name][:stop])
            if cut is not None:
                table = cut.observations
                assert set(table.ra_rad[table.kind == 0].tolist()) <= places
