"""
What a client of Thought Industries' API sends, in our words.

A fault of the request refuses it; a fault of one item of a bulk call is that item's
error. Keys that nobody knows are left out with a warning: the service publishes no
list of them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from testamur.core.refusals import Kind, Refusal
from testamur.core.text import has_lone_surrogate

from . import css, values
from .labels import read_fields, read_labels, read_slug
from .values import BadItem, an_object, flag, is_uuid, line, moment, one_of, whole

#: As many items as one call may have.
MAX_ITEMS = 5_000

#: Calls with more templates than this are answered with a background job.
JOB_THRESHOLD = 100

RESOURCE_TYPES = ("course", "learningPath")
RECERTIFICATION_ACTIONS = ("resetProgress", "actionUrl", "recertifyInSession")

#: As many warnings as one template gets; more are counted.
MAX_WARNINGS = 20

MAX_DAYS = 36_500
MAX_SUPPLEMENTAL_ASSETS = 20
MAX_ATTRIBUTES = 30

#: What identifies a template besides its id.
IDENTITY = ("title", "resourceType", "resourceId")


@dataclass(frozen=True, slots=True)
class TemplateItem:
    """One template of a bulk call."""

    #: Its place in the call, from 0.
    place: int
    #: What was sent.
    record: Any
    #: The template that is meant; None: a new one, or one of the same identity.
    id: str | None
    #: What is to be different; None takes a field away.
    changes: Mapping[str, Any]
    #: Why it cannot be taken.
    problem: str | None
    #: What of it is not used.
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class Learner:
    """Who is meant, and what the request says of them."""

    id: str | None
    email: str | None
    external_id: str | None
    #: Names and other things that certificates may print; only those that were sent.
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Certify:
    """One certificate that somebody is to get."""

    learner: Learner
    resource_type: str
    resource_id: str
    #: As moments, RFC 3339.
    awarded_at: str | None
    ends_at: str | None
    recertify_at: str | None
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CertifyItem:
    """One user of a bulk call."""

    place: int
    record: Any
    wanted: Certify | None
    problem: str | None


def record_of(sent: Any) -> str:
    """Return what was sent as JSON text."""
    text = json.dumps(sent, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(sent) if has_lone_surrogate(text) else text


def templates(body: Any, *, updating: bool) -> list[TemplateItem]:
    """
    Read `{"templates": [...]}`. With *updating* every one has to name its id.

    Raises:
        Refusal: the body is no such object, or holds too many.
    """
    return [
        _template(place, raw, updating)
        for place, raw in enumerate(_items(body, "templates"))
    ]


def certify_bulk(body: Any, *, most: int) -> list[CertifyItem]:
    """
    Read `{"users": [...]}`, of which there may be *most*.

    Raises:
        Refusal: the body is no such object, or holds too many.
    """
    items = []
    for place, raw in enumerate(_items(body, "users", min(most, MAX_ITEMS))):
        try:
            given = an_object(raw, "A user")
            items.append(CertifyItem(place, raw, _certify(given), None))
        except BadItem as wrong:
            items.append(CertifyItem(place, raw, None, str(wrong)))
    return items


def certify(user: str, body: Any) -> Certify:
    """
    Read what *user*, who is named in the path, is to be certified for.

    Raises:
        Refusal: a value is missing or wrong.
    """
    return _of_user(user, body, _certify)


def recertify(user: str, body: Any) -> Certify:
    """
    Read what *user*, who is named in the path, has to be certified for again.

    Raises:
        Refusal: a value is missing or wrong.
    """
    return _of_user(user, body, _certify)


def new_user(body: Any) -> tuple[Learner, bool]:
    """
    Read a learner to be kept, and whether one of the same address is changed.

    Raises:
        Refusal: a value is missing or wrong.
    """
    given = _object(body)
    try:
        upsert = given.get("upsert")
        learner = _learner(given, id_key="id")
        if learner.email is None:
            raise BadItem("email is missing; certificates are issued to an address.")
        return learner, upsert is not None and flag(upsert, "upsert")
    except BadItem as wrong:
        raise _invalid(wrong) from None


def user_of(text: str) -> str:
    """
    Return the id or address in a path.

    Raises:
        Refusal: NOT_FOUND, when nobody can be called that.
    """
    if is_uuid(text):
        return values.uuid(text, "id")
    if "@" in text:
        return text
    raise unknown_user()


def unknown_user() -> Refusal:
    """Return what is said of a user whom nobody knows."""
    return Refusal(
        Kind.NOT_FOUND,
        "user_not_found",
        "There is no such user. Send the user's email (and name) with the request, "
        "create the user with POST /incoming/v2/users first, or name the user by an "
        "e-mail address.",
    )


def job_id(text: str) -> str:
    """
    Return the id of a background job in a path.

    Raises:
        Refusal: NOT_FOUND, when it is no UUID.
    """
    if not is_uuid(text):
        raise unknown_job()
    return values.uuid(text, "id")


def unknown_job() -> Refusal:
    """Return what is said of a job that is not there."""
    return Refusal(
        Kind.NOT_FOUND,
        "job_not_found",
        "There is no such background job.",
    )


# Templates ---------------------------------------------------------------------

Reader = Callable[[Any], Any]


def _reader(read: Callable[..., Any], name: str, *more: Any, **options: Any) -> Reader:
    return lambda value: read(value, name, *more, **options)


#: Fields that are read one by one.
_SIMPLE: Mapping[str, Reader] = {
    "title": _reader(line, "title"),
    "resourceType": _reader(one_of, "resourceType", RESOURCE_TYPES),
    "resourceId": _reader(values.uuid, "resourceId"),
    "resourceTitle": _reader(line, "resourceTitle"),
    "asset": _reader(values.url, "asset"),
    "assetLibraryId": _reader(line, "assetLibraryId"),
    "expirationDate": _reader(moment, "expirationDate", is_end=True),
    "expirationDays": _reader(whole, "expirationDays", 1, MAX_DAYS),
    "recertificationAction": _reader(
        one_of, "recertificationAction", RECERTIFICATION_ACTIONS
    ),
    "recertificationActionText": _reader(line, "recertificationActionText"),
    "recertificationActionUrl": _reader(values.url, "recertificationActionUrl"),
    "recertificationInstructions": _reader(
        line, "recertificationInstructions", most=4_096, may_break=True
    ),
    "recertificationAfterDays": _reader(whole, "recertificationAfterDays", 0, MAX_DAYS),
    "recertificationAutoReset": _reader(flag, "recertificationAutoReset"),
    "userCustomFieldSlug": _reader(read_slug, "userCustomFieldSlug"),
    "userCustomFieldValue": _reader(line, "userCustomFieldValue"),
}

_KNOWN = frozenset(
    (
        *_SIMPLE,
        *("id", "resource", "isExpired", "userCustomField", "supplementalAssets"),
        *("labels", "certificateFields", "customCss"),
    )
)

#: What nothing can be without, so that null does not take it away.
_NEEDED = frozenset(IDENTITY)


def _template(place: int, raw: Any, updating: bool) -> TemplateItem:
    warnings: list[str] = []
    found: str | None = None
    changes: dict[str, Any] = {}
    problem = None
    try:
        given = an_object(raw, "A template")
        if given.get("id") is not None:
            found = values.uuid(given["id"], "id")
        elif updating:
            raise BadItem("id is missing; send the id of the template to change.")
        changes = _changes(given, warnings)
        if found is None:
            missing = [name for name in IDENTITY if name not in changes]
            if missing:
                are = "is missing" if len(missing) == 1 else "are missing"
                raise BadItem(f"{', '.join(missing)} {are}. A new template needs that.")
    except BadItem as wrong:
        problem = str(wrong)
    marked = [f"templates[{place}].{one}" for one in warnings[:MAX_WARNINGS]]
    if len(warnings) > MAX_WARNINGS:
        more = len(warnings) - MAX_WARNINGS
        marked.append(f"templates[{place}]: and {more:,} warnings more.")
    return TemplateItem(place, raw, found, changes, problem, marked)


def _changes(given: Mapping[str, Any], warnings: list[str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    given = _with_resource(given)
    for name, value in given.items():
        if name not in _KNOWN:
            warnings.append(f"{name[:64]}: there is no such field; it is left out.")
        elif value is None and name in _NEEDED:
            raise BadItem(f"{name} is null. Fill it in, or leave it out.")
        elif value in (None, "") and name not in _NEEDED:
            changes[name] = None
        elif name in _SIMPLE:
            changes[name] = _SIMPLE[name](value)
    if given.get("supplementalAssets") not in (None, ""):
        changes["supplementalAssets"] = _urls(given["supplementalAssets"])
    if isinstance(given.get("userCustomField"), Mapping):
        slug = given["userCustomField"].get("slug")
        if slug is not None and "userCustomFieldSlug" not in changes:
            changes["userCustomFieldSlug"] = read_slug(slug, "userCustomField.slug")
    _read_look(given, changes, warnings)
    for name in ("id", "resource", "isExpired", "userCustomField", "certificateFields"):
        changes.pop(name, None)
    if given.get("assetLibraryId") is not None:
        warnings.append(
            "assetLibraryId: there is no asset library here; send the address of the "
            "file as asset."
        )
    return changes


def _read_look(
    given: Mapping[str, Any], changes: dict[str, Any], warnings: list[str]
) -> None:
    fields = {}
    if given.get("certificateFields") not in (None, ""):
        fields = read_fields(given["certificateFields"], warnings)
    if given.get("labels") not in (None, ""):
        changes["labels"] = read_labels(given["labels"], fields, warnings)
    if given.get("customCss") not in (None, ""):
        text = given["customCss"]
        if not isinstance(text, str):
            raise BadItem(f"customCss must be text, and is {values.called(text)}.")
        if len(text) > css.MAX_CHARACTERS or "\0" in text or has_lone_surrogate(text):
            raise BadItem(
                f"customCss must be text of at most {css.MAX_CHARACTERS:,} characters."
            )
        _, left_out = css.read(text)
        warnings.extend(f"customCss: {one}" for one in left_out)
        changes["customCss"] = text


def _with_resource(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a template with what its resource says: an object, or only its id."""
    resource = given.get("resource")
    if resource in (None, ""):
        return given
    if isinstance(resource, str):
        resource = {"id": resource}
    said = an_object(resource, "resource")
    found = dict(given)
    if said.get("id") is not None:
        name = values.uuid(said["id"], "resource.id")
        if found.get("resourceId") is None:
            found["resourceId"] = name
        elif values.uuid(found["resourceId"], "resourceId") != name:
            raise BadItem("resource and resourceId name different ones. Send one.")
    if said.get("title") is not None:
        found.setdefault("resourceTitle", said["title"])
    return found


def _urls(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_SUPPLEMENTAL_ASSETS:
        raise BadItem(
            f"supplementalAssets must be a list of at most {MAX_SUPPLEMENTAL_ASSETS}."
        )
    return [
        values.url(one, f"supplementalAssets[{number}]")
        for number, one in enumerate(value)
    ]


# Users -------------------------------------------------------------------------

#: What is kept of a learner, and how it is read.
_SAID: Mapping[str, Reader] = {
    "firstName": _reader(line, "firstName", most=120),
    "lastName": _reader(line, "lastName", most=120),
    "name": _reader(line, "name"),
    "client": _reader(line, "client"),
    **{
        f"ref{number}": _reader(line, f"ref{number}", most=1_000)
        for number in range(1, 11)
    },
}


def _learner(given: Mapping[str, Any], *, id_key: str) -> Learner:
    said: dict[str, Any] = {
        name: read(given[name])
        for name, read in _SAID.items()
        if given.get(name) not in (None, "")
    }
    if given.get("customFields") is not None:
        said["customFields"] = _texts(given["customFields"], "customFields")
    email = external = found = None
    if given.get("email") not in (None, ""):
        email = line(given["email"], "email", most=254)
    if given.get("externalCustomerId") not in (None, ""):
        external = line(given["externalCustomerId"], "externalCustomerId")
    name = given.get(id_key)
    if isinstance(name, str) and "@" in name:
        email = email or line(name, id_key, most=254)
    elif name is not None:
        found = values.uuid(name, id_key)
    return Learner(found, email, external, said)


def _certify(given: Mapping[str, Any]) -> Certify:
    learner = _learner(given, id_key="userId")
    if not (learner.id or learner.email or learner.external_id):
        raise BadItem("userId is missing. Name the user by userId, email or "
                    "externalCustomerId.")  # fmt: skip
    for name in ("resourceType", "resourceId"):
        if given.get(name) is None:
            raise BadItem(f"{name} is missing. Say what the user is certified for.")
    if given.get("sendEmail") is not None:
        flag(given["sendEmail"], "sendEmail")
    attributes: Mapping[str, str] = {}
    if given.get("attributes") is not None:
        attributes = _texts(given["attributes"], "attributes")

    def at(name: str, *, is_end: bool = False) -> str | None:
        value = given.get(name)
        return None if value in (None, "") else moment(value, name, is_end=is_end)

    return Certify(
        learner=learner,
        resource_type=one_of(given["resourceType"], "resourceType", RESOURCE_TYPES),
        resource_id=values.uuid(given["resourceId"], "resourceId"),
        awarded_at=at("issuedAt"),
        ends_at=at("expirationDate", is_end=True),
        recertify_at=at("recertificationDate"),
        attributes=attributes,
    )


def _of_user(
    user: str, body: Any, read: Callable[[Mapping[str, Any]], Certify]
) -> Certify:
    given = _object(body)
    name = user_of(user)
    said = given.get("userId")
    if said is None:
        given = {**given, "userId": name}
    elif not isinstance(said, str) or said.lower() != name.lower():
        raise Refusal(
            Kind.INVALID,
            "user_id_mismatch",
            "userId names another user than the path. Send the same id in both, or "
            "leave userId out.",
            at="userId",
        )
    try:
        return read(given)
    except BadItem as wrong:
        raise _invalid(wrong) from None


def _texts(value: Any, name: str) -> dict[str, str]:
    """Read texts by the names of attributes."""
    given = an_object(value, name)
    if len(given) > MAX_ATTRIBUTES:
        raise BadItem(f"{name} may have {MAX_ATTRIBUTES} entries.")
    return {
        read_slug(key, f"{name}: a name"): line(one, f"{name}.{key}", most=1_000)
        for key, one in given.items()
        if one not in (None, "")
    }


# Requests ----------------------------------------------------------------------


def _object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise Refusal(Kind.MALFORMED, "bad_request", "Send one JSON object.", at="body")
    return body


def _items(body: Any, name: str, most: int = MAX_ITEMS) -> list[Any]:
    items = _object(body).get(name)
    if not isinstance(items, list):
        what = "is missing" if items is None else f"is {values.called(items)}"
        raise Refusal(
            Kind.MALFORMED,
            "bad_request",
            f"{name} {what}. Send it as a list of objects.",
            at=name,
        )
    if len(items) > most:
        raise Refusal(
            Kind.TOO_LARGE,
            "too_many_items",
            f"{name} has {len(items):,} items and one call may have {most:,}. Split "
            "them; nothing of this call was done.",
            at=name,
        )
    return items


def _invalid(wrong: BadItem) -> Refusal:
    text = str(wrong)
    return Refusal(
        Kind.INVALID, "unprocessable_entity", text, at=text.partition(" ")[0].strip(":")
    )
