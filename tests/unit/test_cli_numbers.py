"""Numbers as the tables show them."""

from __future__ import annotations

import math

import pytest

from perilune.cli.numbers import chance, interval, kilometres, minute, number, uncertainty
from perilune.times import parse_epoch


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
    assert interval(1e-7, 4e-7) == "1.0-4.0e-07"
    assert interval(8e-6, 2e-5) == "8.0e-06-2.0e-05"


def test_what_is_not_known_is_a_dash() -> None:
    assert number(None, ".2f") == number(-math.inf, ".2f") == number(math.nan, ".2f") == "-"
    assert uncertainty(None) == uncertainty(math.nan) == "-"


def test_signs_thousands_and_digits() -> None:
    assert number(-1.5, "+.2f") == "-1.50"
    assert number(0.1, "+.2f") == "+0.10"
    assert kilometres(38011.5) == "38,012"
    assert uncertainty(1234.5) == "1,234"
    assert uncertainty(0.01234) == "0.012"


def test_epochs_are_rounded_to_the_minute() -> None:
    assert minute(parse_epoch("2032-12-22T15:18:29")) == "2032-12-22 15:18"
    assert minute(parse_epoch("2032-12-22T15:18:31")) == "2032-12-22 15:19"
    assert minute(parse_epoch("2032-12-31T23:59:59.7")) == "2033-01-01 00:00"
