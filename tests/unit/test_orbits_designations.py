"""Packed designations and numbers: the Minor Planet Center's own examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.orbits.designations import (
    is_natural_satellite,
    is_permanent,
    number_of,
    pack,
    tidy,
    unpack,
)

# https://minorplanetcenter.net/iau/info/PackedDes.html
PUBLISHED = {
    "J95X00A": "1995 XA",
    "J95X01L": "1995 XL1",
    "J95F13B": "1995 FB13",
    "J98SA8Q": "1998 SQ108",
    "J98SC7V": "1998 SV127",
    "J98SG2S": "1998 SS162",
    "K99AJ3Z": "2099 AZ193",
    "K08Aa0A": "2008 AA360",
    "K07Tf8A": "2007 TA418",
    "PLS2040": "2040 P-L",
    "T1S3138": "3138 T-1",
    "T2S1010": "1010 T-2",
    "T3S4101": "4101 T-3",
    "03202": "3202",
    "50000": "50000",
    "A0345": "100345",
    "a0017": "360017",
    "K3289": "203289",
    "~0000": "620000",
    "~000z": "620061",
    "~AZaz": "3140113",
    "~zzzz": "15396335",
    "_QC0000": "2026 CA620",
    "_QC0aEM": "2026 CZ6190",
    "_TFzzzz": "2029 FL591673",
    "J95A010": "1995 A1",
    "J94P01b": "1994 P1-B",
    "J94P010": "1994 P1",
    "K48X130": "2048 X13",
    "K33L89c": "2033 L89-C",
    "K88AA30": "2088 A103",
}
# The same page's rules for comets' and satellites' letters, and for what stands in 12 columns;
# ADES spells the permanent designations so (ADES_Description, table of identifiers).
FURTHER = {
    "CJ95O010": "C/1995 O1",
    "PJ94P01b": "P/1994 P1-B",
    "PJ98Q54P": "P/1998 QP54",
    "CJ97B06A": "C/1997 BA6",
    "XI72X010": "X/1872 X1",
    "AK17U010": "A/2017 U1",
    "IK17U010": "I/2017 U1",
    "CE90Y010": "C/1490 Y1",
    "0001P": "1P",
    "0073P      c": "73P-C",
    "0073P     ac": "73P-AC",
    "0003I": "3I",
    "0003D": "3D",
    "J013S": "Jupiter 13",
    "SK03J010": "S/2003 J 1",
    "SK01S310": "S/2001 S 31",
    "I01A00A": "A801 AA",
    "J04O00A": "A904 OA",
    "J24U00B": "A924 UB",
    "J25A00A": "1925 AA",
}


@pytest.mark.parametrize(("packed", "plain"), PUBLISHED.items())
def test_published_examples(packed: str, plain: str) -> None:
    assert unpack(packed) == plain
    assert pack(plain) == packed


@pytest.mark.parametrize(("packed", "plain"), FURTHER.items())
def test_comets_moons_and_early_ones(packed: str, plain: str) -> None:
    assert unpack(packed) == plain
    assert pack(plain) == packed


@pytest.mark.parametrize(
    ("columns", "plain"),
    [
        ("00433I98D00Q", "433"),
        ("~0000K24Y04R", "620000"),
        ("0073PJ95S00A", "73P"),
        ("0073PJ95S01b", "73P-B"),
        ("0003IK25N010", "3I"),
        ("    CJ95O010", "C/1995 O1"),
        ("J013SK03J010", "Jupiter 13"),
        ("     K24Y04R", "2024 YR4"),
    ],
)
def test_the_twelve_columns_of_an_observation(columns: str, plain: str) -> None:
    assert unpack(columns) == plain


@pytest.mark.parametrize(
    "text",
    [
        "A11pl3Z", "K24I04R", "K24Z04R", "K24Y04I", "K2AY04R", "K24Y0AR", "K24Y00_", "K24Y000",
        "k24Y04R", "H99A00A", "T4S1010", "PLS20A0", "_QI0000", "_QZ0000", "_QC00_0", "00000",
        "~00_0", "0000P", "0073X", "J000S", "M001S", "BJ95O010", "SK03A010", "SK03J011", "CJ95O000",
        "0073P      C", "0073P     c ", "0073P    abc", "J013SK24Y04R", "00433K24Y04", "2024 YR4",
        "", " ", "0073", "\u0661\u0662\u0663\u0664\u0665", "0073P\u00b2",
    ],
)  # fmt: skip
def test_near_misses_are_no_packed_designations(text: str) -> None:
    assert unpack(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "0", "00433", "15396336", "2024 Y", "2024 IA", "2024 AI", "2024 ZA", "2024 YR04",
        "24 YR4", "1892 AB", "A925 AA", "A799 AA", "2024 CA591674", "1999 AA620", "0P", "10000P",
        "01P", "73P-c", "73P-ABC", "C/2024 Y0", "C/2024 Y620", "C/2016 BA1-A", "B/2024 Y1", "Z/1",
        "C/0999 A1", "999 A1", "1700 A1", "Jupiter 0", "Jupiter 1000", "Mars 1", "S/2003 M 1",
        "S/2003 J 0", "S/2003 J 620", "10000 P-L", "2040 T-4", "Eros", "\u0661",
    ],
)  # fmt: skip
def test_near_misses_have_no_packed_form(text: str) -> None:
    assert pack(text) is None


@given(
    st.sampled_from(["", "P", "C", "D", "X", "A", "I"]),
    st.integers(1800, 2299),
    st.sampled_from("ABCDEFGHJKLMNOPQRSTUVWXY"),
    st.integers(1, 619),
    st.sampled_from(["", "-A", "-Z"]),
)
def test_every_comet_comes_back(kind: str, year: int, half: str, count: int, part: str) -> None:
    plain = f"{kind}/{year} {half}{count}{part}" if kind else f"{year} {half}{count}{part}"
    packed = pack(plain)
    assert packed is not None
    assert len(packed) == (8 if kind else 7)
    assert unpack(packed) == plain
    assert unpack(packed.rjust(12)) == plain


@given(st.text("0123456789ABCIJKLPSTabz_~ ", min_size=5, max_size=12))
def test_what_unpacks_packs_again(text: str) -> None:
    plain = unpack(text)
    if plain is not None and len(text.strip()) != 12:
        assert pack(plain) == text.strip()


@pytest.mark.parametrize(
    ("written", "tidied"),
    [
        ("K14X00X", "2014 XX"),
        ("2020BX12", "2020 BX12"),
        ("1979XB", "1979 XB"),
        ("2040P-L", "2040 P-L"),
        ("3138T-1", "3138 T-1"),
        ("C2017K2", "C/2017 K2"),
        ("C/2017K2", "C/2017 K2"),
        ("A904OA", "A904 OA"),
        ("(433) Eros", "433"),
        ("3I/ATLAS", "3I"),
        ("1P/Halley", "1P"),
        ("  2024   YR4 ", "2024 YR4"),
        ("99942", "99942"),
        ("A11pl3Z", "A11pl3Z"),
        ("A1234B", "A1234B"),
        ("P21abcd", "P21abcd"),
    ],
)
def test_designations_as_files_write_them(written: str, tidied: str) -> None:
    assert tidy(written) == tidied
    assert tidy(tidied) == tidied


def test_numbers_and_moons_are_told_from_the_rest() -> None:
    assert all(map(is_permanent, ("433", "73P", "73P-AC", "3I", "Jupiter 13")))
    assert not any(map(is_permanent, ("2024 YR4", "C/2017 K2", "0433", "A11pl3Z", "433x", "")))
    assert all(map(is_natural_satellite, ("Jupiter 13", "S/2003 J 1")))
    assert not any(map(is_natural_satellite, ("433", "C/2017 K2", "Jupiter")))


@given(st.integers(1, 620_000 + 62**4 - 1))
def test_every_number_comes_back(number: int) -> None:
    packed = pack(str(number))
    assert packed is not None
    assert len(packed) == 5
    assert unpack(packed) == str(number)


@given(
    st.integers(2000, 2061),
    st.sampled_from("ABCDEFGHJKLMNOPQRSTUVWXY"),
    st.sampled_from("ABCDEFGHJKLMNOPQRSTUVWXYZ"),
    st.integers(0, 9999),
)
def test_every_provisional_designation_comes_back(
    year: int, half: str, letter: str, cycle: int
) -> None:
    plain = f"{year} {half}{letter}{cycle or ''}"
    packed = pack(plain)
    assert packed is not None
    assert len(packed) == 7
    assert unpack(packed) == plain


@given(st.text(max_size=9))
def test_anything_else_is_told_apart_without_failing(text: str) -> None:
    unpack(text)
    pack(text)
    number_of(text)
    assert tidy(tidy(text)) == tidy(text)


@pytest.mark.parametrize(
    ("names", "number"),
    [
        (("99942",), 99942),
        (("(99942)",), 99942),
        (("99942 Apophis", None), 99942),
        (("1 Ceres",), 1),
        (("Ceres",), 1),
        (("CERES", "Ceres"), 1),
        (("20000001",), 1),
        (("2000001", "CERES"), 1),
        (("2000704",), 704),
        (("2024 YR4",), None),
        (("2040 P-L",), None),
        (("1P", "Halley"), None),
        (("2023-157A", "PSYCHE"), None),
        (("Apophis",), None),
        (("", None), None),
    ],
)
def test_the_number_that_names_give(names: tuple[str | None, ...], number: int | None) -> None:
    assert number_of(*names) == number
