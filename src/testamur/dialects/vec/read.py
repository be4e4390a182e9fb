"""Request bodies: entries of the vault, and batches."""

from collections.abc import Mapping
from typing import Any

from testamur.core.refusals import Kind, Refusal
from testamur.core.vault import VaultEntries, VaultEntry

from .ids import template_name
from .values import FIELDS, BadValue, is_absent, line, words

#: What a form calls the fields of an entry, but for its file.
FORM_FIELDS = (
    *("certificate_title", "full_name", "applicant_email", "issue_date", "details"),
)


def entries(body: Any, most: int) -> VaultEntries:
    """
    Read all entries of a call; what is wrong with one is told apart.

    Raises:
        Refusal: INVALID, when there are no entries, or too many.
    """
    given = body.get("entries") if isinstance(body, Mapping) else None
    if given is None:
        raise _wrong("entries", "field_required", "The entries field is required.")
    if not isinstance(given, list):
        raise _wrong("entries", "field_type", "The entries field must be an array.")
    if not given:
        raise _wrong(
            "entries", "field_size", "The entries field must have at least 1 items."
        )
    if len(given) > most:
        raise _wrong(
            "entries",
            "too_many_rows",
            f"The entries field must not have more than {most} items. Split the call.",
        )
    wrong: list[Refusal] = []
    read = [
        _entry(place, one, wrong, f"entries.{place}.", FIELDS)
        for place, one in enumerate(given)
    ]
    return VaultEntries(read, wrong)


def form(fields: Mapping[str, str]) -> VaultEntries:
    """Read the only entry that a form has; its file is kept afterwards."""
    wrong: list[Refusal] = []
    known = {name: FIELDS[name] for name in FORM_FIELDS}
    return VaultEntries([_entry(0, fields, wrong, "", known)], wrong)


def batch(fields: Mapping[str, str]) -> tuple[str, str]:
    """
    Read the name and the template of a batch.

    Raises:
        Refusal: INVALID, with a part for each that is wrong.
    """
    wrong: list[Refusal] = []
    found: dict[str, str] = {}
    for name in ("name", "template_id"):
        value = fields.get(name)
        try:
            if is_absent(value):
                raise BadValue(f"The {words(name)} field is required.")
            found[name] = line(value, name)
        except BadValue as bad:
            wrong.append(_wrong(name, "field_invalid", str(bad)))
    template = template_name(found["template_id"]) if "template_id" in found else None
    if "template_id" in found and template is None:
        wrong.append(unknown_template())
    if wrong:
        first = wrong[0]
        raise Refusal(first.kind, first.code, first.detail, at=first.at, parts=wrong)
    assert template is not None
    return found["name"], template


def unknown_template() -> Refusal:
    """Return the refusal of a template that is not there."""
    return _wrong(
        "template_id", "unknown_template", "The selected template id is invalid."
    )


def required(name: str) -> Refusal:
    """Return the refusal of a file that did not come."""
    return _wrong(name, "field_required", f"The {words(name)} field is required.")


def _entry(
    place: int,
    given: Any,
    wrong: list[Refusal],
    prefix: str,
    fields: Mapping[str, Any],
) -> VaultEntry:
    values: dict[str, str | None] = {}
    if not isinstance(given, Mapping):
        wrong.append(
            _wrong(prefix.rstrip("."), "field_type", "An entry must be an object.")
        )
        return VaultEntry(place, None, None, None, None)
    for name, (read, is_optional) in fields.items():
        value = given.get(name)
        values[name] = None
        try:
            if not is_absent(value):
                values[name] = read(value, name)
            elif not is_optional:
                raise BadValue(f"The {words(name)} field is required.")
        except BadValue as bad:
            wrong.append(_wrong(prefix + name, "field_invalid", str(bad)))
    return VaultEntry(
        place=place,
        title=values["certificate_title"],
        full_name=values["full_name"],
        email=values["applicant_email"],
        file_id=values.get("file_id"),
        issue_date=values["issue_date"],
        details=values["details"],
    )


def _wrong(at: str, code: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, code, detail, at=at)
