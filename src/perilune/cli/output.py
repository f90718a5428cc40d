"""What the commands print and write: data on stdout, talk on stderr, files in one piece.

On a terminal tables are rich's; elsewhere they are plain text of at most 80 columns without boxes,
so that a pipe or a mail can carry them. `NO_COLOR` is honoured (rich does so by itself).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap

from perilune.errors import InputError

PLAIN_WIDTH = 80
_GAP = "  "
_BAR_AFTER_S = 1.0
_LINE_AFTER_S = 10.0  # off a terminal
_LINE_EVERY_S = 30.0
_unfinished: set[Path] = set()

Progress = Callable[[float, str], None]


def say(text: str) -> None:
    """Talk to the user, on stderr."""
    print(text, file=sys.stderr, flush=True)


def say_error(text: str) -> None:
    """Tell on stderr what went wrong; red on a terminal."""
    if sys.stderr.isatty() and "NO_COLOR" not in os.environ:
        say(f"\033[31mError:\033[0m {text}")
    else:
        say(f"Error: {text}")


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str = "nothing"
) -> None:
    """Print a table on stdout.

    Args:
        title: one line above the table.
        columns: the headers; one that starts with `>` is for a column of numbers, set flush right.
        rows: the cells, as text.
        empty: what to print where there are no rows.
    """
    if not rows:
        print(f"{title}: {empty}.")
    elif sys.stdout.isatty():
        _show_rich(title, columns, rows)
    else:
        print("\n".join(plain_table(title, columns, rows)))


def plain_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], width: int = PLAIN_WIDTH
) -> list[str]:
    """The lines of a table in plain text. Where the width is short the last column wraps, and then
    the first, which is mostly an object's name.
    """
    heads = [column.removeprefix(">") for column in columns]
    right = [column.startswith(">") for column in columns]
    widths = [max(len(row[k]) for row in [heads, *rows]) for k in range(len(heads))]
    for column, least in ((-1, 20), (0, 12)):
        over = sum(widths) + len(_GAP) * (len(heads) - 1) - width
        if over > 0:
            widths[column] = max(widths[column] - over, min(widths[column], least))
    lines = [title, ""]
    for row in [heads, ["-" * n for n in widths], *rows]:
        firsts, tails = (
            [cell] if len(cell) <= n else wrap(cell, n, break_on_hyphens=False)
            for cell, n in ((row[0], widths[0]), (row[-1], widths[-1]))
        )
        for number in range(max(len(firsts), len(tails))):
            cells = [*row] if number == 0 else [""] * len(row)
            cells[0] = firsts[number] if number < len(firsts) else ""
            cells[-1] = tails[number] if number < len(tails) else ""
            padded = [
                cell.rjust(n) if flush else cell.ljust(n)
                for cell, n, flush in zip(cells, widths, right, strict=True)
            ]
            lines.append(_GAP.join(padded).rstrip())
    return lines


def _show_rich(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column in columns:
        flush = "right" if column.startswith(">") else "left"
        table.add_column(column.removeprefix(">"), justify=flush)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console()
    console.print(Text(title, style="bold"))
    console.print(table)


def _plain_progress(label: str) -> Progress:
    """Progress off a terminal: a line now and then, for logs and for whoever waits."""
    told_s = time.monotonic() + _LINE_AFTER_S - _LINE_EVERY_S

    def update(done_fraction: float, text: str) -> None:
        nonlocal told_s
        if time.monotonic() - told_s < _LINE_EVERY_S:
            return
        told_s = time.monotonic()
        what = label if text in ("", label) else f"{label}, {text}"
        say(f"{what}: {100.0 * min(max(done_fraction, 0.0), 1.0):.0f} %")

    return update


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """How far work is, on stderr: a bar on a terminal, elsewhere a line now and then.

    Yields a callable `(done_fraction, label)` for the domain to call as it goes.
    """
    if not sys.stderr.isatty():
        yield _plain_progress(label)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(label, total=1.0)
    began_s = time.monotonic()

    def update(done_fraction: float, text: str) -> None:
        bar.update(task, completed=done_fraction, description=text or label)
        if time.monotonic() - began_s > _BAR_AFTER_S:
            bar.start()

    try:
        yield update
    finally:
        bar.stop()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file in one piece: it holds all of the content, or what it held before.

    A link's target is written, not the link; a device or a pipe (/dev/stdout) is written into, as
    it is no file to be replaced.

    Raises:
        InputError: the file cannot be written there.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(data)
            return
        path = Path(os.path.realpath(path))
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        unfinished = Path(name)
        _unfinished.add(unfinished)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(unfinished, 0o666 & ~_umask())
        os.replace(unfinished, path)
    except OSError as error:
        raise InputError(
            "the file cannot be written",
            file=str(path),
            found=error.strerror,
            remedy="Name another file or folder.",
        ) from error
    finally:
        remove_unfinished()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def remove_unfinished() -> None:
    """Remove the files that were being written; called when the process is interrupted too."""
    for unfinished in list(_unfinished):
        unfinished.unlink(missing_ok=True)
        _unfinished.discard(unfinished)
