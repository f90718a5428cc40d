"""Partners of the project and the tokens by which their programs and people are known.

A token is shown once, when it is made; the catalogue keeps its SHA-256 only. That is enough for a
random text of 256 bits, which cannot be guessed as a password can.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import Connection, insert, select, update

from perilune.catalogue.audit import write_audit
from perilune.catalogue.records import digest, utc_now
from perilune.catalogue.tables import partners, tokens
from perilune.errors import InputError, UnknownNameError

Role = Literal["read", "observe", "operate", "sign"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_PREFIX: Final = "perilune_"


@dataclass(frozen=True, slots=True)
class Partner:
    """Who takes part.

    Attributes:
        id: its number in this database.
        slug: its short name in rules and commands: "roscosmos", "cnsa".
        name: its name for people.
        email: where it is to be written to, if anywhere.
    """

    id: int
    slug: str
    name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token.

    Attributes:
        id: its number in this database.
        partner: whose it is.
        label: what it is for.
        roles: what it allows.
        created_utc, expires_utc, revoked_utc: when; None for never.
    """

    id: int
    partner: Partner
    label: str
    roles: tuple[Role, ...]
    created_utc: str
    expires_utc: str | None
    revoked_utc: str | None


def add_partner(
    connection: Connection, slug: str, name: str, *, email: str | None = None, by: str
) -> Partner:
    """Add a partner, or change the name and e-mail address of a known one; audited.

    Raises:
        InputError: the short name is none.
    """
    if not _SLUG.fullmatch(slug):
        raise InputError(
            "this is no short name",
            field="partner",
            found=slug,
            expected="up to 40 of a-z, 0-9 and -, not beginning with -",
        )
    present = connection.execute(select(partners.c.id).where(partners.c.slug == slug)).scalar()
    if present is None:
        statement = insert(partners).values(slug=slug, name=name, email=email, added_utc=utc_now())
        connection.execute(statement)
    else:
        connection.execute(
            update(partners).where(partners.c.id == present).values(name=name, email=email)
        )
    write_audit(connection, by, "partner", f"partner:{slug}", {"name": name, "email": email})
    return find_partner(connection, slug)


def find_partner(connection: Connection, slug: str) -> Partner:
    """The partner of a short name.

    Raises:
        UnknownNameError: there is none.
    """
    row = connection.execute(select(partners).where(partners.c.slug == slug)).first()
    if row is None:
        raise UnknownNameError("partner", slug, [each.slug for each in all_partners(connection)])
    return _partner(row)


def all_partners(connection: Connection) -> list[Partner]:
    """Every partner, by short name."""
    return [_partner(r) for r in connection.execute(select(partners).order_by(partners.c.slug))]


def make_token(
    connection: Connection,
    partner: str,
    roles: Sequence[str],
    *,
    label: str = "",
    expires_utc: str | None = None,
    by: str,
) -> tuple[str, Token]:
    """Make a token; its text, which nobody can ask for again, and what is kept of it. Audited.

    Raises:
        UnknownNameError: there is no such partner.
        InputError: there is no such role, or none is given.
    """
    owner = find_partner(connection, partner)
    wrong = [role for role in roles if role not in ROLES]
    if wrong or not roles:
        raise InputError(
            "this is no role",
            field="role",
            found=wrong[0] if wrong else "none",
            expected=" or ".join(ROLES),
        )
    text = _PREFIX + secrets.token_urlsafe(32)
    result = connection.execute(
        insert(tokens).values(
            partner_id=owner.id,
            label=label,
            roles=" ".join(role for role in ROLES if role in roles),
            sha256=digest(text),
            created_utc=utc_now(),
            expires_utc=expires_utc,
        )
    )
    key = result.inserted_primary_key
    assert key is not None
    detail = {"partner": partner, "roles": list(roles), "label": label}
    write_audit(connection, by, "token", f"token:{key[0]}", detail)
    return text, next(each for each in all_tokens(connection) if each.id == key[0])


def check_token(connection: Connection, text: str) -> Token | None:
    """What a token's text allows now; None for one that is unknown, revoked or expired.

    How long the search takes tells nothing: it compares digests, which nobody can choose piece by
    piece; the one that is found is compared once more, in a time that does not depend on it.
    """
    sha256 = digest(text)
    row = connection.execute(select(tokens.c.id, tokens.c.sha256).where(tokens.c.sha256 == sha256))
    present = row.first()
    if present is None or not hmac.compare_digest(bytes(present.sha256), sha256):
        return None
    found = _tokens(connection, tokens.c.id == present.id)
    token = found[0]
    expired = token.expires_utc is not None and _instant(token.expires_utc) <= datetime.now(UTC)
    return None if expired or token.revoked_utc is not None else token


def revoke_token(connection: Connection, token_id: int, by: str) -> None:
    """End a token's use; audited.

    Raises:
        UnknownNameError: there is no such token.
    """
    result = connection.execute(
        update(tokens)
        .where(tokens.c.id == token_id, tokens.c.revoked_utc.is_(None))
        .values(revoked_utc=utc_now())
    )
    if result.rowcount == 0 and not _tokens(connection, tokens.c.id == token_id):
        raise UnknownNameError("token", str(token_id))
    write_audit(connection, by, "revoke", f"token:{token_id}", {})


def all_tokens(connection: Connection) -> list[Token]:
    """Every token that was made, revoked ones too."""
    return _tokens(connection, None)


def _tokens(connection: Connection, condition: Any) -> list[Token]:
    owners = {each.id: each for each in all_partners(connection)}
    query = select(tokens).order_by(tokens.c.id)
    if condition is not None:
        query = query.where(condition)
    return [
        Token(
            r.id,
            owners[r.partner_id],
            r.label,
            tuple(r.roles.split()),
            r.created_utc,
            r.expires_utc,
            r.revoked_utc,
        )
        for r in connection.execute(query)
    ]


def _partner(row: Any) -> Partner:
    return Partner(row.id, row.slug, row.name, row.email)


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
