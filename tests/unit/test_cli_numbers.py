"""Numbers as the tables show them."""

from __future__ import annotations

import math

import pytest

from perilune.cli.numbers import chance, interval, kilometres, scale, uncertainty


@pytest.mark.parametrize(
    ("probability", "shown"),
    [
        (0.0, "0"),
        (3.7e-5, "3.7e-05"),
        (0.043, "4.30 %"),
        (0.9994, "99.94 %"),
        (0.9999, "99.99 %"),
        (0.999996, "> 99.99 %"),
        (1.0, "100 %"),
    ],
)
def test_chance(probability: float, shown: str) -> None:
    assert chance(probability) == shown


def test_an_interval_from_zero_is_an_upper_bound() -> None:
    assert interval(0.0, 3.8e-4) == "< 3.8e-04"
    assert interval(0.039, 0.047) == "3.90-4.70 %"
    assert interval(0.9996, 1.0) == "> 99.96 %"
    assert interval(1e-7, 4e-7) == "1.0e-07-4.0e-07"


def test_what_is_not_known_is_a_dash() -> None:
    assert scale(None) == scale(-math.inf) == scale(math.nan) == "-"
    assert uncertainty(None) == uncertainty(math.nan) == "-"


def test_signs_thousands_and_digits() -> None:
    assert scale(-1.5) == "-1.50"
    assert scale(0.1) == "+0.10"
    assert kilometres(38011.5) == "38,012"
    assert uncertainty(1234.5) == "1,234"
    assert uncertainty(0.01234) == "0.012"
