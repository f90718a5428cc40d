"""`perilune token`: partners and the tokens by which their programs and people are known."""

from __future__ import annotations

import getpass
from enum import StrEnum
from typing import Annotated

import typer

from perilune.cli.envelope import print_envelope
from perilune.cli.options import Json
from perilune.cli.output import say, show_table
from perilune.cli.watch import DatabaseOption

token = typer.Typer(
    name="token", help="Make, list and revoke the tokens of partners.", no_args_is_help=True
)


class RoleName(StrEnum):
    """What a token allows."""

    READ = "read"
    OBSERVE = "observe"
    OPERATE = "operate"
    SIGN = "sign"


@token.command("partner")
def partner(
    slug: Annotated[str, typer.Argument(metavar="PARTNER", help="Short name: cnsa, roscosmos.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name for people.")],
    email: Annotated[str | None, typer.Option(help="Where the partner is written to.")] = None,
    database: DatabaseOption = None,
) -> None:
    """Add a partner, or change a known one's name and address."""
    from perilune.catalogue import add_partner, open_database

    opened = open_database(database)
    with opened.write() as connection:
        found = add_partner(connection, slug, name, email=email, by=_operator())
    opened.close()
    say(f"{found.slug}: {found.name}.")


@token.command("make")
def make(
    slug: Annotated[str, typer.Argument(metavar="PARTNER", help="Whose token it is.")],
    role: Annotated[
        list[RoleName], typer.Option("--role", help="What it allows; may be repeated.")
    ],
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[
        float | None, typer.Option(min=0.0, help="How long it holds; for good by default.")
    ] = None,
    database: DatabaseOption = None,
) -> None:
    """Make a token and print it, once: the catalogue keeps its digest only."""
    from datetime import UTC, datetime, timedelta

    from perilune.catalogue import make_token, open_database

    expires = None
    if days is not None:
        expires = (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    opened = open_database(database)
    with opened.write() as connection:
        roles = [each.value for each in role]
        text, made = make_token(
            connection, slug, roles, label=label, expires_utc=expires, by=_operator()
        )
    opened.close()
    say(f"Token {made.id} of {slug} ({', '.join(made.roles)}). It is shown this once:")
    print(text)


@token.command("list")
def list_tokens(database: DatabaseOption = None, json: Json = False) -> None:
    """List the tokens that were made, without their texts."""
    from perilune.catalogue import all_tokens, open_database

    opened = open_database(database)
    with opened.read() as connection:
        found = all_tokens(connection)
    opened.close()
    if json:
        print_envelope(found, units={}, inputs={"verb": "token list"})
        return
    rows = [
        (
            f"{each.id}",
            each.partner.slug,
            " ".join(each.roles),
            each.created_utc[:10],
            "revoked" if each.revoked_utc else (each.expires_utc or "")[:10],
            each.label,
        )
        for each in found
    ]
    show_table("Tokens", (">no", "partner", "roles", "made", "ends", "for"), rows, empty="none")


@token.command("revoke")
def revoke(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `token list` has it.")],
    database: DatabaseOption = None,
) -> None:
    """End a token's use."""
    from perilune.catalogue import open_database, revoke_token

    opened = open_database(database)
    with opened.write() as connection:
        revoke_token(connection, number, _operator())
    opened.close()
    say(f"Token {number} is revoked.")


def _operator() -> str:
    """Who works at this machine, for the audit log."""
    try:
        return f"operator:{getpass.getuser()}"
    except (OSError, KeyError):
        return "operator"
