"""A verdict in plain words, for the page `/verify`."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

HEADLINES = {
    "valid": ("Valid", "Every check that this {kind} calls for passed."),
    "invalid": ("Not valid", "Do not rely on this {kind}."),
    "unreadable": (
        "Cannot be verified",
        "Nobody can say from this whether the {kind} is genuine, so do not rely on it.",
    ),
}

STEPS = {
    "reading": "The file",
    "form": "Form",
    "proof": "Signature",
    "issuer_key": "Issuer’s key",
    "validity": "Period of validity",
    "status": "Not taken back",
    "log": "Public log",
    "image": "Picture",
    "standing": "This server’s records",
    "holder": "Occasion",
}

OUTCOMES = {"passed": "Passed", "failed": "Failed", "not_checked": "Not checked"}
#: Read by eye beside the word, never instead of it.
MARKS = {"passed": "✓", "failed": "✕", "not_checked": "–"}

KINDS = {"presentation": "presentation", "array": "list", "certificate": "certificate"}


def verdict_fields(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template `verify.html` fills in for *verdict*."""
    kind = KINDS.get(verdict["kind"] or "", "certificate")
    headline, advice = HEADLINES[verdict["result"]]
    return {
        "result": verdict["result"],
        "headline": headline,
        "advice": advice.format(kind=kind),
        "problem": _problem(verdict),
        "facts": _facts(verdict["says"]),
        "who": _who(verdict) if verdict["result"] == "valid" else None,
        "checks": [_check(one) for one in verdict["checks"]],
        "inside": [verdict_fields(one) for one in verdict.get("inside", ())],
        "checked_at": verdict["checkedAt"],
        "checked_on": _moment(verdict["checkedAt"]),
    }


def _problem(verdict: Mapping[str, Any]) -> str | None:
    if verdict["result"] == "valid":
        return None
    for outcome in ("failed", "not_checked"):
        for check in verdict["checks"]:
            if check["outcome"] == outcome and check["detail"] in verdict["summary"]:
                return str(check["detail"])
    return None


def _facts(says: Mapping[str, Any]) -> list[tuple[str, str]]:
    wanted = (
        ("Certificate", says.get("name")),
        ("Awarded to", says.get("recipient")),
        ("Issued by", says.get("issuerName")),
        ("Issuer’s identifier", says.get("issuer")),
        ("Valid from", _moment(says.get("validFrom"))),
        ("Valid until", _moment(says.get("validUntil"))),
        ("Identifier", says.get("id")),
    )
    return [(label, str(value)) for label, value in wanted if value]


def _who(verdict: Mapping[str, Any]) -> str | None:
    """Say whom a valid signature leads to; names in a credential prove nothing."""
    issuer = str(verdict["says"].get("issuer") or "")
    if issuer.startswith("did:web:"):
        host = unquote(issuer.removeprefix("did:web:").split(":")[0])
        return (
            f"It was signed by whoever runs {host}. Be sure that this is the web "
            "address of the organisation that you think of: the name in a certificate "
            "can be any."
        )
    if issuer.startswith("did:key:"):
        return (
            "It was signed with a key that says nothing about whose it is. Ask the "
            "organisation whether the identifier is theirs."
        )
    return None


def _check(check: Mapping[str, Any]) -> dict[str, Any]:
    outcome = check["outcome"]
    return {
        "label": STEPS.get(check["check"], check["check"]),
        "outcome": outcome.replace("_", "-"),
        "word": OUTCOMES[outcome],
        "mark": MARKS[outcome],
        "detail": check["detail"],
        "as_of": check["asOf"],
        "as_of_day": _moment(check["asOf"]),
    }


def _moment(text: Any) -> str | None:
    """
    Spell a moment for people.

    >>> _moment("2025-01-15T10:00:00.000Z")
    '2025-01-15, 10:00:00 UTC'
    """
    if not isinstance(text, str):
        return None
    if len(text) < 20 or text[10] != "T" or not text.endswith("Z"):
        return text
    return f"{text[:10]}, {text[11:19]} UTC"
