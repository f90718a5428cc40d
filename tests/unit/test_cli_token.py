"""`perilune token`: made once, listed without its text, revoked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perilune.catalogue import audit_entries, check_token, open_database
from perilune.cli.main import main


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    database = str(tmp_path / "catalogue.db")
    monkeypatch.setenv("PERILUNE_DATABASE", database)
    return database


def test_a_token_from_its_making_to_its_end(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "partner", "cnsa", "China National Space Administration"]) == 0
    assert main(["token", "make", "cnsa", "--role", "sign", "--role", "read", "--days", "30"]) == 0
    captured = capsys.readouterr()
    text = captured.out.strip()
    assert text.startswith("perilune_")
    assert text not in captured.err
    opened = open_database(place)
    with opened.read() as connection:
        known = check_token(connection, text)
        assert known is not None
        assert (known.partner.slug, known.roles) == ("cnsa", ("read", "sign"))
        assert known.expires_utc is not None
    assert main(["token", "list", "--json"]) == 0
    printed = capsys.readouterr().out
    assert text not in printed
    assert json.loads(printed)["data"][0]["roles"] == ["read", "sign"]
    assert main(["token", "list"]) == 0
    assert "cnsa" in capsys.readouterr().out
    assert main(["token", "revoke", "1"]) == 0
    with opened.read() as connection:
        assert check_token(connection, text) is None
        actions = [(entry.action, entry.actor.partition(":")[0])
                   for entry in audit_entries(connection)]  # fmt: skip
    opened.close()
    assert actions == [("revoke", "operator"), ("token", "operator"), ("partner", "operator")]


@pytest.mark.usefixtures("place")
def test_what_cannot_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "make", "nobody", "--role", "read"]) == 2
    assert "no partner named 'nobody'" in capsys.readouterr().err
    assert main(["token", "partner", "No Slug", "Name"]) == 2
    assert main(["token", "revoke", "7"]) == 2
