"""All that is wrong with a station file, in one list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from perilune.errors import InputError
from perilune.station.yaml_text import YamlText

# Kinds of pydantic's errors.
_FORMS: Final = {
    "model_type": "a mapping: fields with their values, like 'name: A station'",
    "model_attributes_type": "a mapping: fields with their values",
    "tuple_type": "a list: entries that start with '- '",
    "string_type": "a text",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_parsing": "true or false",
}
_BOUNDS: Final = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
    "too_short": ("entries: at least", "min_length"),
    "too_long": ("entries: at most", "max_length"),
}


class StationFileError(InputError):
    """A station file does not hold what it should.

    Its own line and field are those of the first fault.

    Attributes:
        faults: each with file, line, field, what was found, what was expected and a remedy.
    """

    def __init__(self, faults: Sequence[InputError]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        super().__init__(
            first.problem,
            file=first.file,
            line=first.line,
            field=first.field,
            found=first.found,
            expected=first.expected,
            remedy=first.remedy,
        )

    def __str__(self) -> str:
        if len(self.faults) == 1:
            return str(self.faults[0])
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        return f"{self.file}: {len(self.faults)} errors.\n{lines}"


def field_faults(
    text: YamlText, error: ValidationError, model: type[BaseModel]
) -> list[InputError]:
    """What pydantic found wrong with the fields, in the file's words."""
    found = error.errors(include_url=False)
    unknown = {tuple(each["loc"]) for each in found if each["type"] == "extra_forbidden"}
    faults = []
    for each in found:
        place = tuple(each["loc"])
        if each["type"] == "extra_forbidden":
            faults.append(_unknown_field(text, place, model))
        elif each["type"] == "missing":
            # A misspelt field is missing as well: the misspelling says more.
            near = get_close_matches(
                str(place[-1]),
                [str(other[-1]) for other in unknown if other[:-1] == place[:-1]],
                n=1,
                cutoff=0.6,
            )
            if not near:
                faults.append(fault(text, place, "a field is missing", remedy=f"Add {place[-1]}."))
        else:
            context = each.get("ctx", {})
            expected = _expected(each["type"], context) or str(each["msg"])
            is_whole = isinstance(each["input"], dict | list | BaseModel)
            faults.append(
                fault(
                    text,
                    place,
                    "this does not fit together" if is_whole else "a value is wrong",
                    found=None if is_whole else _shown(each["input"]),
                    expected=expected,
                    remedy=context.get("remedy") or None,
                )
            )
    return faults


def _expected(kind: str, context: Mapping[str, Any]) -> str | None:
    """What should stand there, in the file's words; None where pydantic's own must do."""
    if "expected" in context:
        return str(context["expected"])
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"{words} {context[bound]}"
    return _FORMS.get(kind)


def fault(
    text: YamlText,
    place: Sequence[int | str],
    problem: str,
    *,
    found: object = None,
    expected: str | None = None,
    remedy: str | None = None,
) -> InputError:
    """One fault at a place of the file."""
    return InputError(
        problem,
        file=text.file,
        line=text.line(place),
        field=_path(text, place),
        found=found,
        expected=expected,
        remedy=remedy,
    )


def _unknown_field(
    text: YamlText, place: tuple[int | str, ...], model: type[BaseModel]
) -> InputError:
    known = fields_at(model, place[:-1])
    near = get_close_matches(str(place[-1]), known, n=3, cutoff=0.55)
    return fault(
        text,
        place,
        "there is no such field",
        found=str(place[-1]),
        expected=None if near else ", ".join(known),
        remedy=f"Did you mean {' or '.join(near)}?" if near else None,
    )


def fields_at(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The names of the fields of the part at a place; none where no part can be."""
    current: Any = model
    for step in place:
        # An index leads to one of a list's parts, which are all of one kind.
        if isinstance(step, str):
            held = current.model_fields.get(step)
            current = None if held is None else _part_in(held.annotation)
            if current is None:
                return []
    return list(current.model_fields)


def _part_in(annotation: Any) -> Any:
    """The model inside `tuple[Model, ...]`, `Model | None` or the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, tuple, Annotated):
        for inner in get_args(annotation):
            part = _part_in(inner)
            if part is not None:
                return part
    return None


def near_names(name: str, known: Sequence[str]) -> str | None:
    """A remedy that offers near names; None without any."""
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else None


def _path(text: YamlText, place: Sequence[int | str]) -> str:
    """`sites.ridge.latitude`: lists by their elements' ids where these have one."""
    names: list[str] = []
    node: Any = text.content
    for step in place:
        name = str(step)
        if isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
            if isinstance(node, dict) and isinstance(node.get("id"), str):
                name = node["id"]
        elif isinstance(node, dict):
            node = node.get(str(step))
        else:
            node = None
        names.append(name)
    return ".".join(names) or "the file"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."
