"""What a cycle tells as it goes: one JSON object a line, for programs that watch the watch."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Literal

from perilune.errors import InputError

Level = Literal["info", "warning", "error"]


class Journal:
    """Writes events to a file, to stderr ("-"), or nowhere (None); for a `with` statement.

    Raises:
        InputError: the file cannot be written.
    """

    def __init__(self, place: str | None) -> None:
        self._stream: IO[str] | None = None
        self._owned = False
        if place == "-":
            self._stream = sys.stderr
        elif place is not None:
            try:
                self._stream = Path(place).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115
            except OSError as error:
                raise InputError(
                    "the log cannot be written", file=place, found=error.strerror
                ) from error
            self._owned = True

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._owned and self._stream is not None:
            self._stream.close()

    def tell(self, event: str, level: Level, detail: Mapping[str, object]) -> None:
        """Write one line: when, how grave, what, and the particulars."""
        if self._stream is None:
            return
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"at_utc": at, "level": level, "event": event, **detail}
        self._stream.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        self._stream.flush()
