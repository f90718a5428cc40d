"""A station file of each design: the original's text with other values, comments and all."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from perilune.station.trade.axes import Axis
from perilune.station.trade.designs import Design, Designer

_FILES = (("sites", ("terrain",)), ("orbiters", ("oem",)), ("orbiters", ("spk", "file")))


def design_text(
    designer: Designer, design: Design, original: str, head: Sequence[str], folder: Path
) -> str:
    """The station file of a design, valid YAML.

    Where nothing but values differs from the original, the original's text is kept around them;
    else the file is written anew, without its comments.

    Args:
        designer: makes the designs.
        design: which.
        original: the text of the file that holds the trade.
        head: lines for a comment at the top.
        folder: where the file is to stand: paths in it count from there.
    """
    content = designer.content(design)
    _rebase(content, designer.folder, folder)
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head)
    kept = _edited(original, content)
    if kept is None:
        kept = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    # What editors read by the first line counts from the original's folder.
    kept = re.sub(r"\A# yaml-language-server:[^\n]*\n(#\s*\n)?", "", kept)
    return f"{comment}\n{kept.lstrip()}"


def shown_design(axes: Sequence[Axis], design: Design) -> list[str]:
    """A design in words, a line a variable."""
    lines = []
    for axis, key in zip(axes, design, strict=True):
        shown = axis.shown(key)
        number = f"{shown:.10g} {axis.unit}".rstrip() if isinstance(shown, float | int) else shown
        lines.append(f"{axis.variable.label}: {number}")
    return lines


def _rebase(content: dict[str, Any], before: Path, after: Path) -> None:
    """Paths of other files, from another folder."""
    for name, steps in _FILES:
        for part in content.get(name) or ():
            node = part
            for step in steps[:-1]:
                node = node.get(step) if isinstance(node, dict) else None
            path = node.get(steps[-1]) if isinstance(node, dict) else None
            if isinstance(path, str) and not os.path.isabs(path):
                node[steps[-1]] = os.path.relpath(before / path, after)


def _edited(original: str, content: dict[str, Any]) -> str | None:
    """The original with the values of a content; None where more than values would change."""
    root = yaml.compose(original, Loader=yaml.BaseLoader)
    edits: list[tuple[int, int, str]] = []
    if not isinstance(root, yaml.MappingNode) or not _compare(root, content, edits, original):
        return None
    text = original
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    try:
        same = yaml.load(text, Loader=yaml.BaseLoader) == content
    except yaml.YAMLError:
        return None
    return text if same else None


def _compare(node: Any, wanted: Any, edits: list[tuple[int, int, str]], text: str) -> bool:
    """Gather the edits that turn a part of the original into what is wanted, if values suffice."""
    if isinstance(node, yaml.ScalarNode):
        if not isinstance(wanted, str):
            return False
        if node.value != wanted:
            edits.append((node.start_mark.index, node.end_mark.index, _scalar(wanted)))
        return True
    if isinstance(node, yaml.SequenceNode):
        return _compare_list(node, wanted, edits, text)
    if not isinstance(wanted, dict):
        return False
    seen = set()
    for key, value in node.value:
        if key.value not in wanted:
            if node.flow_style or key.start_mark.column:
                return False
            edits.append((key.start_mark.index, _line_end(text, value.end_mark.index), ""))
            continue
        seen.add(key.value)
        if not _compare(value, wanted[key.value], edits, text):
            return False
    added = [name for name in wanted if name not in seen]
    if any(not isinstance(wanted[name], str) for name in added):
        return False
    if added:
        _add(node, {name: wanted[name] for name in added}, edits)
    return True


def _compare_list(node: Any, wanted: Any, edits: list[tuple[int, int, str]], text: str) -> bool:
    """As `_compare`, of a list; parts with an id may be left out of one in block style."""
    if not isinstance(wanted, list):
        return False
    if len(wanted) == len(node.value):
        return all(_compare(a, b, edits, text) for a, b in zip(node.value, wanted, strict=True))
    ids = {each.get("id"): each for each in wanted if isinstance(each, dict)}
    starts = [text.rfind("\n", 0, each.start_mark.index) + 1 for each in node.value]
    for k, part in enumerate(node.value):
        own = {key.value: value.value for key, value in part.value}.get("id")
        if own in ids:
            if not _compare(part, ids[own], edits, text):
                return False
        elif node.flow_style:
            return False
        else:
            last = k + 1 == len(starts)
            end = _line_end(text, part.end_mark.index) if last else starts[k + 1]
            edits.append((starts[k], end, ""))
    return True


def _add(node: Any, fields: dict[str, str], edits: list[tuple[int, int, str]]) -> None:
    """Put fields behind the first one of a mapping, in its own style."""
    key, value = node.value[0]
    if node.flow_style:
        new = "".join(f", {name}: {_scalar(each)}" for name, each in fields.items())
        edits.append((value.end_mark.index, value.end_mark.index, new))
    else:
        margin = " " * key.start_mark.column
        new = "".join(f"{name}: {_scalar(each)}\n{margin}" for name, each in fields.items())
        edits.append((key.start_mark.index, key.start_mark.index, new))


def _line_end(text: str, index: int) -> int:
    """Behind the end of the line; of the line before where it has just begun."""
    if index and text[index - 1] == "\n":
        return index
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _scalar(value: str) -> str:
    """A text as YAML, plain where that reads as the same text within braces too."""
    if re.fullmatch(r"[A-Za-z0-9.+-][A-Za-z0-9 .+/%_-]*", value) and value == value.strip():
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
