"""
What VC Data Model 2.0 demands of the form of credentials and presentations.

Each rule names its section. Extensions (properties and types of other contexts)
are allowed and not looked into: whether contexts define them, JSON-LD tells. What
says in its first context that it follows version 1.1 is judged by that one.

The same rules decide what is signed here and what is accepted from others.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from .digests import KNOWN, multibase_digest, sri_digests

VC_V2 = "https://www.w3.org/ns/credentials/v2"
VC_V1 = "https://www.w3.org/2018/credentials/v1"

CREDENTIAL = "VerifiableCredential"
PRESENTATION = "VerifiablePresentation"
ENVELOPED_CREDENTIAL = "EnvelopedVerifiableCredential"
ENVELOPED_PRESENTATION = "EnvelopedVerifiablePresentation"
STATUS_LIST = "BitstringStatusListCredential"

#: XML Schema's dateTimeStamp: a zone is needed (VCDM 2.0, 2.2).
_STAMP = re.compile(
    r"-?(?:[1-9]\d{3,}|0\d{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"T(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)"
    r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20]+")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_TERM = re.compile(r"[^@\s:][^\s:]*")
_ENCODED_LIST = re.compile(r"u[A-Za-z0-9_-]+")

#: How deep contexts within contexts are looked into.
_MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Problem:
    """One rule that is broken; *at* says where, as people point."""

    code: str
    detail: str
    at: str


def is_url(value: Any) -> bool:
    """Say whether *value* is an absolute URL (or another absolute IRI)."""
    if not isinstance(value, str) or not _SCHEME.fullmatch(value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.netloc) if parts.scheme in ("http", "https") else True


def moment_of(value: Any) -> int | None:
    """
    Return the moment (milliseconds) that a dateTimeStamp names, or None.

    >>> moment_of("2025-01-15T10:00:00Z")
    1736935200000
    >>> moment_of("2025-01-15") is None
    True
    """
    if not isinstance(value, str) or not _STAMP.fullmatch(value):
        return None
    text = value.replace("T24:00:00", "T23:59:59")
    text = re.sub(r"\.(\d{1,6})\d*", lambda m: "." + m[1].ljust(6, "0"), text)
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError):
        # A year that Python has not: far in the past, or far in the future.
        return -(2**60) if value.startswith("-") or value < "0001" else 2**60


def types_of(value: Any) -> list[str]:
    """Return the types of an object, whether it has one or several."""
    found = value.get("type") if isinstance(value, Mapping) else None
    listed = found if isinstance(found, list) else [found]
    return [one for one in listed if isinstance(one, str)]


def items(value: Any) -> list[Any]:
    """Return *value* as a list: what JSON-LD sees in one value and in many."""
    return value if isinstance(value, list) else [value]


def problems_with(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with the form of a credential or presentation."""
    yield from _context(document)
    yield from _types(document)
    yield from _id(document, "id")
    if PRESENTATION in types_of(document):
        yield from _presentation(document)
    else:
        yield from _credential(document)


def _context(document: Mapping[str, Any]) -> Iterator[Problem]:
    # 4.3
    contexts = items(document.get("@context"))
    if "@context" not in document:
        yield Problem("context_missing", "It has no @context.", "@context")
    elif contexts[:1] not in ([VC_V2], [VC_V1]):
        yield Problem(
            "context_first",
            f"The first item of @context has to be {VC_V2}.",
            "@context",
        )
    for one in contexts[1:]:
        if not (is_url(one) or isinstance(one, Mapping)):
            yield Problem(
                "context_item",
                "Each item of @context is a URL or an object.",
                "@context",
            )
        if isinstance(one, Mapping):
            yield from _meanings(one, "@context", 0)


def _meanings(context: Mapping[str, Any], at: str, depth: int) -> Iterator[Problem]:
    # 4.3: an object has to be a context. A term that stands for no URL is dropped
    # by those who read it, and is not signed.
    if depth > _MAX_DEPTH:
        yield Problem("context_depth", "Its contexts are nested too deeply.", at)
        return
    for term, meaning in context.items():
        place = f"{at}.{term[:60]}"
        inner = meaning if term == "@context" else None
        name = meaning
        if isinstance(meaning, Mapping):
            inner = meaning if term == "@context" else meaning.get("@context")
            name = meaning.get("@id")
        if isinstance(inner, Mapping):
            yield from _meanings(inner, place, depth + 1)
        if term.startswith("@") and term != "@vocab":
            continue
        is_word = name is None or (isinstance(name, str) and ":" not in name)
        if not is_word and not is_url(name):
            yield Problem("context_term", f"{place} does not stand for a URL.", place)


def _types(document: Mapping[str, Any]) -> Iterator[Problem]:
    # 4.5
    found = document.get("type")
    if not found or not all(isinstance(one, str) and one for one in items(found)):
        yield Problem("type_missing", "It has no type, or one that is no text.", "type")
        return
    yield from _type_names(document, "type")
    known = {CREDENTIAL, PRESENTATION} & set(types_of(document))
    if len(known) != 1:
        yield Problem(
            "type_unknown",
            f"Its type has to be {CREDENTIAL} or {PRESENTATION}, and not both.",
            "type",
        )


def _type_names(value: Mapping[str, Any], at: str) -> Iterator[Problem]:
    # 4.5: terms and absolute URLs
    for one in items(value.get("type")):
        if not (isinstance(one, str) and (is_url(one) or _TERM.fullmatch(one))):
            yield Problem("type_form", f"{at} is made of terms and URLs.", at)


def _id(
    value: Mapping[str, Any], at: str, *, is_needed: bool = False
) -> Iterator[Problem]:
    # 4.4: one URL
    if "id" not in value:
        if is_needed:
            yield Problem("id_missing", "An id is needed here.", at)
    elif not is_url(value["id"]):
        yield Problem("id_url", "An id has to be one URL.", at)


def _credential(document: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _texts(document, "")
    yield from _issuer(document)
    yield from _subject(document)
    yield from _period(document)
    yield from _typed(document, "credentialStatus")  # 4.10
    for status in _objects(document, "credentialStatus"):
        if "BitstringStatusListEntry" in types_of(status):
            yield from _status_entry(status)
    yield from _typed(document, "credentialSchema", id_needed=True)  # 4.11
    yield from _typed(document, "refreshService")  # 5.4
    yield from _typed(document, "termsOfUse")  # 5.5
    yield from _typed(document, "evidence")  # 5.6
    yield from _typed(document, "renderMethod")
    yield from _resources(document)
    if STATUS_LIST in types_of(document):
        for subject in _objects(document, "credentialSubject"):
            yield from _status_list(subject)
    for old in ("issuanceDate", "expirationDate"):
        if old in document and VC_V2 in items(document.get("@context")):
            yield Problem(
                "old_term", f"{old} is of version 1; use validFrom and validUntil.", old
            )


def _presentation(document: Mapping[str, Any]) -> Iterator[Problem]:
    # 4.13
    if "holder" in document:
        holder = document["holder"]
        if isinstance(holder, Mapping):
            yield from _id(holder, "holder.id", is_needed=True)
        elif not is_url(holder):
            yield Problem(
                "holder_url", "The holder is a URL, or an object with an id.", "holder"
            )
    if "verifiableCredential" not in document:
        return
    for one in items(document["verifiableCredential"]):
        if not isinstance(one, Mapping) or "@context" not in one:
            yield Problem(
                "presented_form",
                "What is presented has to be a credential with its own @context.",
                "verifiableCredential",
            )
            continue
        if ENVELOPED_CREDENTIAL in types_of(one):
            if not str(one.get("id", "")).startswith("data:"):
                yield Problem(
                    "envelope_id",
                    "The id of an enveloped credential is a data: URL.",
                    "verifiableCredential.id",
                )
        elif CREDENTIAL not in types_of(one):
            yield Problem(
                "presented_type",
                f"What is presented has to have the type {CREDENTIAL}.",
                "verifiableCredential.type",
            )


def _issuer(document: Mapping[str, Any]) -> Iterator[Problem]:
    # 4.7
    issuer = document.get("issuer")
    if isinstance(issuer, Mapping):
        yield from _id(issuer, "issuer.id", is_needed=True)
        yield from _texts(issuer, "issuer.")
    elif not is_url(issuer):
        yield Problem(
            "issuer_url", "The issuer is a URL, or an object with an id.", "issuer"
        )


def _subject(document: Mapping[str, Any]) -> Iterator[Problem]:
    # 4.8
    subjects = items(document.get("credentialSubject"))
    if not subjects or not all(isinstance(one, Mapping) and one for one in subjects):
        yield Problem(
            "subject_empty",
            "credentialSubject has to be an object that says something, or several.",
            "credentialSubject",
        )
        return
    for subject in subjects:
        yield from _id(subject, "credentialSubject.id")
        yield from _texts(subject, "credentialSubject.")


def _period(document: Mapping[str, Any]) -> Iterator[Problem]:
    # 4.9, and 4.5 and 4.6 of version 1.1
    begin, end = "validFrom", "validUntil"
    if items(document.get("@context"))[:1] == [VC_V1]:
        begin, end = "issuanceDate", "expirationDate"
        if begin not in document:
            yield Problem("date_missing", f"It has no {begin}.", begin)
    moments = {}
    for name in (begin, end):
        if name in document:
            moments[name] = moment_of(document[name])
            if moments[name] is None:
                yield Problem(
                    "date_form",
                    f"{name} has to be a date and time with its zone, as "
                    "2025-01-15T10:00:00Z.",
                    name,
                )
    first, last = moments.get(begin), moments.get(end)
    if first is not None and last is not None and last < first:
        yield Problem("date_order", "It ends before it begins.", end)


def _status_entry(status: Mapping[str, Any]) -> Iterator[Problem]:
    # Bitstring Status List 2.1
    purpose = status.get("statusPurpose")
    index = status.get("statusListIndex")
    if not isinstance(purpose, str) or not purpose:
        yield Problem(
            "status_purpose",
            "A status entry has to say its statusPurpose.",
            "credentialStatus",
        )
    if not isinstance(index, str) or not re.fullmatch(r"\d{1,18}", index, re.ASCII):
        yield Problem(
            "status_index",
            "statusListIndex has to be a whole number, written as text.",
            "credentialStatus",
        )
    if not is_url(status.get("statusListCredential")):
        yield Problem(
            "status_list_url",
            "statusListCredential has to be a URL.",
            "credentialStatus",
        )
    elif status.get("id") == status["statusListCredential"]:
        yield Problem(
            "status_id",
            "The id of a status entry is not the address of its list.",
            "credentialStatus.id",
        )
    size = status.get("statusSize", 1)
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        yield Problem(
            "status_size", "statusSize has to be a whole number.", "credentialStatus"
        )
    elif size > 1:
        messages = status.get("statusMessage")
        if not isinstance(messages, list) or len(messages) != 2 ** min(size, 16):
            yield Problem(
                "status_message",
                "statusMessage has to say what each value means.",
                "credentialStatus",
            )
    if "statusReference" in status and not all(
        is_url(one) for one in items(status["statusReference"])
    ):
        yield Problem(
            "status_reference", "statusReference has to be URLs.", "credentialStatus"
        )


def _status_list(subject: Mapping[str, Any]) -> Iterator[Problem]:
    # Bitstring Status List 2.2
    at = "credentialSubject"
    if types_of(subject) != ["BitstringStatusList"]:
        yield Problem("list_type", "A status list is a BitstringStatusList.", at)
    purposes = items(subject.get("statusPurpose"))
    if not all(isinstance(one, str) and one for one in purposes) or not purposes:
        yield Problem("list_purpose", "A status list says its statusPurpose.", at)
    encoded = subject.get("encodedList")
    if not isinstance(encoded, str) or not _ENCODED_LIST.fullmatch(encoded):
        yield Problem("list_encoding", "encodedList has to be base64url.", at)


def _typed(
    document: Mapping[str, Any], name: str, *, id_needed: bool = False
) -> Iterator[Problem]:
    if name not in document:
        return
    for one in items(document[name]):
        if not isinstance(one, Mapping) or not types_of(one):
            yield Problem(
                "type_needed", f"{name} has to be an object with a type.", name
            )
        else:
            yield from _type_names(one, f"{name}.type")
            yield from _id(one, f"{name}.id", is_needed=id_needed)


def _resources(document: Mapping[str, Any]) -> Iterator[Problem]:
    # 5.3
    if "relatedResource" not in document:
        return
    seen = set()
    for one in items(document["relatedResource"]):
        at = "relatedResource"
        if not isinstance(one, Mapping):
            yield Problem("resource_form", "relatedResource has objects only.", at)
            continue
        yield from _id(one, f"{at}.id", is_needed=True)
        if str(one.get("id")) in seen:
            yield Problem("resource_twice", "It names one related resource twice.", at)
        seen.add(str(one.get("id")))
        yield from _digests(one, at)


def _digests(resource: Mapping[str, Any], at: str) -> Iterator[Problem]:
    name = resource.get("id")
    known = KNOWN.get(name) if isinstance(name, str) else None
    if "digestSRI" not in resource and "digestMultibase" not in resource:
        yield Problem("resource_digest", "A related resource needs a digest.", at)
    for member, read in (
        ("digestSRI", sri_digests),
        ("digestMultibase", multibase_digest),
    ):
        if member not in resource:
            continue
        digests = read(resource[member])
        if not digests:
            yield Problem("resource_digest", f"{member} is no such digest.", at)
        elif known is not None and not digests & known:
            yield Problem(
                "resource_changed", f"{member} is the digest of another text.", at
            )
    if not isinstance(resource.get("mediaType", ""), str):
        yield Problem("resource_form", "mediaType has to be text.", at)


def _texts(value: Mapping[str, Any], at: str) -> Iterator[Problem]:
    # 4.6, 11.1: plain text, or text with its language
    for name in ("name", "description"):
        for one in items(value[name]) if name in value else ():
            if isinstance(one, str):
                continue
            if not _is_language_value(one):
                yield Problem(
                    "text_form",
                    f"{at}{name} is text, or an object with @value, @language and "
                    "@direction.",
                    at + name,
                )


def _is_language_value(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) <= {"@value", "@language", "@direction"}
        and isinstance(value.get("@value"), str)
        and (
            "@language" not in value
            or (
                isinstance(value["@language"], str)
                and _LANGUAGE.fullmatch(value["@language"]) is not None
            )
        )
        and ("@direction" not in value or value["@direction"] in ("ltr", "rtl"))
    )


def _objects(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    if name not in document:
        return []
    return [one for one in items(document[name]) if isinstance(one, Mapping)]
