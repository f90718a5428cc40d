"""YAML with its lines: every scalar stays a text, and each place knows where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from perilune.errors import InputError

_DEEPEST: Final = 60
_LARGEST: Final = 500_000  # parts


class YamlText:
    """A YAML file's content and the lines of its parts.

    Attributes:
        file: its path, as it was given.
        content: mappings, sequences and texts; no numbers and no dates.
    """

    def __init__(self, path: Path | str) -> None:
        """Read a file.

        Raises:
            InputError: it cannot be read, or is not YAML.
        """
        self.file = str(path)
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise InputError(
                "the station file cannot be read",
                file=self.file,
                found=getattr(error, "strerror", None) or str(error),
                remedy="Check the path.",
            ) from None
        try:
            # YAML would make dates of epochs and numbers of ids; the base loader makes texts.
            self._root: Any = yaml.compose(text, Loader=yaml.BaseLoader)
            _check_size(self._root)
            self._doubled = tuple(_doubled(self._root))
            _merge(self._root, set())
            _check_size(self._root)
            self.content: Any = _content(self._root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise InputError(
                "the file is not YAML",
                file=self.file,
                line=mark.line + 1 if mark else None,
                found=error.problem,
                remedy="Indent by blanks, not tabs." if "\\t" in str(error.problem) else None,
            ) from None
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise InputError(
                "the file is not YAML", file=self.file, found=str(error)[:80]
            ) from None

    def line(self, place: Sequence[int | str]) -> int:
        """The line, from 1, of the innermost part on the way to a place.

        For the name of a field that is one too many it is the line of its name.
        """
        node, line = self._root, 1
        for step in place:
            key, inner = None, None
            if isinstance(node, yaml.MappingNode):
                pairs = ((k, v) for k, v in node.value if k.value == str(step))
                key, inner = next(pairs, (None, None))
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                inner = node.value[step] if step < len(node.value) else None
            if inner is None:
                break
            node = inner
            line = (key or node).start_mark.line + 1
        return line

    def doubled_keys(self) -> Iterator[tuple[str, int]]:
        """Keys that stand twice in one mapping, with their lines: YAML would take the last."""
        yield from self._doubled


def _content(node: Any) -> Any:
    """Mappings, sequences and texts of nodes; None where there is nothing."""
    if isinstance(node, yaml.MappingNode):
        return {_key(key): _content(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_content(value) for value in node.value]
    return None if node is None else node.value


def _key(node: Any) -> str:
    """A key's text.

    Raises:
        ValueError: it is a mapping or a sequence.
    """
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError(f"line {node.start_mark.line + 1}: a key that is no text")
    return str(node.value)


def _merge(node: Any, done: set[int]) -> None:
    """Put what `<<: *name` stands for in its place: the mapping's own keys go before it.

    Raises:
        ValueError: it stands for no mapping.
    """
    if id(node) in done:
        return
    done.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _merge(value, done)
    if not isinstance(node, yaml.MappingNode):
        return
    own, merged = [], []
    for key, value in node.value:
        _merge(value, done)
        if _key(key) != "<<":
            own.append((key, value))
            continue
        for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if not isinstance(part, yaml.MappingNode):
                line = key.start_mark.line + 1
                raise ValueError(f"line {line}: << stands for no mapping; write <<: *name")
            merged += part.value
    known = {_key(key) for key, _ in own}
    for key, value in merged:
        if _key(key) not in known:
            known.add(_key(key))
            own.append((key, value))
    node.value = own


def _doubled(node: Any) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen and key.value != "<<":
                yield str(key.value), key.start_mark.line + 1
            seen.add(str(key.value))
            yield from _doubled(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _doubled(value)


def _check_size(node: Any) -> None:
    """Aliases can hold themselves, or make a small file endless.

    Raises:
        ValueError: it is nested too deeply, or too large.
    """
    pending = [(node, 0)]
    count = 0
    while pending:
        current, depth = pending.pop()
        count += 1
        if depth > _DEEPEST or count > _LARGEST:
            raise ValueError("nested too deeply" if depth > _DEEPEST else "too large")
        if isinstance(current, yaml.MappingNode):
            pending += [(part, depth + 1) for pair in current.value for part in pair]
        elif isinstance(current, yaml.SequenceNode):
            pending += [(part, depth + 1) for part in current.value]
