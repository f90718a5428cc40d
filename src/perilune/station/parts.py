"""What all parts of a station file share: strict fields, ids, and names of other parts."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from perilune.station.quantities import wrong


class Part(BaseModel):
    """A part of a station file: nothing but its fields, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _identifier(value: object) -> str:
    if not isinstance(value, str) or not value or ":" in value or value != value.strip():
        raise wrong("a name, without colons and outer blanks")
    return value


def _several(value: object) -> Any:
    return (value,) if isinstance(value, str) else value


Id: TypeAlias = Annotated[
    str,
    BeforeValidator(_identifier),
    WithJsonSchema({"type": ["string", "integer"], "pattern": "^[^:]+$"}),
]
# One name, or a list of them.
Ids: TypeAlias = Annotated[
    tuple[Id, ...],
    BeforeValidator(_several),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
