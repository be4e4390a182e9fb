"""Document types, documents, signatories and signature requests on this wire."""

from collections.abc import Mapping, Sequence
from typing import Any

from testamur.core.papers import (
    MAX_NAMED_DOCUMENTS,
    MAX_SIGNATORIES,
    Document,
    DocumentFields,
    DocumentType,
    FileKind,
    Indexer,
    Invited,
    NewDocument,
    Rule,
    Signatory,
    SignatoryFields,
    SignatureRequest,
    TypeFields,
    Version,
)
from testamur.core.refusals import Kind, Refusal

from .checking import Fields, name_of
from .spell import moment

MAX_INDEXERS = 50
MAX_DESCRIPTION_CHARACTERS = 255
MAX_VALUE_CHARACTERS = 1_000

RULES: Mapping[str, Rule] = {rule.value: rule for rule in Rule}

TYPE_FILTERS, TYPE_SORTS = (
    ("id", "description"),
    ("id", "description", "created_at", "updated_at"),
)
DOCUMENT_FILTERS, DOCUMENT_SORTS = (
    (
        *("id", "uuid", "status", "description", "document_type_id", "module_uuid"),
        "file_uuid",
    ),
    ("id", "description", "status", "created_at", "updated_at", "signed_at"),
)
SIGNER_FILTERS, SIGNER_SORTS = (
    ("id", "uuid", "name", "email", "document_number"),
    ("id", "name", "email", "created_at", "updated_at"),
)


# Reading ------------------------------------------------------------------------------


def name_in_path(text: str) -> int | str:
    """
    Return what a path names: an id or a UUID.

    Raises:
        Refusal: NOT_FOUND, for what can be neither.
    """
    found = name_of(text)
    if found is None:
        raise Refusal(
            Kind.NOT_FOUND, "not_found", "Nothing has this id. It is a whole number."
        )
    return found


def id_in_path(text: str) -> int:
    """Return the id that a path names. Raises as `name_in_path`."""
    found = name_in_path(text)
    if isinstance(found, int):
        return found
    raise Refusal(
        Kind.NOT_FOUND, "not_found", "Nothing has this id. It is a whole number."
    )


def new_type(body: object, *, is_whole: bool) -> TypeFields:
    """Return what is said of a document type; of a new one all that it needs."""
    fields = Fields(body)
    found = TypeFields(
        description=fields.text(
            "description", most=MAX_DESCRIPTION_CHARACTERS, is_required=is_whole
        ),
        signed_by_third=fields.flag("signed_by_third"),
        multiples_third_signers=fields.flag("multiples_third_signers"),
        indexers=_type_indexers(fields),
    )
    fields.done()
    return found


def _type_indexers(fields: Fields) -> tuple[Indexer, ...] | None:
    found = []
    seen = set()
    for one in fields.objects("indexers", most=MAX_INDEXERS):
        name = one.text("indexer", is_required=True)
        rule = one.choice("rule", RULES) or Rule.OTHER
        if name is not None and name in seen:
            one.refuse("indexer", "has a duplicate value")
        elif name is not None:
            seen.add(name)
            found.append(Indexer(name, rule))
    return tuple(found) if found or "indexers" in fields else None


def new_document(body: object) -> NewDocument:
    """Return what is said of a new document."""
    fields = Fields(body)
    module_field = "module_id" if "module_id" in fields else "module_uuid"
    found = NewDocument(
        description=fields.text(
            "description", most=MAX_DESCRIPTION_CHARACTERS, is_required=True
        )
        or "",
        document_type_id=fields.whole("document_type_id", is_required=True) or 0,
        file_uuid=fields.uuid("file_uuid", is_required=True) or "",
        module_uuid=fields.uuid(module_field),
        module_field=module_field,
        indexers=_indexers(fields) or (),
    )
    fields.done()
    return found


def document_fields(body: object) -> DocumentFields:
    """Return what is to change about a document."""
    fields = Fields(body)
    found = DocumentFields(
        description=fields.text("description", most=MAX_DESCRIPTION_CHARACTERS),
        indexers=_indexers(fields),
    )
    if "description" in fields and not found.description and not fields.wrong:
        fields.refuse("description", "is required")
    fields.done()
    return found


def _indexers(fields: Fields) -> tuple[tuple[str, str], ...] | None:
    found = [
        (
            one.text("indexer", is_required=True) or "",
            one.text("value", most=MAX_VALUE_CHARACTERS, is_required=True) or "",
        )
        for one in fields.objects("indexers", most=MAX_INDEXERS)
    ]
    return tuple(found) if "indexers" in fields else None


def signatory_fields(body: object, *, is_whole: bool) -> SignatoryFields:
    """Return what is said of a signatory; of a new one all that it needs."""
    fields = Fields(body)
    found = _signatory(fields, is_whole=is_whole)
    fields.done()
    return found


def _signatory(fields: Fields, *, is_whole: bool) -> SignatoryFields:
    return SignatoryFields(
        name=fields.text("name", is_required=is_whole),
        email=fields.text("email", is_required=is_whole),
        document_number=fields.text("document_number", most=64),
        is_whole=is_whole,
    )


def invited(body: object) -> tuple[list[Invited], bool | None]:
    """Return who is to sign a document, and whether one after the other."""
    fields = Fields(body)
    found = []
    for one in fields.objects("signers", most=MAX_SIGNATORIES, is_required=True):
        name: int | str | None = None
        if "signer_id" in one:
            name = one.whole("signer_id")
        elif "signer_uuid" in one:
            name = one.uuid("signer_uuid")
        else:
            found.append(Invited(one.at, None, _signatory(one, is_whole=True)))
            continue
        found.append(Invited(one.at, name))
    in_order = fields.choice("order", {"sequential": True, "parallel": False})
    fields.done()
    return found, in_order


def document_names(body: object, *, may_be_uuids: bool = False) -> list[int | str]:
    """
    Return the documents that a batch call names, in its order.

    Raises:
        Refusal: INVALID, each that cannot be an id in `parts`.
    """
    fields = Fields(body)
    at = names_field(body) if may_be_uuids else "document_ids"
    found: list[int | str] = []
    for place, value in enumerate(
        fields.values(at, most=MAX_NAMED_DOCUMENTS, is_required=True) or []
    ):
        name = name_of(value)
        if name is None:
            text = f"The selected {at}.{place} is invalid."
            fields.wrong.append(
                Refusal(Kind.INVALID, "unknown_id", text, at=f"{at}.{place}")
            )
        else:
            found.append(name)
    fields.done()
    return found


def names_field(body: object) -> str:
    """Return which field of a batch call names documents."""
    if isinstance(body, dict) and body.get("document_ids") is None and "uuids" in body:
        return "uuids"
    return "document_ids"


# Spelling -----------------------------------------------------------------------------


def document_type(one: DocumentType) -> dict[str, Any]:
    """Spell a document type."""
    return {
        "id": one.id,
        "description": one.description,
        "signed_by_third": one.signed_by_third,
        "multiples_third_signers": one.multiples_third_signers,
        "indexers": [
            {"indexer": indexer.name, "rule": indexer.rule.value}
            for indexer in one.indexers
        ],
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
    }


def document(one: Document) -> dict[str, Any]:
    """Spell a document as lists have it."""
    return {
        "id": one.id,
        "uuid": one.uuid,
        "description": one.description,
        "status": one.status.value,
        "document_type_id": one.document_type_id,
        "module_uuid": one.module_uuid,
        "file_uuid": one.file_uuid,
        "indexers": [
            {"indexer": name, "value": value} for name, value in one.indexers.items()
        ],
        "order": "sequential" if one.in_order else "parallel",
        "sent_at": moment(one.sent_at),
        "signed_at": moment(one.signed_at),
        "refused_at": moment(one.refused_at),
        "institution_signed_at": moment(one.institution_signed_at),
        "signature_level": one.signature_level,
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
    }


def whole_document(
    one: Document,
    kind: DocumentType,
    versions: Sequence[Version],
    requests: Sequence[SignatureRequest],
    now: int,
) -> dict[str, Any]:
    """Spell a document with everything that belongs to it."""
    return {
        **document(one),
        "document_type": document_type(kind),
        "files": [
            {
                "version": version.number,
                "type": _FILE_TYPES[version.kind],
                "sha256": version.digest,
                "size": version.size,
                "created_at": moment(version.created_at),
            }
            for version in versions
        ],
        "signatures": [signature(request, now) for request in requests],
    }


_FILE_TYPES = {
    FileKind.ORIGINAL: "original",
    FileKind.RECORDED: "signed",
    FileKind.SEALED: "institution_signed",
    FileKind.LASTING: "lasting",
}


def signatory(one: Signatory) -> dict[str, Any]:
    """Spell a signatory."""
    return {
        "id": one.id,
        "uuid": one.uuid,
        "name": one.name,
        "email": one.email,
        "document_number": one.document_number,
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
    }


def signer(one: SignatureRequest, now: int) -> dict[str, Any]:
    """Spell a signatory as one of a document's."""
    return {
        "signer_id": one.signatory_id,
        "name": one.name,
        "email": one.email,
        "position": one.place,
        "status": one.status(now).value,
    }


def signature(one: SignatureRequest, now: int) -> dict[str, Any]:
    """Spell a signature request and what came of it."""
    return {
        "uuid": one.uuid,
        **signer(one, now),
        "requested_at": moment(one.asked_at),
        "sent_at": moment(one.sent_at),
        "expires_at": moment(one.expires_at),
        "viewed_at": moment(one.viewed_at),
        "signed_at": moment(one.signed_at),
        "refused_at": moment(one.refused_at),
        "refusal_reason": one.reason,
        "signed_name": one.typed_name,
        "ip_address": one.client,
        "user_agent": one.user_agent,
        "document_sha256": one.seen_digest,
    }
