"""What the VC-API's clients read, from our words."""

from collections.abc import Iterator, Mapping
from typing import Any

_DATA_MODEL = "https://www.w3.org/TR/vc-data-model#"
_STATUS_LIST = "https://www.w3.org/ns/credentials/status-list#"

#: VC Data Model 2.0, section 7.3, and Bitstring Status List, section 3.5: the
#: problem's type by the check that found it.
PROBLEM_TYPES: Mapping[str, str] = {
    "reading": f"{_DATA_MODEL}PARSING_ERROR",
    "form": f"{_DATA_MODEL}MALFORMED_VALUE_ERROR",
    "proof": f"{_DATA_MODEL}CRYPTOGRAPHIC_SECURITY_ERROR",
    "issuer_key": f"{_DATA_MODEL}CRYPTOGRAPHIC_SECURITY_ERROR",
    "holder": f"{_DATA_MODEL}CRYPTOGRAPHIC_SECURITY_ERROR",
    "validity": f"{_DATA_MODEL}RANGE_ERROR",
    "status": f"{_STATUS_LIST}STATUS_VERIFICATION_ERROR",
}
_NOT_RETRIEVED = f"{_STATUS_LIST}STATUS_RETRIEVAL_ERROR"


def issued(credential: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer that brings a credential that was secured."""
    return {"verifiableCredential": credential}


def verified(
    verdict: Mapping[str, Any], document: str, problem: str | None
) -> tuple[int, dict[str, Any]]:
    """
    Return the status and body for a verdict as the native API spells it.

    The interface has two answers: it is verified (200), or it is not (400). What
    could not be checked is not verified. *problem* says why, when the verdict is
    good and it is not the kind of *document* that was asked about.
    """
    is_verified = bool(verdict["verified"]) and problem is None
    details = [] if is_verified else list(_problems(verdict))
    if problem is not None:
        details.insert(0, _problem(PROBLEM_TYPES["reading"], "reading", problem))
    answer = {
        "verified": is_verified,
        "document": document,
        "problemDetails": details,
        "checkedAt": verdict["checkedAt"],
        "checks": verdict["checks"],
    }
    if "inside" in verdict:
        answer["inside"] = verdict["inside"]
    return (200 if is_verified else 400), answer


def _problems(verdict: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for check in verdict["checks"]:
        if check["outcome"] == "passed":
            continue
        kind = PROBLEM_TYPES.get(check["check"])
        if kind is None and check["outcome"] != "failed":
            continue  # what nobody has to have, such as a log
        if check["check"] == "status" and check["outcome"] == "not_checked":
            kind = _NOT_RETRIEVED
        yield _problem(kind or "about:blank", check["code"], check["detail"])
    for inside in verdict.get("inside", ()):
        if not inside["verified"]:
            yield from _problems(inside)


def _problem(kind: str, title: str, detail: str) -> dict[str, Any]:
    return {"type": kind, "title": title, "detail": detail}
