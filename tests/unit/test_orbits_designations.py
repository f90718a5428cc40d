"""Packed designations and numbers: the Minor Planet Center's own examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.orbits.designations import number_of, pack, unpack

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
}


@pytest.mark.parametrize(("packed", "plain"), PUBLISHED.items())
def test_published_examples(packed: str, plain: str) -> None:
    assert unpack(packed) == plain
    assert pack(plain) == packed


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
