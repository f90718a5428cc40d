"""The JSON Schema of station files, by which editors complete and check them."""

from __future__ import annotations

from typing import Any

from perilune.station.station import StationFile


def station_schema() -> dict[str, Any]:
    """The schema (draft 2020-12), with what each field means and how its quantities look."""
    schema = StationFile.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Perilune station file",
        **{name: value for name, value in schema.items() if name != "title"},
    }
