"""
Institutional certificates on this wire: `certs`, which are our signers.

The service publishes no page about them. What is here follows its other resources;
ids are integers, as in `POST /documents/batch/sign/{cert_id}`.
"""

import re
from collections.abc import Sequence
from typing import Any

from testamur.core.refusals import Kind, Refusal
from testamur.core.signers import SignerStatus, SignerView

from .query import Query
from .spell import moment

FILTERABLE = ("name", "status", "serial_number")
SORTABLE = ("id", "name", "valid_from", "valid_until", "status", "created_at")

_ID = re.compile(r"[1-9][0-9]{0,17}")

#: In OpenAPI's terms.
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["certificate", "name", "pin"],
    "properties": {
        "certificate": {
            "type": "string",
            "format": "binary",
            "description": "PKCS #12 (.p12, .pfx): private key and certificates",
        },
        "name": {"type": "string", "maxLength": 255},
        "pin": {
            "type": "string",
            "minLength": 4,
            "maxLength": 128,
            "pattern": "^[ -~]*$",
            "description": "What opens it from now on; it is kept nowhere",
        },
        "password": {
            "type": "string",
            "maxLength": 256,
            "description": "What opens the file, if that is not the pin",
        },
    },
}

NAME: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string", "maxLength": 255}},
}

EXAMPLE: dict[str, Any] = {
    "data": {
        "id": 7,
        "name": "Rectorate",
        "subject": "CN=Universidade Exemplo",
        "issuer": "CN=Authority",
        "serial_number": "3e508683e6487f1f",
        "algorithm": "rsa-sha256",
        "valid_from": "2026-01-01T00:00:00.000000Z",
        "valid_until": "2029-01-01T00:00:00.000000Z",
        "status": "active",
        "created_at": "2026-11-30T12:00:00.000000Z",
    }
}


def read_id(text: str) -> int:
    """
    Return the id in a path.

    Raises:
        Refusal: NOT_FOUND `signer_not_found`, when no certificate could have it.
    """
    if not _ID.fullmatch(text):
        raise Refusal(
            Kind.NOT_FOUND, "signer_not_found", "There is no such certificate."
        )
    return int(text)


def read_name(body: object) -> object:
    """Return the name in the body of a change; what is wrong with it is said later."""
    if not isinstance(body, dict):
        raise Refusal(Kind.MALFORMED, "json_type", "Send a JSON object, such as {...}.")
    return body.get("name")


def spell(view: SignerView) -> dict[str, Any]:
    """Return a certificate as this wire says it."""
    one = view.signer
    return {
        "id": one.id,
        "name": one.name,
        "subject": one.subject,
        "issuer": one.issuer,
        "serial_number": one.serial_number,
        "algorithm": str(one.algorithm),
        "valid_from": moment(one.valid_from),
        "valid_until": moment(one.valid_until),
        "status": str(view.status),
        "created_at": moment(one.created_at),
    }


def chosen(views: Sequence[SignerView], query: Query) -> Sequence[SignerView]:
    """
    Return those that are wanted, in the order that is wanted; there are never many.

    Raises:
        Refusal: INVALID `unknown_value`, for a status that there is not.
    """
    where = dict(query.where)
    status = where.get("status")
    if status is not None and status not in list(SignerStatus):
        raise Refusal(
            Kind.INVALID,
            "unknown_value",
            "The selected where[status] is invalid.",
            at="where[status]",
        )
    found = [
        view
        for view in views
        if all(_value(view, field) == value for field, value in where.items())
    ]
    if query.sort is not None:
        column, is_descending = query.sort
        found.sort(key=lambda view: view.signer.id)
        found.sort(key=lambda view: _value(view, column), reverse=is_descending)
    return found


def _value(view: SignerView, field: str) -> Any:
    return str(view.status) if field == "status" else getattr(view.signer, field)
