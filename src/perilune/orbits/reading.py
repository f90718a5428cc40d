"""What every reader of orbit files shares: getting the text, and numbers out of it, with errors."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from perilune.constants import MJD_OF_JD
from perilune.errors import InputError

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d{1,3})?", re.ASCII)
_AGAIN: Final = "The file may be cut short or damaged; get it again from its publisher."
_Kind = TypeVar("_Kind")
_KINDS: Final[dict[type, str]] = {str: "a text", dict: "an object", list: "a list"}
_SHOWN: Final = 80
LARGEST_FILE_BYTES: Final = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class SourceText:
    """A file's text with its name, or a text without one."""

    text: str
    file: str | None

    def error(
        self,
        problem: str,
        *,
        line: int | None = None,
        field: str | None = None,
        found: object = None,
        expected: str | None = None,
        remedy: str = _AGAIN,
    ) -> InputError:
        """The InputError for this file, to be raised."""
        return InputError(
            problem,
            file=self.file,
            line=line,
            field=field,
            found=_shortened(found),
            expected=expected,
            remedy=remedy,
        )

    @contextmanager
    def located(self, line: int | None = None) -> Iterator[None]:
        """Errors raised inside without a file get this one's name, and the line."""
        try:
            yield
        except InputError as error:
            if error.file is not None or (self.file is None and line is None):
                raise
            raise type(error)(
                error.problem,
                file=self.file,
                line=error.line or line,
                field=error.field,
                found=error.found,
                expected=error.expected,
                remedy=error.remedy or _AGAIN,
            ) from None

    def number(self, token: object, field: str, line: int | None = None) -> float:
        """A finite float64 from a printed number; Fortran's D exponents are read too."""
        value = float(self.decimal(token, field, line))
        if not math.isfinite(value):
            raise self.error("a number is too large", line=line, field=field, found=str(token))
        return value

    def decimal(self, token: object, field: str, line: int | None = None) -> Decimal:
        """All digits of a printed number."""
        text = token.strip() if isinstance(token, str) else ""
        if not _NUMBER.fullmatch(text):
            raise self.error(
                "a value is missing or is not a number",
                line=line,
                field=field,
                found=token,
                expected="a finite decimal number",
            )
        return Decimal(text.replace("d", "e").replace("D", "E"))

    def json(self) -> Any:
        """The text as JSON, each number as its printed text, NaN refused."""

        def refuse(constant: str) -> NoReturn:
            raise self.error(
                "the file holds a value that is not a finite number",
                found=constant,
                expected="finite numbers only",
            )

        try:
            return json.loads(
                self.text, parse_constant=refuse, parse_float=JsonNumber, parse_int=JsonNumber
            )
        except json.JSONDecodeError as error:
            raise self.error(
                "the JSON text does not end or is damaged",
                line=error.lineno,
                field=f"column {error.colno}",
                expected=error.msg,
            ) from None
        except RecursionError:
            raise self.error(
                "the JSON text is nested too deeply", expected="an orbit file"
            ) from None


def get(
    text: SourceText, mapping: dict[str, Any], key: str, kind: type[_Kind], where: str = ""
) -> _Kind:
    """mapping[key], which must be there and of that kind.

    Raises:
        InputError: it is not.
    """
    value = mapping.get(key)
    if not isinstance(value, kind) or (value == "" and kind is str):
        raise text.error(
            "an entry is missing or of the wrong kind",
            field=f"{where}.{key}" if where else key,
            found=value,
            expected=_KINDS.get(kind, kind.__name__),
        )
    return value


def get_optional(
    text: SourceText, mapping: dict[str, Any], key: str, kind: type[_Kind], where: str = ""
) -> _Kind | None:
    """`get`, or None where the entry is absent or null."""
    return None if mapping.get(key) is None else get(text, mapping, key, kind, where)


class JsonNumber(str):
    """A number of a JSON text as it is printed there."""

    __slots__ = ()


def load(source: Path | str) -> SourceText:
    """The text of a file, or the given text itself if it holds a line break or a brace.

    Raises:
        InputError: no such file, not readable, or not a text.
    """
    if isinstance(source, str) and _is_text(source):
        return SourceText(source, None)
    data, file = load_bytes(source)
    try:
        return SourceText(data.decode("utf-8-sig"), file)
    except UnicodeDecodeError as error:
        raise InputError(
            "the file is not a text",
            file=file,
            found=f"byte {data[error.start]:#04x} at offset {error.start}",
            expected="UTF-8",
            remedy=_AGAIN,
        ) from None


def load_bytes(source: Path | str) -> tuple[bytes, str | None]:
    """The bytes of a file and its name, or those of a given text; see `load`.

    Raises:
        InputError: no such file, or not readable.
    """
    if isinstance(source, str) and _is_text(source):
        return source.encode("utf-8", errors="surrogatepass"), None
    path = Path(source)
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise InputError("the file is too large for an orbit file", file=str(source))
        return path.read_bytes(), str(source)
    except (OSError, ValueError) as error:
        raise InputError(
            "the file cannot be read",
            file=str(source),
            found=getattr(error, "strerror", None) or str(error),
            expected="a readable orbit file",
            remedy="Check the path.",
        ) from None


def _is_text(source: str) -> bool:
    return "\n" in source or source.lstrip().startswith("{")


def _shortened(found: object) -> object:
    """What was found, cut to what a line of an error can show."""
    shown = found if isinstance(found, str) else repr(found)
    if len(shown) <= _SHOWN:
        return found
    return f"{shown[:_SHOWN]}..."


def mjd_of_jd(jd: Decimal) -> Decimal:
    """MJD from JD without loss of digits."""
    return jd - Decimal(MJD_OF_JD)
