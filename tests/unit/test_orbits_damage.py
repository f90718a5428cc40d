"""Less common damage and refusals: each named with what was found and what was expected."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from perilune.errors import InputError, UnknownNameError
from perilune.orbits import (
    CartesianState,
    CometaryElements,
    KeplerianElements,
    OemSegment,
    Orbit,
    catalogue,
    read_mpcorb,
    read_oef,
    read_oem,
    read_opm,
    read_orbits,
    read_perilune,
    read_sbdb,
    with_elements,
    write_mpcorb,
    write_oef,
    write_oem,
    write_opm,
    write_sbdb,
)
from perilune.orbits.ccsds import in_state_frame, printed_epoch
from perilune.orbits.reading import SourceText

EROS = catalogue.find("Eros")
BX1 = catalogue.find("2024 BX1")
BX1_OEF = write_oef([BX1])
EROS_OPM = write_opm(EROS, "2026-01-01T00:00:00")
APOPHIS = write_sbdb(catalogue.find("Apophis"))


def _sbdb(**changes: Any) -> str:
    answer = json.loads(APOPHIS)
    for path, value in changes.items():
        place: Any = answer
        *parents, last = path.split("__")
        for key in parents:
            place = place[int(key)] if isinstance(place, list) else place[key]
        if value is None:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value
    return json.dumps(answer) + "\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_sbdb(orbit=None), "orbit: an entry is missing"),
        (_sbdb(orbit__covariance="none"), "covariance is damaged"),
        (_sbdb(orbit__covariance__epoch="2459200.5"), "another epoch"),
        (_sbdb(orbit__covariance__labels__6="A9"), "does not know"),
        (_sbdb(orbit__covariance__data__0=["1"]), "rows do not fit"),
        (_sbdb(orbit__elements__0="e"), "entry is damaged"),
        (_sbdb(orbit__elements__1={"name": "e", "value": "1"}), "stands twice"),
        (_sbdb(orbit__model_pars="A2"), "force model is damaged"),
        (_sbdb(orbit__model_pars=[]), "whose value is missing"),
        (_sbdb(phys_par="H"), "physical parameters are damaged"),
        (_sbdb(object__des=""), "object.des"),
        ('{"code": "200", "message": "specified object was not found"}\n', "but a message"),
        ("{}\n", "object: an entry is missing"),
    ],
)
def test_damaged_sbdb(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_sbdb(text)


def test_a_mean_motion_of_another_orbit_is_noticed() -> None:
    answer = json.loads(APOPHIS)
    for item in answer["orbit"]["elements"]:
        if item["name"] == "n":
            item["value"] = "2.112"
    with pytest.raises(InputError, match="contradicts the semi-major axis"):
        read_sbdb(json.dumps(answer) + "\n")


def test_an_sbdb_answer_without_covariance_is_an_orbit() -> None:
    orbit = read_sbdb(_sbdb(orbit__covariance=None, orbit__model_pars=[]))
    assert orbit.covariance is None
    assert orbit.cartesian().covariance is None
    assert orbit.cartesian().parameters == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (" KEP ", " KEP 1.0 ", "not six"),
        (" MAG", " KEP 1 2 3 4 5 6\n MAG", "stand twice"),
        ("2024BX1\n", "", "begins without a name"),
        ("LSP   0  0    6", "LSP   0  0", "LSP is cut short"),
        ("LSP   0  0    6", "LSP   0  0    x", "not a small whole number"),
        ("LSP   0  0    6", "LSP   1  2    7    2", "vector of dynamical parameters"),
        ("LSP   0  0    6", "LSP   1  2    9    2\n NGR  0.0 1.0", "does not fit"),
        ("! PERIOD  ", "! PERIOD  9", "period contradicts"),
        ("! PERIOD  ", "! PERIOD  x", "not a number"),
        (" COV ", " COR  1.0 0.5 0.0\n COV ", "COR lines of"),
    ],
)
def test_damaged_oef(old: str, new: str, words: str) -> None:
    assert old in BX1_OEF
    with pytest.raises(InputError, match=words):
        read_oef(BX1_OEF.replace(old, new, 1))


def test_oef_covariance_and_correlations_must_agree() -> None:
    assert BX1.covariance is not None
    scale = np.sqrt(np.diag(BX1.covariance))
    correlation = (BX1.covariance / np.outer(scale, scale))[np.triu_indices(6)].tolist()
    rows = "".join(f" COR {value:.15E}\n" for value in correlation)
    assert read_oef(BX1_OEF + rows) == [BX1]
    correlation[1] = -correlation[1]
    rows = "".join(f" COR {value:.15E}\n" for value in correlation)
    with pytest.raises(InputError, match="contradict each other"):
        read_oef(BX1_OEF + rows)


@pytest.mark.parametrize("line", ["no quotes 59000", "'433' 59000 1.4 0.2", "'433'"])
def test_damaged_one_line_oef(line: str) -> None:
    head = "format='OEF2.0'\nrectype='1L'\nelem='KEP'\nrefsys=ECLM J2000\nEND_OF_HEADER\n"
    with pytest.raises(InputError, match="cut short"):
        read_oef(head + line + "\n")
    good = "'433' 59000 1.4 0.2 10 300 170 20 10.8 0.4"
    with pytest.raises(InputError, match="another file"):
        read_oef(head + good + " 1\n")
    with pytest.raises(InputError, match="kind of elements"):
        read_oef(head.replace("KEP", "ATT") + good + "\n")
    with pytest.raises(InputError, match="holds no orbit"):
        read_oef(head)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("OBJECT_NAME", "just words\nOBJECT_NAME", "not KEY = VALUE"),
        ("OBJECT_NAME", "X = 1\nOBJECT_NAME", "stands twice"),
        ("EPOCH           = ", "EPOCH = @", "no epoch"),
        ("CX_X", "COV_REF_FRAME = QSW\nCX_X", "covariance's frame"),
    ],
)
def test_damaged_opm(old: str, new: str, words: str) -> None:
    assert old in EROS_OPM
    with pytest.raises(InputError, match=words):
        read_opm(EROS_OPM.replace(old, new, 1))


def test_a_covariance_along_the_velocity_is_turned() -> None:
    state = np.array([0.0, 7000.0, 0.0, -7.5, 0.0, 0.0])
    local = np.diag([1.0, 4.0, 9.0, 1e-6, 2e-6, 3e-6])
    turned = in_state_frame(SourceText("", None), local, "TNW", "ICRF", state, 1)
    # T is -x, W is +z, N = W x T is -y
    np.testing.assert_allclose(np.diag(turned), np.diag(local), rtol=1e-15)
    radial = in_state_frame(SourceText("", None), local, "RSW", "ICRF", state, 1)
    np.testing.assert_allclose(np.diag(radial)[:3], [4.0, 1.0, 9.0], rtol=1e-15)
    line = np.array([7000.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    with pytest.raises(InputError, match="no local frame"):
        in_state_frame(SourceText("", None), local, "RTN", "ICRF", line, 1)


def _segment(**changes: Any) -> OemSegment:
    fields: dict[str, Any] = {
        "object_name": "EROS", "object_id": "433", "originator": "PERILUNE",
        "creation_date": "2026-01-01T00:00:00", "origin": "SUN", "frame": "ICRF",
        "epoch_mjd_tdb": np.array([61000.0, 61001.0]),
        "states": np.array([[1e8, 2e7, 3e6, 1.0, 30.0, 2.0], [1e8, 2.2e7, 3e6, 1.0, 30.0, 2.0]]),
        "covariance_epoch_mjd_tdb": np.array([61000.0]),
        "covariances": np.diag([1.0, 1.0, 1.0, 1e-6, 1e-6, 1e-6])[None],
    }  # fmt: skip
    return OemSegment(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epoch_mjd_tdb": np.array([61001.0, 61000.0])}, "do not ascend"),
        ({"epoch_mjd_tdb": np.array([61000.0])}, "columns do not fit"),
        ({"states": np.full((2, 6), np.nan)}, "not finite"),
        ({"covariances": -np.eye(6)[None]}, "variance is negative"),
    ],
)
def test_impossible_segments(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        _segment(**changes)


def test_several_segments_are_several_orbits() -> None:
    text = write_oem([_segment(), _segment(object_name="IDA", object_id="243")])
    assert [orbit.number for orbit in read_orbits(text)] == [433, 243]
    with pytest.raises(InputError, match="needs a segment"):
        write_oem([])
    damaged = (
        ("OBJECT_ID = 433", "OBJECT_ID = 433\nOBJECT_ID = 434", "stands twice"),
        ("OBJECT_ID = 433", "OBJECT_NUMBER = 433", "not known"),
        ("META_STOP", "METASTOP", "does not belong"),
        ("EPOCH = ", "COV_REF_FRAME = ", "without its epoch"),
        ("COVARIANCE_START\nEPOCH = 2025-11-21",
         "COVARIANCE_START\nEPOCH = 2025-11-20", ""),
    )  # fmt: skip
    for old, new, words in damaged:
        assert old in text
        if words:
            with pytest.raises(InputError, match=words):
                read_oem(text.replace(old, new, 1))
        else:  # a covariance between the states stands for no state
            assert read_oem(text.replace(old, new, 1))[0].orbit().covariance is None
    local = text.replace(
        "COVARIANCE_START\nEPOCH = 2025-11-21T00:00:00",
        "COVARIANCE_START\nEPOCH = 2025-11-20T12:00:00\nCOV_REF_FRAME = RTN",
        1,
    )
    assert local != text
    with pytest.raises(InputError, match="stands at no state"):
        read_oem(local)


@pytest.mark.parametrize("name", ["1P", "67P", "C/2022 E3"])
def test_oef_refuses_a_comets_forces(name: str) -> None:
    with pytest.raises(InputError, match="no such parameter"):
        write_oef([catalogue.find(name)])


def test_mpcorb_refuses_what_does_not_fit_its_columns() -> None:
    for orbit, field in (
        (catalogue.find("1P"), "designation"),
        (replace(EROS, epoch_mjd_tdb=61000.25), "epoch"),
        (BX1, "epoch"),
    ):
        with pytest.raises(InputError, match=field):
            write_mpcorb([orbit])


def test_mpcorb_takes_jpls_epochs_for_its_own() -> None:
    """0 h TDB is 0 h TT to all of MPCORB's digits; nearly no orbit of JPL's could be written."""
    for name in ("Apophis", "Ceres", "2024 YR4", "433"):
        given = catalogue.find(name)
        (found,) = read_mpcorb(write_mpcorb([given]))
        assert abs(found.epoch_mjd_tdb - given.epoch_mjd_tdb) < 2.1e-8
        error = found.cartesian().position_km - given.cartesian().position_km
        distance_km = float(np.linalg.norm(given.cartesian().position_km))
        assert np.linalg.norm(error) < 3e-7 * distance_km  # half a unit of 1e-5 degrees, thrice


def test_elements_too_extreme_for_a_state() -> None:
    wild = CometaryElements(1e300, 1e-300, Decimal("1e5"), 0.0, 0.0, 0.0)
    orbit = replace(EROS, elements=wild, covariance=None, covariance_parameters=())
    with pytest.raises(InputError, match="no finite state"):
        orbit.cartesian()


def test_orbits_refuse_what_is_not_finite() -> None:
    for field in ("epoch_mjd_tdb", "absolute_magnitude_h", "gm_sun_km3_s2"):
        changes: dict[str, Any] = {field: float("nan")}
        with pytest.raises(InputError, match=field):
            replace(EROS, **changes)
    with pytest.raises(InputError, match="do not fit the elements"):
        replace(EROS, covariance_parameters=("e", "q_au", "tp_d", "node_deg", "peri_deg", "a_au"))


def test_orbits_are_equal_by_every_field_but_their_source() -> None:
    same = replace(EROS, source="elsewhere")
    assert same == EROS
    assert hash(same) == hash(EROS)
    assert EROS != "433 Eros"
    assert replace(EROS, covariance=None, covariance_parameters=()) != EROS
    assert EROS.covariance is not None
    assert replace(EROS, covariance=EROS.covariance * 2.0) != EROS
    assert replace(EROS, slope_g=0.15) != EROS
    with pytest.raises(ValueError, match="read-only"):
        EROS.covariance[0, 0] = 1.0


def test_an_unknown_origin_is_named() -> None:
    state = CartesianState((1e8, 0.0, 0.0), (0.0, 30.0, 0.0), "ICRF", "VULCAN")
    orbit = replace(EROS, elements=state, covariance=None, covariance_parameters=())
    with pytest.raises(UnknownNameError, match="vulcan"):
        orbit.cartesian()


def test_states_from_the_barycentre_become_heliocentric() -> None:
    state = CartesianState((1e8, 0.0, 0.0), (0.0, 30.0, 0.0), "ICRF", "SOLAR SYSTEM BARYCENTER")
    orbit = replace(EROS, elements=state, covariance=None, covariance_parameters=())
    offset = orbit.cartesian().position_km - np.array(state.position_km)
    assert 1e4 < np.linalg.norm(offset) < 2e6  # the Sun stays within two radii of the barycentre


def test_a_parabola_goes_through_every_format_that_has_room_for_it() -> None:
    parabola = CometaryElements(1.0, 0.5, Decimal("61100.25"), 10.0, 20.0, 30.0)
    orbit = Orbit("C/2030 X1", "Test", None, "A 1", "A", None, 61000.0, parabola)
    assert read_sbdb(write_sbdb(orbit)).elements == parabola
    (again,) = read_oef(write_oef([orbit]))
    difference = again.cartesian().position_km - orbit.cartesian().position_km
    assert np.abs(difference).max() < 2e-5  # OEF's time of perihelion is a float64
    with pytest.raises(InputError, match="parabola"):
        with_elements(orbit, KeplerianElements)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"perilune orbits"', '"other orbits"', "format"),
        ('"number": 433', '"number": 4.5', "not whole"),
        ('"parameters": ["e"', '"parameters": [1', "a name is missing"),
        ('"frame": "ICRF"', '"frame": "B1950"', "frame is not known"),
    ],
)
def test_damaged_own_files(old: str, new: str, words: str) -> None:
    from perilune.orbits import write_perilune

    text = write_perilune([EROS, with_elements(EROS, CartesianState)])
    assert old in text
    with pytest.raises(InputError, match=words):
        read_perilune(text.replace(old, new, 1))


def test_an_empty_list_of_orbits_is_no_orbit_file() -> None:
    with pytest.raises(InputError, match="holds no orbit"):
        read_orbits('{"format": "perilune orbits", "version": 1, "orbits": []}\n')


def test_an_epoch_beyond_the_calendar_cannot_be_printed() -> None:
    assert printed_epoch(61000.0) == "2025-11-21T00:00:00"
    assert printed_epoch(60329.999477198246) != ""
