"""The rules for alerts: a YAML file, checked field by field.

    channels:
      log: {kind: file, path: alerts.jsonl}
      desk: {kind: email, host: mail.example, from: watch@example, to: [desk@example]}
      public: {kind: webhook, url: https://example/notices, secret_env: NOTICES_SECRET}
    rules:
      - name: moon
        when: {body: moon, probability: 1e-4, within_years: 10}
        channels: [log, desk]
        release: {signatures: [cnsa, roscosmos], channels: [public]}

All conditions of a rule must hold together; they count impacts and approaches that are still to
come, within the rule's time if it has one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from perilune.errors import InputError

Severity = Literal["notice", "warning", "alarm"]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileChannel(_Part):
    """Appends one line of JSON an alert."""

    kind: Literal["file"]
    path: Path


class EmailChannel(_Part):
    """Sends an e-mail by SMTP; the password stands in a variable of the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    kind: Literal["email"]
    host: str
    port: int = Field(25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "none"
    sender: str = Field(alias="from")
    to: tuple[str, ...] = Field(min_length=1)
    user: str | None = None
    password_env: str | None = None


class WebhookChannel(_Part):
    """Posts JSON, signed by HMAC-SHA-256 with a secret from the environment."""

    kind: Literal["webhook"]
    url: str = Field(pattern=r"^https?://")
    secret_env: str


Channel = Annotated[FileChannel | EmailChannel | WebhookChannel, Field(discriminator="kind")]


class NearSite(_Part):
    """A site of a station file, near which an impact must fall."""

    station: Path
    site: str
    within_km: float = Field(gt=0.0)


class When(_Part):
    """What must hold; the thresholds are "at least", distances and times "at most"."""

    body: Literal["earth", "moon"] | None = None
    probability: float | None = Field(None, gt=0.0, le=1.0)
    palermo: float | None = None
    torino: int | None = Field(None, ge=1, le=10)
    within_years: float | None = Field(None, gt=0.0)
    distance_km: float | None = Field(None, gt=0.0)
    near_site: NearSite | None = None

    @model_validator(mode="after")
    def _something(self) -> When:
        given = (self.probability, self.palermo, self.torino, self.distance_km, self.near_site)
        if all(each is None for each in given):
            raise ValueError(
                "one of probability, palermo, torino, distance_km, near_site is needed"
            )
        return self

    @property
    def concerns_impacts(self) -> bool:
        """Whether a condition is about impacts, rather than approaches alone."""
        given = (self.probability, self.palermo, self.torino, self.near_site)
        return any(each is not None for each in given)


class ReleaseBy(_Part):
    """Who must sign before a notice goes out, and where it goes then."""

    signatures: tuple[_Name, ...] = Field(min_length=1)
    channels: tuple[_Name, ...] = Field(min_length=1)


class Rule(_Part):
    """One rule.

    A new alert follows where the probability has changed by the factor `changed_by` since the last
    one, the Torino value has changed, or the first impact has moved by more than a day.
    """

    name: _Name
    when: When
    severity: Severity = "warning"
    channels: tuple[_Name, ...] = Field(min_length=1)
    changed_by: float = Field(2.0, gt=1.0)
    release: ReleaseBy | None = None


class Rules(_Part):
    """A file of rules with the channels that they name."""

    channels: dict[_Name, Channel]
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Rules:
        names = [rule.name for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two rules are named {twice[0]}")
        for rule in self.rules:
            used = [*rule.channels, *(rule.release.channels if rule.release else ())]
            for channel in used:
                if channel not in self.channels:
                    raise ValueError(
                        f"rule {rule.name} names the channel {channel}, which there is not; "
                        f"there are: {', '.join(self.channels)}"
                    )
        return self


def read_rules(path: Path) -> Rules:
    """The rules of a file; paths in it count from its folder.

    Raises:
        InputError: the file cannot be read, or holds something else: which field, and why.
    """
    name = str(path)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the rules cannot be read", file=name, found=str(error)) from error
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise InputError(
            "the rules are no YAML", file=name, line=line, found=error.problem
        ) from error
    except yaml.YAMLError as error:  # a control character, which has no place in a text
        found = str(error).splitlines()[0]
        raise InputError("the rules are no YAML", file=name, found=found) from error
    try:
        rules = Rules.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(
            "the rules are not as they should be",
            file=name,
            field=".".join(str(part) for part in first["loc"]) or None,
            found=_shown(first["input"]),
            expected=first["msg"].removeprefix("Value error, "),
        ) from error
    return _from_folder(rules, path.parent)


def _shown(value: Any) -> object:
    text = repr(value)
    return value if len(text) <= 80 else f"{text[:77]}..."


def _from_folder(rules: Rules, folder: Path) -> Rules:
    channels = {
        name: channel.model_copy(update={"path": folder / channel.path})
        if isinstance(channel, FileChannel)
        else channel
        for name, channel in rules.channels.items()
    }
    changed = []
    for rule in rules.rules:
        near = rule.when.near_site
        if near is not None:
            near = near.model_copy(update={"station": folder / near.station})
            rule = rule.model_copy(
                update={"when": rule.when.model_copy(update={"near_site": near})}
            )
        changed.append(rule)
    return rules.model_copy(update={"channels": channels, "rules": tuple(changed)})
