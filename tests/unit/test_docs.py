"""Every snippet in the README and in docs/ is run, and shows what it really prints.

Rules for the Markdown files:
- a `python` block is executed;
- a `console` block holds `$ command` lines, each followed by its output; `perilune …` commands are
  run, and `...` in the output stands for anything, as in doctest. Blocks of commands that compute
  for longer are marked by `<!-- slow -->` on the line above and run with the slow tests;
- a `text` block shows a real run that takes minutes; it must agree with the `console` blocks;
- a `yaml` block is a station file, or a file of rules for alerts, and is read;
- a `sh` block may hold only `make` commands, whose targets must exist.
"""

from __future__ import annotations

import doctest
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from perilune.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").glob("*.md")])
_BLOCK = re.compile(r"(?P<mark><!-- slow -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```", re.M | re.S)
_KINDS = {"python", "console", "sh", "json", "bibtex", "text", "yaml"}


@dataclass(frozen=True)
class Snippet:
    """One fenced block."""

    file: Path
    line: int
    kind: str
    text: str
    slow: bool


def _snippets(*kinds: str) -> list[Snippet]:
    found = []
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            line = text.count("\n", 0, block.start("text"))
            found.append(Snippet(file, line, block["kind"], block["text"], bool(block["mark"])))
    return [snippet for snippet in found if not kinds or snippet.kind in kinds]


def _parameters(*kinds: str) -> list[object]:
    return [
        pytest.param(
            snippet,
            id=f"{snippet.file.name}:{snippet.line}",
            marks=[pytest.mark.slow] if snippet.slow else [],
        )
        for snippet in _snippets(*kinds)
    ]


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    assert {snippet.kind for snippet in _snippets()} <= _KINDS
    # Only blocks with a kind match; a bare fence would go unchecked.
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        fences = re.findall(r"^```", text, re.M)
        plain = len(re.findall(r"^```\n(?:.*?)^```", _BLOCK.sub("", text), re.M | re.S))
        assert len(fences) == 2 * (len(_BLOCK.findall(text)) + plain), file.name


@pytest.mark.parametrize("snippet", _parameters("python"))
def test_python_snippets_run(snippet: Snippet) -> None:
    exec(compile(snippet.text, f"{snippet.file.name}:{snippet.line}", "exec"), {})


@pytest.mark.parametrize("snippet", _parameters("text"))
def test_long_runs_agree_with_what_is_repeated(snippet: Snippet) -> None:
    repeated = {
        " ".join(line.split())
        for other in _snippets("console")
        if other.file == snippet.file
        for line in other.text.splitlines()
    }
    rows = [" ".join(line.split()) for line in snippet.text.splitlines()]
    assert max(map(len, snippet.text.splitlines())) <= 80
    moon = [row for row in rows if row.startswith("2024 YR4") and "2032-12-22" in row]
    assert {row for row in moon if "+-" not in row and " earth " not in row} & repeated
    assert sum(row in repeated for row in rows if row) >= 8


@pytest.mark.parametrize("snippet", _parameters("yaml"))
def test_station_files_and_rules_are_read(snippet: Snippet, tmp_path: Path) -> None:
    from perilune.station.reading import read_station
    from perilune.watch.rules import read_rules

    file = tmp_path / "station.yaml"
    file.write_text(snippet.text)
    if "\nrules:" in snippet.text:
        assert read_rules(file).rules
        return
    # The files that it names must be there, though nobody opens them.
    for name in re.findall(r"[\w-]+\.(?:oem|bsp|tif|lbl)\b", snippet.text):
        (tmp_path / name).touch()
    assert read_station(file).sites


@pytest.mark.parametrize("snippet", _parameters("sh"))
def test_make_targets_exist(snippet: Snippet) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in snippet.text.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        assert words[0] == "make", line
        for target in (word for word in words[1:] if "=" not in word):
            assert re.search(rf"^{target}:", makefile, re.M), line


@pytest.mark.parametrize("snippet", _parameters("console"))
def test_sessions_show_what_is_printed(
    snippet: Snippet,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    # As in the root of a clone, but what a command writes stays out of it.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PERILUNE_DATABASE", str(tmp_path / "catalogue.db"))
    for folder in ("docs", "stations"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    commands = re.split(r"^\$ ", snippet.text, flags=re.M)
    assert commands[0] == "", "a console block starts with a command"
    for command in commands[1:]:
        line, _, expected = command.partition("\n")
        words = shlex.split(line)
        assert words[0] == "perilune", line
        code = main(words[1:])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        got = captured.out
        assert doctest.OutputChecker().check_output(expected, got, flags), got
