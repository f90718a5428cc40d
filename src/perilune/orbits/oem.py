"""CCSDS Orbit Ephemeris Messages in KVN: states at many epochs, with covariances at some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.errors import InputError
from perilune.orbits.ccsds import (
    FRAME_NAMES,
    Line,
    center_of,
    check_version,
    epoch_of,
    frame_of,
    in_state_frame,
    lines_of,
    need,
    printed_epoch,
    scale_of,
    symmetric,
)
from perilune.orbits.covariance import DOUBLE_ROUNDING, check_covariance, rounding_of
from perilune.orbits.designations import number_of
from perilune.orbits.elements import CartesianState, Frame
from perilune.orbits.orbit import Orbit
from perilune.orbits.reading import SourceText, load

VERSION_KEY: Final = "CCSDS_OEM_VERS"
_META: Final = {
    "OBJECT_NAME", "OBJECT_ID", "CENTER_NAME", "REF_FRAME", "REF_FRAME_EPOCH", "TIME_SYSTEM",
    "START_TIME", "USEABLE_START_TIME", "USEABLE_STOP_TIME", "STOP_TIME", "INTERPOLATION",
    "INTERPOLATION_DEGREE",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class OemSegment:
    """One segment of an ephemeris message.

    Args:
        object_name: OBJECT_NAME.
        object_id: OBJECT_ID.
        originator: ORIGINATOR of the message.
        creation_date: CREATION_DATE of the message.
        origin: the centre, as in `CartesianState`.
        frame: of the states and covariances.
        epoch_mjd_tdb: epochs, strictly ascending (N,).
        states: km and km/s (N, 6).
        covariance_epoch_mjd_tdb: epochs of the covariances (M,).
        covariances: km and km/s (M, 6, 6).
        covariance_rounding: the relative unit of their last printed digit.
        interpolation: INTERPOLATION, if given.
        interpolation_degree: INTERPOLATION_DEGREE, if given.

    Raises:
        InputError: shapes that do not fit, epochs that do not ascend, values not finite.
        CovarianceError: a covariance is not one.
    """

    object_name: str
    object_id: str
    originator: str
    creation_date: str
    origin: str
    frame: Frame
    epoch_mjd_tdb: NDArray[np.float64]
    states: NDArray[np.float64]
    covariance_epoch_mjd_tdb: NDArray[np.float64]
    covariances: NDArray[np.float64]
    covariance_rounding: float = DOUBLE_ROUNDING
    interpolation: str | None = None
    interpolation_degree: int | None = None

    def __post_init__(self) -> None:
        n, m = len(self.epoch_mjd_tdb), len(self.covariance_epoch_mjd_tdb)
        if n == 0 or self.states.shape != (n, 6) or self.covariances.shape != (m, 6, 6):
            raise InputError(
                "the segment's columns do not fit each other",
                field=self.object_name,
                found=f"{n} epochs, states {self.states.shape}, {m} covariances",
                expected="at least one epoch, six numbers a state, 6×6 a covariance",
            )
        if not (np.isfinite(self.states).all() and np.isfinite(self.epoch_mjd_tdb).all()):
            raise InputError("a state is not finite", field=self.object_name)
        if not (np.diff(self.epoch_mjd_tdb) > 0.0).all():
            raise InputError(
                "the epochs do not ascend",
                field=self.object_name,
                expected="each epoch later than the one before",
            )
        for matrix in self.covariances:
            check_covariance(matrix, CartesianState.PARAMETERS, rounding=self.covariance_rounding)

    def orbit(self, source: str = "") -> Orbit:
        """The state at the first covariance that stands at a state's epoch; else the first state.

        The other states are a trajectory that somebody computed; propagating this one replaces it.
        """
        row, covariance = 0, None
        for index, epoch in enumerate(self.covariance_epoch_mjd_tdb.tolist()):
            found = np.flatnonzero(self.epoch_mjd_tdb == epoch)
            if found.size:
                row, covariance = int(found[0]), self.covariances[index].copy()
                break
        x = self.states[row].tolist()
        return Orbit(
            designation=self.object_id,
            name=None if self.object_name == self.object_id else self.object_name,
            number=number_of(self.object_id, self.object_name),
            solution=f"{self.originator} {self.creation_date}".strip(),
            publisher=self.originator,
            solution_date=self.creation_date or None,
            epoch_mjd_tdb=float(self.epoch_mjd_tdb[row]),
            elements=CartesianState(
                (x[0], x[1], x[2]), (x[3], x[4], x[5]), self.frame, self.origin
            ),
            covariance=covariance,
            covariance_parameters=CartesianState.PARAMETERS if covariance is not None else (),
            covariance_rounding=self.covariance_rounding,
            source=source,
        )


@dataclass(slots=True)
class _Segment:
    """The lines of one segment, as far as they were read."""

    start: int
    meta: dict[str, Line] = field(default_factory=dict)
    states: list[Line] = field(default_factory=list)
    covariances: list[Line] = field(default_factory=list)


def read_oem(source: Path | str) -> list[OemSegment]:
    """The segments of an OEM, given as a path or as its text.

    Raises:
        InputError: the text is cut short or damaged, or holds what Perilune does not read.
        CovarianceError: a covariance is not one.
    """
    return parse_oem(load(source))


def parse_oem(text: SourceText) -> list[OemSegment]:
    """`read_oem` for a text already loaded."""
    header: dict[str, Line] = {}
    segments: list[_Segment] = []
    part = "header"
    number = 1
    for line in lines_of(text):
        number = line.number
        if not header:
            check_version(text, line, VERSION_KEY)
        marker = line.value if line.key is None else ""
        if marker == "META_START" and part in ("header", "data"):
            segments.append(_Segment(number))
            part = "meta"
        elif marker == "META_STOP" and part == "meta":
            part = "data"
        elif marker == "COVARIANCE_START" and part == "data":
            part = "covariance"
        elif marker == "COVARIANCE_STOP" and part == "covariance":
            part = "data"
        elif part == "covariance":
            segments[-1].covariances.append(line)
        elif part == "data" and line.key is None:
            segments[-1].states.append(line)
        elif part in ("header", "meta") and line.key is not None:
            block = header if part == "header" else segments[-1].meta
            if part == "meta" and line.key not in _META:
                raise text.error(
                    "a field is not known",
                    line=number,
                    field=line.key,
                    expected="a field of an OEM's metadata",
                )
            if line.key in block:
                raise text.error("a field stands twice", line=number, field=line.key)
            block[line.key] = line
        else:
            raise text.error(
                f"a line does not belong into the {part}",
                line=number,
                found=f"{line.key} = {line.value}" if line.key else line.value,
            )
    if part != "data":
        raise text.error(
            "the message ends too early",
            line=number,
            found=f"end in the {part}",
            expected="META_STOP, states, and COVARIANCE_STOP where one was started",
        )
    return [_segment(text, header, segment) for segment in segments]


def _segment(text: SourceText, header: dict[str, Line], segment: _Segment) -> OemSegment:
    meta = segment.meta
    scale = scale_of(text, need(text, meta, "TIME_SYSTEM", segment.start))
    frame = frame_of(text, need(text, meta, "REF_FRAME", segment.start))
    epochs, states = [], []
    for line in segment.states:
        words = line.value.split()
        if len(words) not in (7, 10):
            raise text.error(
                "a state is cut short",
                line=line.number,
                found=line.value[:60],
                expected="an epoch and six numbers (or nine with accelerations)",
            )
        epochs.append(epoch_of(text, words[0], scale, line.number))
        states.append([text.number(word, "state", line.number) for word in words[1:7]])
        if len(epochs) > 1 and epochs[-1] <= epochs[-2]:
            raise text.error("the epochs do not ascend", line=line.number, found=words[0])
    if not states:
        raise text.error("the segment holds no state", line=segment.start)
    _check_span(text, meta, scale, epochs, segment.states)
    times = np.array(epochs)
    table = np.array(states)
    covariance_epochs, covariances, rounding = _covariances(
        text, segment, scale, frame, times, table
    )
    degree = meta.get("INTERPOLATION_DEGREE")
    if degree is not None and not (degree.value.isascii() and degree.value.isdigit()):
        raise text.error(
            "the degree is not a whole number",
            line=degree.number,
            field="INTERPOLATION_DEGREE",
            found=degree.value,
        )
    with text.located(segment.start):
        return OemSegment(
            object_name=need(text, meta, "OBJECT_NAME", segment.start).value,
            object_id=need(text, meta, "OBJECT_ID", segment.start).value,
            originator=header["ORIGINATOR"].value if "ORIGINATOR" in header else "",
            creation_date=header["CREATION_DATE"].value if "CREATION_DATE" in header else "",
            origin=center_of(text, need(text, meta, "CENTER_NAME", segment.start)),
            frame=frame,
            epoch_mjd_tdb=times,
            states=table,
            covariance_epoch_mjd_tdb=np.array(covariance_epochs),
            covariances=np.array(covariances).reshape(-1, 6, 6),
            covariance_rounding=rounding,
            interpolation=meta["INTERPOLATION"].value if "INTERPOLATION" in meta else None,
            interpolation_degree=int(degree.value) if degree is not None else None,
        )


def _check_span(
    text: SourceText, meta: dict[str, Line], scale: str, epochs: list[float], lines: list[Line]
) -> None:
    """The states must cover what the metadata promise: a file cut short shows here."""
    for key, epoch, line in (
        ("START_TIME", epochs[0], lines[0]),
        ("STOP_TIME", epochs[-1], lines[-1]),
    ):
        if key not in meta:
            continue
        promised = epoch_of(text, meta[key].value, scale, meta[key].number)
        if abs(promised - epoch) > 1e-8:
            raise text.error(
                f"the {'first' if key == 'START_TIME' else 'last'} state is not at {key}",
                line=line.number,
                found=line.value.split()[0],
                expected=meta[key].value,
            )


def _covariances(
    text: SourceText,
    segment: _Segment,
    scale: str,
    frame: Frame,
    times: NDArray[np.float64],
    states: NDArray[np.float64],
) -> tuple[list[float], list[NDArray[np.float64]], float]:
    epochs: list[float] = []
    matrices: list[NDArray[np.float64]] = []
    tokens: list[str] = []
    lines = segment.covariances
    at = 0
    while at < len(lines):
        first = lines[at]
        if first.key != "EPOCH":
            raise text.error(
                "a covariance begins without its epoch",
                line=first.number,
                field="EPOCH",
                found=first.value,
            )
        epochs.append(epoch_of(text, first.value, scale, first.number))
        at += 1
        name = None
        if at < len(lines) and lines[at].key == "COV_REF_FRAME":
            name = lines[at].value
            at += 1
        triangle: list[float] = []
        for row in range(6):
            words = lines[at].value.split() if at < len(lines) and lines[at].key is None else []
            if len(words) != row + 1:
                raise text.error(
                    "a covariance is cut short",
                    line=first.number,
                    field=f"row {row + 1}",
                    found=f"{len(words)} numbers",
                    expected=f"{row + 1} numbers",
                )
            triangle += [text.number(word, "covariance", lines[at].number) for word in words]
            tokens += words
            at += 1
        nearest = states[int(np.abs(times - epochs[-1]).argmin())]
        local = name is not None and name.upper() in ("RSW", "RTN", "TNW")
        if local and epochs[-1] not in times:
            raise text.error(
                "a covariance in a local frame stands at no state's epoch",
                line=first.number,
                field="EPOCH",
                found=first.value,
            )
        matrices.append(
            in_state_frame(text, symmetric(triangle), name, frame, nearest, first.number)
        )
    return epochs, matrices, rounding_of(tokens) if tokens else DOUBLE_ROUNDING


def write_oem(segments: Sequence[OemSegment], created_utc: str | None = None) -> str:
    """The segments as an OEM 2.0 in TDB; numbers give the float64 back.

    Args:
        segments: at least one.
        created_utc: CREATION_DATE; the first segment's own, or now, if None.

    Raises:
        InputError: no segment.
    """
    if not segments:
        raise InputError("an ephemeris message needs a segment", field="segments", found=0)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    created = created_utc or segments[0].creation_date or now
    out = [
        f"{VERSION_KEY} = 2.0",
        f"CREATION_DATE = {created}",
        f"ORIGINATOR = {segments[0].originator or 'PERILUNE'}",
    ]
    for segment in segments:
        epochs = [printed_epoch(epoch) for epoch in segment.epoch_mjd_tdb.tolist()]
        out += ["", "META_START", f"OBJECT_NAME = {segment.object_name}",
                f"OBJECT_ID = {segment.object_id}", f"CENTER_NAME = {segment.origin}",
                f"REF_FRAME = {FRAME_NAMES[segment.frame]}", "TIME_SYSTEM = TDB",
                f"START_TIME = {epochs[0]}", f"STOP_TIME = {epochs[-1]}"]  # fmt: skip
        if segment.interpolation is not None:
            out.append(f"INTERPOLATION = {segment.interpolation}")
        if segment.interpolation_degree is not None:
            out.append(f"INTERPOLATION_DEGREE = {segment.interpolation_degree}")
        out.append("META_STOP")
        for epoch, state in zip(epochs, segment.states.tolist(), strict=True):
            out.append(" ".join([epoch, *map(repr, state)]))
        if len(segment.covariances):
            out.append("COVARIANCE_START")
            for mjd, matrix in zip(
                segment.covariance_epoch_mjd_tdb.tolist(), segment.covariances, strict=True
            ):
                out.append(f"EPOCH = {printed_epoch(mjd)}")
                out += [" ".join(map(repr, matrix[row, : row + 1].tolist())) for row in range(6)]
            out.append("COVARIANCE_STOP")
    return "\n".join(out) + "\n"
