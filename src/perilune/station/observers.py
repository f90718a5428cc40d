"""Who observes, as people name it: an MPC code, or FILE:ELEMENT of a station file."""

from __future__ import annotations

from pathlib import Path

from perilune.astrometry.observatories import observatories, observatory
from perilune.astrometry.sites import Observer, observer_of
from perilune.errors import InputError


def parse_observer(text: str) -> Observer:
    """The observer that a text names.

    Args:
        text: an MPC code ("X05", "500"), or the path of a station file, a colon and the id of one
            of its sites or orbiters ("ilrs.yaml:relay").

    Raises:
        InputError: neither of both, or the station file or its element cannot be used.
        UnknownNameError: no such code, or no such element.
    """
    code = text.strip()
    if code in observatories():
        return observer_of(observatories()[code])
    path, colon, element = code.rpartition(":")
    if not colon:
        if Path(code).suffix in (".yaml", ".yml"):
            raise InputError(
                "the station's element is not named",
                field="observer",
                found=text,
                expected="FILE:ELEMENT",
            )
        return observer_of(observatory(code))
    from perilune.station.reading import read_station  # pydantic costs a code 0.2 s

    return read_station(path).observer(element)
