"""Observations written and read again: the same table, to the last digit that was printed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.astrometry import parse_observations, read_observations, write_ades_psv, write_obs80
from perilune.astrometry.observations import Observations
from perilune.orbits.designations import unpack

DAY_S = 86_400.0


def differences(a: Observations, b: Observations, loose: tuple[str, ...] = ()) -> list[str]:
    """Columns that differ: exactly, or in the loose ones by more than 1e-3 of the last digit."""
    found = []
    units = {
        "ra_rad": a.precision_ra_rad, "dec_rad": a.precision_dec_rad,
        "epoch_mjd_tdb": a.precision_time_s / DAY_S,
    }  # fmt: skip
    for name in a.__slots__:
        x, y = getattr(a, name), getattr(b, name)
        if name in ("line", "file"):
            continue
        if x.dtype.kind != "f":
            same = bool(np.array_equal(x, y))
        elif name in loose:
            limit = 1e-3 * units[name] if name in units else 1e-12 * np.abs(x)
            same = bool(np.all((np.abs(x - y) <= limit) | (np.isnan(x) & np.isnan(y))))
        else:
            same = bool(np.array_equal(x, y, equal_nan=True))
        if not same:
            found.append(name)
    return found


def decimal(whole: st.SearchStrategy[int], most: int) -> st.SearchStrategy[str]:
    """A number as text, with up to `most` decimals."""
    fraction = st.text("0123456789", max_size=most)
    return st.builds(lambda a, b: f"{a}.{b}" if b else f"{a}", whole, fraction)


def maybe(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), text)


SIGMA = decimal(st.integers(0, 9), 4)
NAMES = st.sampled_from(
    ["433|||", "620000|||", "|2024 YR4||", "|C/2017 K2||", "73P-C|||", "3I|||", "|2040 P-L||",
     "|||P21abc", "|||12x", "|||K24Y04R", "|||Sat-1.2", "|A904 OA||"]
)  # fmt: skip
TIMES = st.builds(
    lambda y, mo, d, s, f: (
        f"{y}-{mo:02d}-{d:02d}T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}"
        + (f".{f}" if f else "")
        + "Z"
    ),
    st.integers(1900, 2060), st.integers(1, 12), st.integers(1, 28), st.integers(0, 86_399),
    st.text("0123456789", max_size=6),
)  # fmt: skip
PLACES = st.sampled_from(
    ["||||", "ICRF_KM|399|-4588.997|4208.695|3008.595", "IAU|301|0.0|-89.9|1250.5",
     "ICRF_KM|301|1837.41234|-0.00001|0", "WGS84|399|237.76096|38.11385|-12"]
)  # fmt: skip
ROWS = st.tuples(
    NAMES, st.sampled_from(["CCD", "PHO", "CMO", "UNK"]),
    st.sampled_from(["500", "W68", "250", "Moon1"]), PLACES, maybe(st.sampled_from(["0Z", "12"])),
    TIMES, decimal(st.integers(0, 359), 9), decimal(st.integers(-89, 89), 9), maybe(SIGMA),
    maybe(SIGMA), maybe(decimal(st.integers(0, 0), 3)), st.sampled_from(["Gaia2", "UNK", "Hip1"]),
    maybe(decimal(st.integers(-5, 25), 3)), maybe(SIGMA), maybe(st.sampled_from(["V", "Sg"])),
    maybe(st.just("*")),
).map("|".join)  # fmt: skip
HEADER = (
    "permID|provID|artSat|trkSub|mode|stn|sys|ctr|pos1|pos2|pos3|prog|obsTime|ra|dec|rmsRA|rmsDec"
    "|rmsCorr|astCat|mag|rmsMag|band|disc"
)


@given(st.lists(ROWS, min_size=1, max_size=8))
def test_ades_psv_comes_back_to_the_last_digit(rows: list[str]) -> None:
    """Read, written, read: every column is the same, every float to its last bit.

    Only the observer's place may differ in the last bits, since it is converted to km or radians.
    """
    first = parse_observations("\n".join([HEADER, *rows]).encode(), "a")
    assert not first.rejected
    text = write_ades_psv(first.observations)
    second = parse_observations(text.encode(), "b")
    assert not second.rejected
    assert differences(first.observations, second.observations, loose=("position",)) == []
    assert write_ades_psv(second.observations) == text


RADAR = st.tuples(
    st.sampled_from(["433", "99942"]), st.sampled_from(["251", "253"]), TIMES,
    st.one_of(
        st.builds("{}|{}||".format, decimal(st.integers(1, 400), 10), SIGMA),
        st.builds("||{}|{}".format, decimal(st.integers(-900_000, 900_000), 4), SIGMA),
    ),
    st.sampled_from(["8560", "2380.", "7159.45"]), st.sampled_from(["0", "1"]),
)  # fmt: skip


@given(st.lists(RADAR, min_size=1, max_size=5))
def test_radar_in_psv_comes_back(rows: list[tuple[str, ...]]) -> None:
    header = "permID|trx|rcv|obsTime|delay|rmsDelay|doppler|rmsDoppler|frq|com"
    lines = ["|".join((name, station, *rest)) for name, *rest in rows for station in ("251",)]
    first = parse_observations("\n".join([header, *lines]).encode(), "a").observations
    second = parse_observations(write_ades_psv(first).encode(), "b").observations
    loose = ("delay_s", "sigma_delay_s", "doppler_hz", "sigma_doppler_hz", "frequency_hz")
    assert differences(first, second, loose) == []


def sexagesimal(most: int, fraction: int) -> st.SearchStrategy[str]:
    """DD MM SS.s of fewer than `most` units, in all precisions, 11 columns with blanks."""
    two = st.integers(0, 59).map("{:02d}".format)
    start = st.integers(0, most - 1).map("{:02d}".format)
    digits = st.text("0123456789", min_size=1, max_size=fraction)
    return st.one_of(
        st.builds("{} {} {}.{}".format, start, two, two, digits),
        st.builds("{} {} {}".format, start, two, two),
        st.builds("{} {}.{}".format, start, two, st.text("0123456789", min_size=1, max_size=2)),
        st.builds("{} {}".format, start, two),
    )


COLUMNS = st.sampled_from(
    ["00433       ", "~0000       ", "     K24Y04R", "     PLS2040", "    CK17K020", "0073P      c",
     "     P21abc ", "     A11pl3Z", "0003I       ", "     _QC0000", "    PJ98Q54P"]
)  # fmt: skip
RECORDS = st.builds(
    "{}{}{}{}{}{}{:<12}{}{:<11}{:9}{:5}{}{}{:5}{}".format,
    COLUMNS, st.sampled_from(" *"), st.sampled_from(" K4&"), st.sampled_from("CPBTMEHNne"),
    st.builds("{:04d} {:02d} {:02d}".format, st.integers(1850, 2060), st.integers(1, 12),
              st.integers(1, 28)),
    st.text("0123456789", min_size=1, max_size=6).map(lambda text: f".{text}".ljust(7)),
    sexagesimal(24, 3), st.sampled_from("+-"), sexagesimal(90, 2), st.just(""),
    maybe(st.integers(0, 2999).map(lambda k: f"{k / 100:.2f}".rjust(5))), st.sampled_from(" VGoR"),
    st.sampled_from(" VcUX"), st.just(""), st.sampled_from(["500", "W68", "G96"]),
)  # fmt: skip


@given(st.lists(RECORDS, min_size=1, max_size=8))
def test_80_column_records_come_back(records: list[str]) -> None:
    """Read, written, read; times to 1e-3 of their last digit, all else to the last bit."""
    first = parse_observations("\n".join(records).encode(), "a")
    assert not first.rejected
    text, set_aside = write_obs80(first.observations)
    assert not set_aside
    for old, new in zip(records, text.splitlines(), strict=True):
        assert old[12:56] == new[12:56]
        assert old[70:80] == new[70:80]
        number = unpack(old[:5]) or unpack(old[:12])
        assert old[:12] == new[:12] or number == unpack(new[:12])
    second = parse_observations(text.encode(), "b")
    assert differences(first.observations, second.observations, loose=("epoch_mjd_tdb",)) == []
    psv = write_ades_psv(first.observations)
    third = parse_observations(psv.encode(), "c").observations
    loose = ("ra_rad", "dec_rad", "epoch_mjd_tdb", "precision_ra_rad", "precision_dec_rad",
             "precision_time_s")  # fmt: skip
    worse = differences(first.observations, third, loose)
    # PSV prints two digits beyond the unit: a hundredth of it, not a thousandth.
    assert set(worse) <= {"ra_rad", "dec_rad", "epoch_mjd_tdb"}
    for name, unit in (("ra_rad", "precision_ra_rad"), ("dec_rad", "precision_dec_rad")):
        gap = np.abs(getattr(first.observations, name) - getattr(third, name))
        assert np.all(gap <= 0.01 * getattr(first.observations, unit))
    again, _ = write_obs80(third)
    assert [line[12:56] for line in again.splitlines()] == [line[12:56] for line in records]


@pytest.mark.parametrize(
    "name",
    [
        "mpc/fifty_objects.csv",
        "mpc/3I_ATLAS_ades.csv",
        "mpc/ades_example.psv",
        "mpc/ades_sample.xml",
    ],
)
def test_published_ades_comes_back(shared_data: Path, name: str) -> None:
    first = read_observations(shared_data / name).observations
    second = parse_observations(write_ades_psv(first).encode(), "b").observations
    assert differences(first, second) == []


@pytest.mark.parametrize("name", ["2008TC3", "2024BX1", "2023DW", "2024PT5"])
def test_published_records_come_back_letter_by_letter(shared_data: Path, name: str) -> None:
    """All columns but 57 to 65 and 73 to 77, which hold references, and trailing zeros of mag."""
    path = shared_data / "impactors" / f"{name}.mpc80.txt"
    text, set_aside = write_obs80(read_observations(path).observations)
    assert not set_aside
    old, new = path.read_text().splitlines(), text.splitlines()
    assert [a[:56] + a[70:72] + a[77:] for a in old] == [b[:56] + b[70:72] + b[77:] for b in new]


def test_radar_goes_through_both_formats(shared_data: Path) -> None:
    first = read_observations(shared_data / "radar" / "apophis_2013.json").observations
    text, set_aside = write_obs80(first)
    assert not set_aside
    assert differences(first, parse_observations(text.encode(), "b").observations) == []
    loose = ("delay_s",)
    psv = parse_observations(write_ades_psv(first).encode(), "c").observations
    assert differences(first, psv, loose) == []
