"""OrbFit's orbital element files, OEF 2.0, as ESA's NEOCC publishes them (.ke0, .ke1).

Read: records of several lines (ML) and of one (1L), with Keplerian, equinoctial, cometary or
Cartesian elements in the ecliptic J2000. `COV` is the upper triangle row by row, in au and degrees
(radians only where OrbFit itself has no angle), followed by the estimated ones of the parameters
that `LSP` lists and `NGR` gives: the area-to-mass ratio in m^2/t and the Yarkovsky parameter in
1e-10 au/d^2. The time scale TDT is Terrestrial Time, here turned into TDB (at most 1.7 ms).

The GM of the Sun behind the elements follows from the comment line PERIOD: the files of today
have that of DE440, older ones OrbFit's, the Gaussian constant squared, which is also taken where
there is no such line. NEOCC's files name no solution, so the epoch stands for one; those that
Perilune writes of others' orbits name it in a comment line SOLUTION.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.orbits.covariance import DOUBLE_ROUNDING, rounding_of
from perilune.orbits.designations import number_of, tidy
from perilune.orbits.elements import (
    GM_SUN_GAUSS_KM3_S2,
    CartesianStateAu,
    CometaryElements,
    Elements,
    EquinoctialElements,
    KeplerianElements,
    published_gm_sun,
)
from perilune.orbits.non_gravitational import (
    NonGravitational,
    from_published,
)
from perilune.orbits.orbit import SUN, Orbit
from perilune.orbits.reading import SourceText, load
from perilune.times import mjd_tdb_from_tt, mjd_tt_from_tdb

PUBLISHER: Final = "ESA NEOCC"
_REFERENCE: Final = "ECLM J2000"
MODEL_PARAMETERS: Final = ("area_to_mass_m2_t", "yarkovsky_1e10_au_d2")  # LSP model 1
_INVERSE_SQUARE: Final = (1.0, 1.0, 2.0, 5.093, 0.0)
PERIOD: Final = "! PERIOD "
SOLUTION: Final = "! SOLUTION "  # publisher | solution | its date
_READ_OVER: Final = ("NOR", "MAS", "APR")  # normal matrix, mass, what was assumed beforehand
_SCALES: Final = ("TDT", "TT", "TDB")


@dataclass(slots=True)
class _Record:
    """The lines of one object, as far as they were read."""

    name: str
    line: int
    elements: Elements | None = None
    epoch_mjd_tdb: float | None = None
    period_d: float | None = None
    published: tuple[str, str, str] | None = None
    magnitudes: tuple[float, ...] = ()
    model: int = 0
    dimension: int = 6
    listed: tuple[int, ...] = ()
    parameters: list[float] = field(default_factory=list)
    covariance: list[float] = field(default_factory=list)
    covariance_printed: list[str] = field(default_factory=list)
    correlation: list[float] = field(default_factory=list)


def read_oef(source: Path | str) -> list[Orbit]:
    """The orbits of an OEF file, given as a path or as its text.

    Raises:
        InputError: the text is cut short or damaged, or something needed is missing.
        CovarianceError: a covariance is not one.
    """
    return parse_oef(load(source))


def parse_oef(text: SourceText) -> list[Orbit]:
    """`read_oef` for a text already loaded."""
    lines = text.text.splitlines()
    header: dict[str, str] = {}
    body = None
    for index, line in enumerate(lines):
        if line.startswith("END_OF_HEADER"):
            body = index + 1
            break
        key, equals, value = line.partition("!")[0].partition("=")
        if equals:
            header[key.strip()] = value.strip().strip("'").strip()
    if body is None:
        raise text.error("the header does not end", line=len(lines), expected="END_OF_HEADER")
    for key, expected in (
        ("format", ("OEF2.0", "OEF1.1")),
        ("refsys", (_REFERENCE,)),
        ("rectype", ("ML", "1L")),
    ):
        if header.get(key) not in expected:
            raise text.error(
                "the header names something that Perilune does not read",
                field=key,
                found=header.get(key),
                expected=" or ".join(expected),
            )
    numbered = [
        (number, line)
        for number, line in enumerate(lines[body:], body + 1)
        if line.strip()
        and (not line.lstrip().startswith("!") or line.startswith((PERIOD, SOLUTION)))
    ]
    if not numbered:
        raise text.error(
            "the file holds no orbit", line=len(lines), expected="an orbit after the header"
        )
    if header["rectype"] == "1L":
        return [_one_line(text, header, number, line) for number, line in numbered]
    return [_orbit(text, record) for record in _records(text, numbered)]


def _records(text: SourceText, numbered: list[tuple[int, str]]) -> list[_Record]:
    records: list[_Record] = []
    for number, line in numbered:
        if line.startswith(PERIOD):
            if records:
                records[-1].period_d = text.number(line.removeprefix(PERIOD), "PERIOD", number)
            continue
        if line.startswith(SOLUTION):
            words = [word.strip() for word in line.removeprefix(SOLUTION).split("|")]
            if records and len(words) == 3 and words[0] and words[1]:
                records[-1].published = (words[0], words[1], words[2])
            continue
        if not line[0].isspace():
            records.append(_Record(line.strip(), number))
            continue
        if not records:
            raise text.error("a record begins without a name", line=number, found=line.strip())
        _keyword(text, records[-1], number, line.partition("!")[0].split())
    return records


def _keyword(text: SourceText, record: _Record, line: int, words: list[str]) -> None:
    key, values = words[0], words[1:]
    if key in ("KEP", "EQU", "COM", "CAR"):
        if record.elements is not None:
            raise text.error("the elements stand twice", line=line, field=key)
        record.elements = _elements(text, key, values, line)
    elif key == "MJD":
        record.epoch_mjd_tdb = _epoch(text, values, line)
    elif key == "MAG":
        record.magnitudes = tuple(text.number(value, "MAG", line) for value in values[:2])
    elif key == "LSP":
        counts = [_count(text, value, line) for value in values]
        if len(counts) < 3:
            raise text.error(
                "LSP is cut short",
                line=line,
                found=" ".join(values),
                expected="model, number of parameters, dimension",
            )
        record.model, record.dimension, record.listed = counts[0], counts[2], tuple(counts[3:])
        if counts[0] not in (0, 1) or counts[1] != (2 if counts[0] else 0):
            raise text.error(
                "the non-gravitational model is not one that Perilune reads",
                line=line,
                field="LSP",
                found=" ".join(values),
                expected="model 0 without parameters, or model 1 with 2",
            )
    elif key == "NGR":
        record.parameters += [text.number(value, "NGR", line) for value in values]
    elif key == "COV":
        record.covariance += [text.number(value, "COV", line) for value in values]
        record.covariance_printed += values
    elif key == "COR":
        record.correlation += [text.number(value, "COR", line) for value in values]
    elif key not in _READ_OVER:
        raise text.error(
            "a line's keyword is not known",
            line=line,
            field=key,
            expected="KEP, EQU, COM, CAR, MJD, MAG, LSP, NGR, COV or COR",
        )


def _count(text: SourceText, token: str, line: int) -> int:
    if not token.isascii() or not token.isdigit() or len(token) > 3:
        raise text.error("a count is not a small whole number", line=line, field="LSP", found=token)
    return int(token)


def _epoch(text: SourceText, values: list[str], line: int) -> float:
    if len(values) != 2 or values[1] not in _SCALES:
        raise text.error(
            "the epoch is not understood",
            line=line,
            field="MJD",
            found=" ".join(values),
            expected=f"a number and one of {', '.join(_SCALES)}",
        )
    mjd = text.number(values[0], "MJD", line)
    with text.located(line):
        return mjd if values[1] == "TDB" else float(mjd_tdb_from_tt(mjd))


def _elements(text: SourceText, key: str, values: list[str], line: int) -> Elements:
    if len(values) != 6:
        raise text.error(
            "the elements are not six",
            line=line,
            field=key,
            found=" ".join(values),
            expected="six numbers",
        )
    x = [text.number(value, key, line) for value in values]
    with text.located(line):
        if key == "KEP":
            return KeplerianElements(*x)
        if key == "EQU":
            return EquinoctialElements(*x)
        if key == "CAR":
            return CartesianStateAu((x[0], x[1], x[2]), (x[3], x[4], x[5]), "ecliptic J2000", SUN)
        passage = Decimal(float(mjd_tdb_from_tt(x[5]))).quantize(Decimal("1e-12"))
        return CometaryElements(x[1], x[0], passage, x[3], x[4], x[2])


def _orbit(text: SourceText, record: _Record) -> Orbit:
    for part, name in ((record.elements, "KEP, EQU, COM or CAR"), (record.epoch_mjd_tdb, "MJD")):
        if part is None:
            raise text.error(
                f"the record of {record.name} ends before its orbit does",
                line=record.line,
                field=name,
                expected="elements and an epoch",
            )
    assert record.elements is not None
    assert record.epoch_mjd_tdb is not None
    parameters = file_order(record.elements)
    model = None
    if record.model:
        if len(record.parameters) != 2:
            raise text.error(
                "the vector of dynamical parameters is cut short",
                line=record.line,
                field="NGR",
                found=len(record.parameters),
                expected="2 numbers",
            )
        if record.dimension != 6 + len(record.listed) or not set(record.listed) <= {1, 2}:
            raise text.error(
                "LSP's dimension does not fit the parameters it lists",
                line=record.line,
                field="LSP",
                found=record.dimension,
                expected=f"{6 + len(record.listed)}",
            )
        solved = tuple(MODEL_PARAMETERS[index - 1] for index in record.listed)
        parameters += solved
        with text.located(record.line):
            model = from_published(
                tuple(zip(MODEL_PARAMETERS, record.parameters, strict=True)),
                solved,
                g_of_r=_INVERSE_SQUARE,
            )
    covariance = _symmetric(text, record, "COV", record.covariance, len(parameters))
    correlation = _symmetric(text, record, "COR", record.correlation, len(parameters))
    with text.located(record.line):
        orbit = _build(
            text,
            record.name,
            record.elements,
            record.epoch_mjd_tdb,
            _gm(text, record),
            record.magnitudes,
            model,
            covariance,
            parameters,
            rounding_of(record.covariance_printed) if covariance is not None else DOUBLE_ROUNDING,
            record.published,
        )
    if covariance is not None and correlation is not None:
        scale = np.sqrt(np.diag(covariance))
        wrong = np.abs(covariance - correlation * np.outer(scale, scale))
        bad = np.argwhere(wrong > 1e-6 * np.outer(scale, scale))
        if bad.size:
            row, column = bad[0]
            raise text.error(
                "the covariance and the correlations contradict each other",
                line=record.line,
                field=f"COV({parameters[row]}, {parameters[column]})",
                found=float(covariance[row, column]),
                expected=f"{correlation[row, column] * scale[row] * scale[column]:.6E} from COR",
            )
    return orbit


def _gm(text: SourceText, record: _Record) -> float:
    """The GM behind the elements: n from PERIOD, a from the elements."""
    a_au = semi_major_axis_au(record.elements)
    if record.period_d is None or a_au is None or record.period_d <= 0.0:
        return GM_SUN_GAUSS_KM3_S2
    gm = published_gm_sun(a_au, 2.0 * math.pi / record.period_d, GM_SUN_GAUSS_KM3_S2)
    if gm is None:
        raise text.error(
            "the period contradicts the semi-major axis",
            line=record.line,
            field="PERIOD",
            found=record.period_d,
            expected="P = 2 pi sqrt(a³ / GM) in days",
        )
    return gm


def semi_major_axis_au(elements: Elements | None) -> float | None:
    """Of an ellipse, else None."""
    if isinstance(elements, CometaryElements) and elements.eccentricity < 1.0:
        return elements.perihelion_distance_au / (1.0 - elements.eccentricity)
    if isinstance(elements, EquinoctialElements):
        return elements.semi_major_axis_au
    if isinstance(elements, KeplerianElements) and elements.eccentricity < 1.0:
        return elements.semi_major_axis_au
    return None


def _build(
    text: SourceText,
    name: str,
    elements: Elements,
    epoch_mjd_tdb: float,
    gm_sun_km3_s2: float,
    magnitudes: tuple[float, ...],
    model: NonGravitational | None = None,
    covariance: NDArray[np.float64] | None = None,
    parameters: tuple[str, ...] = (),
    rounding: float = DOUBLE_ROUNDING,
    published: tuple[str, str, str] | None = None,
) -> Orbit:
    publisher, solution, date = published or (
        PUBLISHER,
        f"NEOCC {printed_mjd_tt(epoch_mjd_tdb)}",
        "",
    )
    return Orbit(
        designation=tidy(name),
        name=None,
        number=number_of(name),
        solution=solution,
        publisher=publisher,
        solution_date=date or None,
        epoch_mjd_tdb=epoch_mjd_tdb,
        elements=elements,
        non_gravitational=model,
        covariance=covariance,
        covariance_parameters=parameters if covariance is not None else (),
        covariance_rounding=rounding,
        absolute_magnitude_h=magnitudes[0] if magnitudes else None,
        slope_g=magnitudes[1] if len(magnitudes) > 1 else None,
        gm_sun_km3_s2=gm_sun_km3_s2,
        source=text.file or "",
    )


def file_order(elements: Elements) -> tuple[str, ...]:
    if isinstance(elements, CometaryElements):
        return ("q_au", "e", "i_deg", "node_deg", "peri_deg", "tp_d")
    names: tuple[str, ...] = elements.PARAMETERS
    return names


def _symmetric(
    text: SourceText, record: _Record, key: str, values: list[float], n: int
) -> NDArray[np.float64] | None:
    if not values:
        return None
    if len(values) != n * (n + 1) // 2:
        raise text.error(
            f"the {key} lines of {record.name} do not hold a whole triangle",
            line=record.line,
            field=key,
            found=f"{len(values)} numbers",
            expected=f"{n * (n + 1) // 2} for {n} parameters",
        )
    matrix = np.zeros((n, n))
    upper = np.triu_indices(n)
    matrix[upper] = values
    matrix.T[upper] = values
    return matrix


def _one_line(text: SourceText, header: dict[str, str], number: int, line: str) -> Orbit:
    found = re.match(r"\s*'([^']+)'(.*)", line)
    words = found.group(2).partition("!")[0].split() if found else []
    if "epoch" in header:
        words = [*header["epoch"].split()[1:2], *words]
    if found is None or len(words) < 7:
        raise text.error(
            "a one-line record is cut short",
            line=number,
            found=line.strip(),
            expected="'name', epoch, six elements, H, G",
        )
    with text.located(number):
        epoch = float(mjd_tdb_from_tt(text.number(words[0], "epoch", number)))
        key = header.get("elem", "KEP")
        if key not in ("KEP", "EQU", "COM", "CAR"):
            raise text.error(
                "the kind of elements is not known",
                field="elem",
                found=key,
                expected="KEP, EQU, COM or CAR",
            )
        elements = _elements(text, key, words[1:7], number)
        magnitudes = tuple(text.number(word, "H, G", number) for word in words[7:9])
        if len(words) > 9 and words[9] != "0":
            raise text.error(
                "the record has non-gravitational parameters in another file",
                line=number,
                found=words[9],
                expected="0",
            )
        name = found.group(1).strip()
        return _build(text, name, elements, epoch, GM_SUN_GAUSS_KM3_S2, magnitudes)


def printed_mjd_tt(epoch_mjd_tdb: float) -> str:
    """MJD TT with OrbFit's nine decimals, or as many as give the epoch back."""
    tt = float(mjd_tt_from_tdb(epoch_mjd_tdb))
    text = f"{tt:.9f}"
    return text if float(mjd_tdb_from_tt(float(text))) == epoch_mjd_tdb else repr(tt)
