"""`perilune cite`: every reference is whole, in each of the forms."""

from __future__ import annotations

import json
import re

import pytest

from perilune.cli.main import main
from perilune.cli.references import REFERENCES


def test_keys_are_unique_and_dois_are_dois() -> None:
    assert len({r.key for r in REFERENCES}) == len(REFERENCES)
    for reference in REFERENCES:
        assert reference.doi == "" or re.fullmatch(r"10\.\d{4,9}/\S+", reference.doi)


def test_bibtex_entries_are_closed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite", "--format", "bibtex"]) == 0
    entries = capsys.readouterr().out.split("\n\n")
    assert len(entries) == len(REFERENCES) + 1
    for entry in entries:
        assert re.match(r"@(article|misc|software)\{[a-z0-9]+,\n", entry)
        assert entry.count("{") == entry.count("}")
        assert entry.rstrip().endswith("\n}")


def test_text_names_the_ephemeris_with_its_doi(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite"]) == 0
    text = capsys.readouterr().out
    assert "doi:10.3847/1538-3881/abd414" in text
    assert max(map(len, text.splitlines())) <= 80


def test_json_holds_both_forms(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert [row["key"] for row in data] == ["perilune", *(r.key for r in REFERENCES)]
    assert all(row["bibtex"].startswith("@") and row["text"] for row in data)
