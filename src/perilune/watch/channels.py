"""Where alerts go: a file, an e-mail, a webhook. Each alert has one name wherever it goes.

What was sent is put down after it was sent; a watch that is killed in between sends again. The
name (the digest of the message) tells the recipient that it is the same: it is the e-mail's
Message-ID, the webhook's `Perilune-Alert`, and a line of a file that is there is not written twice.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import smtplib
import ssl
import time
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from textwrap import fill
from typing import Any, Final

import httpx

from perilune.catalogue import StoredAlert, find_alert
from perilune.catalogue.alerts import note_delivery, waiting_deliveries
from perilune.watch.rules import Channel, EmailChannel, FileChannel, Rules, WebhookChannel
from perilune.watch.tally import delivery_tally
from perilune.watch.work import VERSION, Work

_TIMEOUT_S: Final = 15.0
_TRIES: Final = 3  # in one cycle
_FIRST_WAIT_S: Final = 0.5
_GIVE_UP_AFTER: Final = 100  # tries in all


class ChannelError(Exception):
    """Something could not be sent; whether to try again soon."""

    def __init__(self, reason: str, *, passing: bool) -> None:
        super().__init__(reason)
        self.passing = passing


def deliver(work: Work, rules: Rules) -> dict[str, Any]:
    """Send what waits; what cannot be sent now waits for the next cycle."""
    with work.database.read() as connection:
        waiting = waiting_deliveries(connection)
    for done, delivery in enumerate(waiting):
        work.progress(done / len(waiting), f"alert {delivery.alert_id} to {delivery.channel}")
        with work.database.read() as connection:
            alert = find_alert(connection, delivery.alert_id)
        channel = rules.channels.get(delivery.channel)
        error: str | None = None
        if channel is None:
            error = "the rules have no such channel any more"
        else:
            error = _try(channel, alert)
        give_up = error is not None and delivery.attempts + 1 >= _GIVE_UP_AFTER
        with work.commit() as connection:
            note_delivery(connection, delivery.id, error, give_up=give_up)
        state = "sent" if error is None else "failed" if give_up else "waiting"
        detail = {"alert": alert.id, "channel": delivery.channel, "state": state}
        if error is None:
            work.told("delivery", detail)
        else:
            work.fail(
                "delivery", f"Alert {alert.id} did not reach {delivery.channel}: {error}", detail
            )
    with work.database.read() as connection:
        return delivery_tally(connection, work.cycle.started_utc)


def _try(channel: Channel, alert: StoredAlert) -> str | None:
    """Send, trying again for a moment what may pass; the reason if it did not."""
    for number in range(_TRIES):
        try:
            send(channel, alert)
            return None
        except ChannelError as error:
            if not error.passing or number == _TRIES - 1:
                return str(error)
            time.sleep(_FIRST_WAIT_S * 2.0**number)
    return None


def send(channel: Channel, alert: StoredAlert) -> None:
    """Send one alert to one channel.

    Raises:
        ChannelError: it could not be sent.
    """
    if isinstance(channel, FileChannel):
        _to_file(channel.path, alert)
    elif isinstance(channel, EmailChannel):
        _by_email(channel, alert)
    else:
        _to_webhook(channel, alert)


def document(alert: StoredAlert) -> dict[str, Any]:
    """The alert as programs read it."""
    return {
        "alert": alert.sha256,
        "number": alert.id,
        "raised_utc": alert.raised_utc,
        "release": alert.release,
        "signatures": [
            {"partner": each.partner, "signed_utc": each.signed_utc} for each in alert.signatures
        ],
        "software": "perilune",
        "version": VERSION,
        **alert.message,
    }


def letter(alert: StoredAlert) -> str:
    """The alert as people read it."""
    figures = alert.message["figures"]
    lines = [alert.title, ""]
    if "chance" in figures:
        lines += [
            f"Chance of an impact: {figures['chance']}.",
            f"First possible: {figures['first_impact_utc']}, in {figures['years_to_go']:g} years.",
            f"Torino {figures['torino']}"
            + (f", Palermo {figures['palermo']:+.2f}." if figures["palermo"] is not None else "."),
        ]
        lines += [_impact_line(each) for each in figures["impacts"]]
    if "distance_km" in figures:
        sigma = figures["distance_sigma_km"]
        lines.append(
            f"Distance {figures['distance_km']:,.0f} km"
            + (f" +- {sigma:,.0f} km" if sigma is not None else "")
            + f" at {figures['approach_utc']}."
        )
    if alert.message["changes"]:
        lines += ["", "What changed:", *(f"- {each}" for each in alert.message["changes"])]
    if alert.message["decides"]:
        lines += ["", "What would decide it:", fill(alert.message["decides"], 76)]
    if alert.release == "awaiting":
        signed = [each.partner for each in alert.signatures]
        missing = [each for each in alert.signers if each not in signed]
        lines += ["", f"Not released: it waits for the signature of {', '.join(missing)}."]
    if alert.signatures:
        lines += ["", "Signed by:"]
        lines += [f"- {each.partner}, {each.signed_utc}" for each in alert.signatures]
    if "solution" in figures:
        lines += [
            "",
            f"Orbit: {figures['solution']}. Method: {figures['method']}. Software: perilune "
            f"{figures['software_version']}, {figures['ephemeris']}.",
            f"Inputs: sha256 {figures['inputs_sha256']}.",
        ]
    lines += [f"Alert {alert.id}, sha256 {alert.sha256}."]
    return "\n".join(lines) + "\n"


def _impact_line(impact: dict[str, Any]) -> str:
    place = ""
    if impact["longitude_deg"] is not None and impact["latitude_deg"] is not None:
        place = f", longitude {impact['longitude_deg']:.1f}, latitude {impact['latitude_deg']:.1f}"
    energy = "" if impact["energy_mt"] is None else f", {impact['energy_mt']:.3g} Mt"
    return (
        f"- {impact['epoch_utc']}: {100.0 * impact['impact_probability']:.3g} %, "
        f"{impact['speed_km_s']:.1f} km/s{energy}{place}"
    )


def _to_file(path: Path, alert: StoredAlert) -> None:
    """Append a line, in one piece and on the disk; one that is there is left as it is."""
    line = json.dumps(document(alert), ensure_ascii=False, sort_keys=True) + "\n"
    mark = f'"alert": "{alert.sha256}"'.encode()
    release = f'"release": "{alert.release}"'.encode()
    try:
        with path.open("a+b") as file:
            file.seek(0)
            end = b"\n"
            for present in file:
                end = present[-1:]
                if mark in present and release in present and end == b"\n":
                    return
            if end != b"\n":  # a line that was cut short by a power cut, say
                file.write(b"\n")
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ChannelError(f"{path}: {error.strerror}", passing=False) from error


def _by_email(channel: EmailChannel, alert: StoredAlert) -> None:
    message = EmailMessage()
    message["Subject"] = f"[perilune {alert.severity}] {alert.title}"
    message["From"] = channel.sender
    message["To"] = ", ".join(channel.to)
    message["Date"] = format_datetime(datetime.fromisoformat(alert.raised_utc))
    message["Message-ID"] = f"<{alert.sha256[:40]}.{alert.release}@perilune>"
    message.set_content(letter(alert))
    attached = json.dumps(document(alert), ensure_ascii=False, indent=1).encode()
    message.add_attachment(attached, "application", "json", filename=f"alert-{alert.id}.json")
    try:
        with _mailer(channel) as mailer:
            mailer.send_message(message)
    except smtplib.SMTPResponseException as error:
        reason = f"{channel.host}: {error.smtp_code} {_text(error.smtp_error)}"
        raise ChannelError(reason, passing=400 <= error.smtp_code < 500) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise ChannelError(
            f"{channel.host} refuses {next(iter(error.recipients))}: {code} {_text(said)}",
            passing=400 <= code < 500,
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise ChannelError(f"{channel.host}:{channel.port}: {error}", passing=True) from error


def _mailer(channel: EmailChannel) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if channel.security == "tls":
        mailer: smtplib.SMTP = smtplib.SMTP_SSL(
            channel.host, channel.port, timeout=_TIMEOUT_S, context=context
        )
    else:
        mailer = smtplib.SMTP(channel.host, channel.port, timeout=_TIMEOUT_S)
    try:
        if channel.security == "starttls":
            mailer.starttls(context=context)
        if channel.user is not None:
            mailer.login(channel.user, _secret(channel.password_env or ""))
    except BaseException:
        mailer.close()
        raise
    return mailer


def _to_webhook(channel: WebhookChannel, alert: StoredAlert) -> None:
    """Post the alert; `Perilune-Signature` is the HMAC-SHA-256 of "TIME.BODY" in hexadecimal."""
    body = json.dumps(document(alert), ensure_ascii=False, sort_keys=True).encode()
    at = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"perilune/{VERSION}",
        "Perilune-Alert": alert.sha256,
        "Perilune-Time": at,
        "Perilune-Signature": sign(_secret(channel.secret_env), at, body),
    }
    try:
        answer = httpx.post(channel.url, content=body, headers=headers, timeout=_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise ChannelError(f"{channel.url}: {error}", passing=True) from error
    if not answer.is_success:
        passing = answer.status_code in (408, 425, 429) or answer.status_code >= 500
        raise ChannelError(f"{channel.url}: HTTP {answer.status_code}", passing=passing)


def sign(secret: str, at: str, body: bytes) -> str:
    """The signature of a webhook's body, for whoever sends and whoever checks."""
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()


def _secret(name: str) -> str:
    secret = os.environ.get(name, "")
    if not secret:
        raise ChannelError(f"the environment has no {name or 'password_env'}", passing=False)
    return secret


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
