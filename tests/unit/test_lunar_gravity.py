"""Gravity fields: closed forms, partials, files and their faults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perilune.dynamics.lunar_gravity import GravityField, lunar_field, read_gravity_field
from perilune.errors import InputError

PLACE = np.array([[-1100.0, 900.0, 1150.0]])


def test_degree_zero_is_a_point_mass() -> None:
    field = lunar_field(0)
    r2 = float(np.sum(PLACE**2))
    expected = -field.gm_km3_s2 * PLACE / r2**1.5
    assert np.abs(field.acceleration(PLACE) / expected - 1.0).max() < 1e-15


def test_j2_and_c22_have_their_closed_forms() -> None:
    """U = GM R²/r⁵ (J2 (x² + y² - 2 z²)/2 + 3 C22 (x² - y²)), unnormalised."""
    j2, c22 = 2.03e-4, 2.24e-5
    cosine, sine = np.zeros((3, 3)), np.zeros((3, 3))
    cosine[2, 0], cosine[2, 2] = -j2 / np.sqrt(5.0), c22 / np.sqrt(5.0 / 12.0)
    field = GravityField("two terms", 4902.8, 1738.0, cosine, sine)

    def potential(place: np.ndarray) -> float:
        x, y, z = place
        form = 0.5 * j2 * (x * x + y * y - 2.0 * z * z) + 3.0 * c22 * (x * x - y * y)
        return float(4902.8 * 1738.0**2 * form / float(place @ place) ** 2.5)

    differences = [
        (potential(PLACE[0] + step) - potential(PLACE[0] - step)) / 2.0 for step in np.eye(3)
    ]
    ours = field.acceleration(PLACE)[0]
    assert np.abs(ours - differences).max() < 2e-6 * np.abs(ours).max()


def test_partials_are_differences_and_obey_laplace() -> None:
    field = lunar_field()
    ours = field.gradient(PLACE[0])
    differences = np.stack(
        [
            (field.acceleration(PLACE + step) - field.acceleration(PLACE - step))[0] / 0.02
            for step in 0.01 * np.eye(3)
        ],
        axis=1,
    )
    assert np.abs(ours - differences).max() < 1e-9 * np.abs(ours).max()
    assert abs(np.trace(ours)) < 1e-18


def test_fewer_degrees() -> None:
    assert lunar_field(8).degree == 8
    assert np.array_equal(lunar_field(8).cosine, lunar_field().cosine[:9, :9])
    with pytest.raises(InputError, match="does not reach"):
        lunar_field(50)


PLAIN = "0.49028E+13 0.1738E+07 a source\n 2 0 -0.9E-04 0.0\n 2 1 0.0 0.0\n 2 2 0.3D-04 -0.2E-09\n"


def test_a_plain_file(tmp_path: Path) -> None:
    path = tmp_path / "field.txt"
    path.write_text(PLAIN)
    field = read_gravity_field(path)
    assert (field.degree, field.gm_km3_s2, field.radius_km) == (2, 4902.8, 1738.0)
    assert field.cosine[2, 2] == 0.3e-4
    assert field.sine[2, 2] == -0.2e-9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no gravity field"),
        ("0.49028E+13\n", "first line"),
        (PLAIN.replace("0.1738E+07", "0.1738E+01"), "first line"),
        (PLAIN.replace(" 2 1 0.0 0.0\n", ""), "coefficients are missing"),
        (PLAIN.replace(" 2 1 0.0", " 2 0 0.0"), "stands twice"),
        (PLAIN.replace(" 2 1 0.0 0.0", " 2 3 0.0 0.0"), "row of the gravity field"),
        (PLAIN.replace(" 2 1 0.0 0.0", " 2 1 nan 0.0"), "row of the gravity field"),
        (PLAIN.replace(" 2 1 0.0 0.0", " 2 1 0.0"), "row of the gravity field"),
        (PLAIN + "é", "cannot be read"),
    ],
)
def test_faults_name_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "field.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_gravity_field(path)
    assert str(path) in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_gravity_field(tmp_path / "none.tab")
