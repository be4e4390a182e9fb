"""Academic records on this wire: read, and spelt, by their definitions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from testamur.core.lists import Query, Value
from testamur.core.records import (
    Curriculum,
    Definition,
    Draft,
    Field,
    Holds,
    Mention,
    ModuleGroup,
    Record,
    Said,
)
from testamur.core.refusals import Kind, Refusal

from . import values
from .query import read_query
from .spell import moment
from .values import BadValue

#: How many UUIDs one body may have.
MAX_UUIDS = 1_000

_MISSING = object()


def draft(definition: Definition, body: object, *, is_whole: bool) -> Draft:
    """
    Return what *body* says of a record.

    With *is_whole* what it does not say is as if nothing had ever been said of it;
    otherwise it stays. Keys that are no field are passed over.

    Raises:
        Refusal: INVALID, when it is no object at all.
    """
    said = _object(body)
    read: dict[str, str | int | bool | None] = {}
    wrong: list[Refusal] = []
    for field in definition.fields:
        value = _said(field, said)
        if value is _MISSING and not is_whole:
            continue
        try:
            read[field.name] = _value(field, None if value is _MISSING else value)
        except BadValue as problem:
            wrong.append(_wrong(field.said_as, str(problem)))
    return Draft(read, wrong)


def uuid(text: str) -> str:
    """
    Return the UUID that a path has.

    Raises:
        Refusal: INVALID, when it is none.
    """
    try:
        return values.uuid(text, "uuid")
    except BadValue as problem:
        raise _wrong("uuid", str(problem)) from None


def uuids(body: object) -> list[str]:
    """
    Return the UUIDs of what a body wants to be deleted.

    Raises:
        Refusal: INVALID, with a part for each that is none.
    """
    return _uuids(_object(body).get("uuids"), "uuids")


def modules(body: object) -> list[str]:
    """
    Return the UUIDs of the modules that a body names, as text or as `{"uuid": ..}`.

    Raises:
        Refusal: INVALID, with a part for each that is none.
    """
    said = _object(body)
    given = said.get("modules", said.get("module_uuids"))
    if isinstance(given, list):
        given = [one.get("uuid") if isinstance(one, dict) else one for one in given]
    return _uuids(given, "modules")


def group(body: object) -> tuple[str, list[str]]:
    """
    Return the name of a group of modules, and their UUIDs.

    Raises:
        Refusal: INVALID.
    """
    name = _object(body).get("name")
    wrong: list[Refusal] = []
    found: list[str] = []
    try:
        if values.is_blank(name):
            raise BadValue("The name field is required.")
        name = values.text(name, "name", 255)
    except BadValue as problem:
        wrong.append(_wrong("name", str(problem)))
    try:
        found = modules(body)
    except Refusal as problem:
        wrong += problem.parts or (problem,)
    _refuse(wrong)
    return str(name), found


def query(definition: Definition, pairs: Iterable[tuple[str, str]]) -> Query:
    """
    Return which records are asked for.

    Raises:
        Refusal: INVALID, with a part for each parameter that cannot be meant.
    """
    asked = read_query(pairs, definition.filterable, definition.sortable)
    where: list[tuple[str, Value]] = []
    wrong: list[Refusal] = []
    for name, value in asked.where:
        try:
            if value is None:
                where.append((name, None))
            else:
                where.append((name, values.read(definition.said[name], value)))
        except BadValue as problem:
            wrong.append(_wrong(f"where[{name}]", str(problem)))
    _refuse(wrong)
    return Query(tuple(where), asked.sort, asked.page, asked.per_page)


def spell(definition: Definition, record: Record) -> dict[str, Any]:
    """Spell a record."""
    return {
        "uuid": record.uuid,
        **{
            field.name: _spelt(field, record.values[field.name])
            for field in definition.fields
        },
        "created_at": moment(record.created_at),
        "updated_at": moment(record.updated_at),
    }


def spell_curriculum(curriculum: Curriculum) -> dict[str, Any]:
    """Spell what a course says besides its fields."""
    return {
        "modules": _mentioned(curriculum.modules),
        "module_groups": [spell_group(one) for one in curriculum.groups],
    }


def spell_group(one: ModuleGroup) -> dict[str, Any]:
    """Spell a group of modules."""
    return {"uuid": one.uuid, "name": one.name, "modules": _mentioned(one.modules)}


def schema(definition: Definition, *, is_whole: bool) -> dict[str, Any]:
    """Describe the body that `draft` reads."""
    described: dict[str, Any] = {
        "type": "object",
        "properties": {one.said_as: _schema(one) for one in definition.fields},
    }
    required = [one.said_as for one in definition.fields if one.is_required]
    if is_whole:
        described["required"] = required
    return described


#: The bodies that `uuids`, `modules` and `group` read.
UUIDS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["uuids"],
    "properties": {
        "uuids": {
            "type": "array",
            "items": {"type": "string", "format": "uuid"},
            "minItems": 1,
            "maxItems": MAX_UUIDS,
        }
    },
}
MODULES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["modules"],
    "properties": {
        "modules": {
            "type": "array",
            "items": {"type": "string", "format": "uuid"},
            "minItems": 1,
            "maxItems": MAX_UUIDS,
        }
    },
}
GROUP_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "modules"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 255},
        **MODULES_SCHEMA["properties"],
    },
}

_TYPES = {
    Holds.WHOLE: ["integer", "string"],
    Holds.HUNDREDTHS: ["number", "string"],
    Holds.TRUTH: ["boolean", "integer", "string"],
}


def _schema(field: Field) -> dict[str, Any]:
    types = _TYPES.get(field.holds, ["string"])
    described: dict[str, Any] = {
        "type": types if field.is_required else [*types, "null"]
    }
    match field.holds:
        case Holds.LINE | Holds.TEXT | Holds.URL:
            described["maxLength"] = field.longest
        case Holds.EMAIL:
            described |= {"format": "email", "maxLength": field.longest}
        case Holds.CHOICE:
            # Empty text is null here, as in every field.
            described["description"] = f"One of: {', '.join(field.choices)}"
        case Holds.DATE:
            described["description"] = "YYYY-MM-DD"
        case Holds.WHOLE | Holds.HUNDREDTHS:
            described["description"] = f"From {field.least} to {field.most}"
        case Holds.RECORD | Holds.ELSEWHERE:
            described["format"] = "uuid"
    if field.default is not None:
        described["default"] = field.default
    return described


def _object(body: object) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise Refusal(Kind.INVALID, "no_object", "The body must be a JSON object.")
    return body


def _said(field: Field, said: Mapping[str, Any]) -> Any:
    """Return what is said of a field; another record may come as it is spelt."""
    value = said.get(field.said_as, _MISSING)
    if value is not _MISSING or field.holds is not Holds.RECORD:
        return value
    value = said.get(field.name, _MISSING)
    return value.get("uuid") if isinstance(value, dict) else value


def _value(field: Field, value: Any) -> str | int | bool | None:
    if not values.is_blank(value):
        return values.read(field, value)
    if field.is_required:
        raise BadValue(f"The {field.words} field is required.")
    return field.default


def _uuids(given: Any, at: str) -> list[str]:
    if given is None or given == []:
        raise _wrong(at, f"The {at} field is required.")
    if not isinstance(given, list):
        raise _wrong(at, f"The {at} field must be an array.")
    if len(given) > MAX_UUIDS:
        raise _wrong(at, f"The {at} field must not have more than {MAX_UUIDS} items.")
    found: list[str] = []
    wrong: list[Refusal] = []
    for place, one in enumerate(given):
        name = f"{at}.{place}"
        try:
            found.append(values.uuid(one, name))
        except BadValue as problem:
            wrong.append(_wrong(name, str(problem)))
    _refuse(wrong)
    return found


def _spelt(field: Field, value: Said) -> Any:
    if field.holds is Holds.HUNDREDTHS and isinstance(value, int):
        return value / 100
    if isinstance(value, Mention):
        return {"uuid": value.uuid, value.told_as: value.told}
    return value


def _mentioned(all_of_them: Sequence[Mention]) -> list[dict[str, Any]]:
    return [{"uuid": one.uuid, "name": one.told} for one in all_of_them]


def _refuse(wrong: Sequence[Refusal]) -> None:
    if wrong:
        raise Refusal(Kind.INVALID, wrong[0].code, wrong[0].detail, parts=wrong)


def _wrong(at: str, text: str) -> Refusal:
    return Refusal(Kind.INVALID, "invalid", text, at=at)
