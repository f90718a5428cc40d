"""Reading a station file: all its faults in one list, or the station."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from perilune.errors import InputError
from perilune.station.checks import reference_faults, terrain_faults
from perilune.station.faults import StationFileError, field_faults
from perilune.station.station import Station, StationFile, parts_of
from perilune.station.yaml_text import YamlText


def read_station(path: Path | str) -> Station:
    """Read a station file.

    Raises:
        InputError: the file cannot be read, or is not YAML.
        StationFileError: it does not hold what it should: all its faults, with their lines.
    """
    text = YamlText(path)
    if text.content is None or text.content == "":
        raise InputError(
            "the station file is empty",
            file=text.file,
            expected="name, partners, sites, orbiters, facilities",
            remedy="docs/station.md has an example.",
        )
    faults = [
        InputError("a key stands twice", file=text.file, line=line, field=key)
        for key, line in text.doubled_keys()
    ]
    held: StationFile | None = None
    try:
        held = StationFile.model_validate(text.content)
    except ValidationError as error:
        faults += field_faults(text, error, StationFile)
    faults += reference_faults(text, parts_of(text.content), Path(path).parent)
    if held is not None and any(site.terrain for site in held.sites):
        faults += terrain_faults(text, held.sites, Path(path).parent)
    if held is not None and held.trade is not None:
        from perilune.station.trade.checks import trade_faults  # most files trade nothing

        faults += trade_faults(text, held)
    if faults or held is None:
        raise StationFileError(sorted(faults, key=lambda each: each.line or 0))
    return Station(
        file=text.file, **{name: getattr(held, name) for name in type(held).model_fields}
    )
