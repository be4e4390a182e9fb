"""What a client of the native API sends, in our words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from testamur.core.acts import Chosen, Person
from testamur.core.clock import MINUTE
from testamur.core.languages import LANGUAGES
from testamur.core.lifecycle import JobState, StandingEvent
from testamur.core.pins import Pin, read_pin
from testamur.core.policy import MAX_HOLD_MINUTES
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import MailOrder

#: Why certificates are signed, in letters.
MAX_REASON_CHARACTERS = 255

#: No id is as large.
MAX_ID = 10**18

#: RFC 3339 with a zone, or a date (midnight UTC).
MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2}))?"
)


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that came as JSON."""

    records: list[dict[str, Any]]
    batch_name: str | None
    valid_days: int | None
    #: A template's id or name.
    template: str | None
    #: How recipients are written to; None: they are not.
    mail: MailOrder | None


@dataclass(frozen=True, slots=True)
class StandingChange:
    """What a caller wants done to certificates."""

    event: StandingEvent
    chosen: Chosen
    reason: str


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A key that a caller wants."""

    name: str
    scopes: list[str]
    expires_at: int | None


def new_job(body: Any) -> NewJob:
    """
    Read a job as JSON: `{"rows": [...], "batchName": "...", "validDays": 365,
    "template": "...", "notify": true, "language": "es", "holdMinutes": 60}`.

    Raises:
        Refusal: INVALID, naming the field.
    """
    mail = {"notify", "language", "holdMinutes"}
    fields = _object(body, {"rows", "batchName", "validDays", "template", *mail})
    records = fields.get("rows")
    if not isinstance(records, list) or not records:
        raise _wrong("rows", "Send rows as a list with at least one object.")
    if not all(isinstance(record, dict) for record in records):
        raise _wrong("rows", "Every row must be an object of its fields.")
    days = fields.get("validDays")
    if days is not None and type(days) is not int:  # True is an int to Python
        raise _wrong("validDays", "Send validDays as a whole number.")
    return NewJob(
        records,
        batch_name(fields.get("batchName")),
        days,
        template(fields.get("template")),
        mail_order(
            fields.get("notify"), fields.get("language"), fields.get("holdMinutes")
        ),
    )


def mail_form(fields: Mapping[str, str]) -> MailOrder | None:
    """
    Read the form fields notify, language and holdMinutes.

    Raises:
        Refusal: INVALID, naming the field.
    """
    notify, hold = fields.get("notify") or "false", fields.get("holdMinutes")
    if notify not in ("true", "false"):
        raise _wrong("notify", "Write notify as true or false.")
    if hold and not re.fullmatch("[0-9]{1,6}", hold):
        raise _wrong("holdMinutes", "Write holdMinutes in plain digits.")
    return mail_order(
        notify == "true", fields.get("language") or None, int(hold) if hold else None
    )


def mail_order(notify: Any, language: Any, hold: Any) -> MailOrder | None:
    """
    Read whether a job writes to its recipients, how, and how much later.

    Raises:
        Refusal: INVALID, naming the field.
    """
    if notify is not None and not isinstance(notify, bool):
        raise _wrong("notify", "Send notify as true or false.")
    if language is not None and language not in LANGUAGES:
        raise _wrong("language", f"The language is one of {', '.join(LANGUAGES)}.")
    if hold is not None and (
        type(hold) is not int or not 0 <= hold <= MAX_HOLD_MINUTES
    ):
        raise _wrong(
            "holdMinutes", f"Send a whole number from 0 to {MAX_HOLD_MINUTES:,}."
        )
    if not notify:
        if language is not None or hold is not None:
            raise _wrong("notify", "Send notify as true, or leave the others out.")
        return None
    return MailOrder(language or LANGUAGES[0], (hold or 0) * MINUTE)


def template(value: Any) -> str | None:
    """
    Read which template certificates are to be made of, if any.

    Raises:
        Refusal: INVALID, when it cannot be an id or a name.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 255 or not value.isprintable():
        raise _wrong("template", "Send the id or the name of a template.")
    return value


def batch_name(value: Any) -> str | None:
    """
    Read the name of the batch to make, if one is wanted.

    Raises:
        Refusal: INVALID, when it is not 1 to 255 characters.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 255 or not value.isprintable():
        raise _wrong("batchName", "The batch's name must be 1 to 255 letters.")
    return value


def valid_days(text: str | None) -> int | None:
    """
    Read the form field validDays.

    Raises:
        Refusal: INVALID, when it is no whole number in plain digits.
    """
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,6}", text):
        raise _wrong("validDays", "Write validDays as a whole number, in plain digits.")
    return int(text)


def changes(body: Any) -> dict[str, Any]:
    """
    Read what is to be different on a certificate: fields as in a row.

    Raises:
        Refusal: INVALID, when it is no object, or an empty one.
    """
    if not isinstance(body, dict) or not body:
        raise _wrong("body", 'Send one JSON object, such as {"recipientName": "Ada"}.')
    return body


def mapping(value: Any) -> Mapping[str, str] | None:
    """
    Read a column mapping: your header to ours, as a JSON object.

    Raises:
        Refusal: INVALID.
    """
    if value is None:
        return None
    if not isinstance(value, dict) or not all(
        isinstance(name, str) for name in value.values()
    ):
        raise _wrong("mapping", 'Send an object such as {"Student": "recipientName"}.')
    return value


def new_key(body: Any) -> KeyRequest:
    """
    Read `{"name": "...", "scopes": [...], "expiresAt": "..."}`; all are optional.

    Raises:
        Refusal: INVALID, naming the field.
    """
    fields = _object(body, {"name", "scopes", "expiresAt"})
    name, scopes = fields.get("name", ""), fields.get("scopes", [])
    if not isinstance(name, str):
        raise _wrong("name", "The key's name must be text.")
    if not isinstance(scopes, list) or not all(isinstance(s, str) for s in scopes):
        raise _wrong("scopes", "Send scopes as a list of their names.")
    if "scopes" in fields and not scopes:  # an empty list is not a wish for all
        raise _wrong("scopes", "Name a scope, or leave scopes out for all you have.")
    expires = fields.get("expiresAt")
    if expires is not None and not isinstance(expires, str):
        raise _wrong("expiresAt", "Write a moment such as 2027-01-31T00:00:00Z.")
    return KeyRequest(name, scopes, moment(expires, "expiresAt"))


def standing_change(body: Any) -> StandingChange:
    """
    Read `{"action": "revoke", "reason": "...", "certificateIds": [...]}`.

    In place of `certificateIds`: `references`, `batchId` or `jobId`.

    Raises:
        Refusal: INVALID, naming the field.
    """
    ways = {"certificateIds", "references", "batchId", "jobId"}
    fields = _object(body, {"action", "reason", *ways})
    actions = [str(event) for event in StandingEvent]
    action = fields.get("action")
    if action not in actions:
        raise _wrong("action", f"The action is one of {', '.join(actions)}.")
    if len([way for way in ways if fields.get(way) is not None]) != 1:
        raise _wrong(
            "certificateIds",
            "Name the certificates in one way: certificateIds, references, batchId or "
            "jobId.",
        )
    return StandingChange(
        StandingEvent(action),
        Chosen(
            ids=_names(fields, "certificateIds"),
            references=_names(fields, "references"),
            batch_id=_text(fields, "batchId"),
            job_id=_text(fields, "jobId"),
        ),
        _text(fields, "reason") or "",
    )


def erasure(body: Any) -> tuple[Person, str]:
    """
    Read `{"email": "...", "reason": "..."}`; or `certificateIds` in place of `email`.

    Raises:
        Refusal: INVALID, naming the field.
    """
    fields = _object(body, {"email", "certificateIds", "reason"})
    person = Person(_text(fields, "email"), _names(fields, "certificateIds"))
    return person, _text(fields, "reason") or ""


def reason(body: Any) -> str:
    """
    Read `{"reason": "..."}`.

    Raises:
        Refusal: INVALID.
    """
    return _text(_object(body, {"reason"}), "reason") or ""


def signatures(body: Any) -> tuple[int, Pin, str]:
    """
    Read how a job's certificates are to be signed: `{"signer": 1, "pin": "...",
    "reason": "..."}`; which signer, its PIN, and why.

    Raises:
        Refusal: INVALID, naming the field.
    """
    fields = _object(body, {"signer", "pin", "reason"})
    signer = fields.get("signer")
    if type(signer) is not int or not 0 < signer < MAX_ID:
        raise _wrong("signer", "Send the signer's id as a number.")
    reason = _text(fields, "reason") or ""
    if len(reason) > MAX_REASON_CHARACTERS or (reason and not reason.isprintable()):
        raise _wrong("reason", "The reason may have up to 255 letters, in one line.")
    return signer, read_pin(fields.get("pin")), reason


def state(text: str | None) -> JobState | None:
    """
    Read the query parameter state.

    Raises:
        Refusal: INVALID, naming the states there are.
    """
    if text is None:
        return None
    known = [str(one) for one in JobState]
    if text not in known:
        raise _wrong("state", f"There is no such state; use {', '.join(known)}.")
    return JobState(text)


def moment(text: str | None, at: str) -> int | None:
    """
    Read a moment in RFC 3339, or a date.

    Raises:
        Refusal: INVALID `date_format`.
    """
    if text is None:
        return None
    try:
        if not MOMENT.fullmatch(text):
            raise ValueError(text)
        read = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(
            Kind.INVALID,
            "date_format",
            f"Write {at} like 2027-01-31 or 2027-01-31T12:00:00Z.",
            at=at,
        ) from None
    read = read if read.tzinfo else read.replace(tzinfo=UTC)
    if not 1970 <= read.year <= 2200:
        raise Refusal(
            Kind.INVALID, "date_range", f"{at} must lie in 1970 to 2200.", at=at
        )
    return int(read.timestamp() * 1000)


def _object(body: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise _wrong("body", "Send one JSON object.")
    for name in body:
        if name not in known:
            fields = ", ".join(sorted(known))
            raise Refusal(
                Kind.INVALID,
                "unknown_field",
                f"There is no field of this name; there are {fields}.",
                at=str(name)[:64],
            )
    return body


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise _wrong(name, f"Send {name} as text.")
    return value


def _names(fields: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(name, f"Send {name} as a list of texts.")
    return tuple(value)


def _wrong(at: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, "parameter_invalid", detail, at=at)
