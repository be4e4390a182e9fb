"""What Thought Industries' clients read, from our words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from testamur.core.clock import rfc3339
from testamur.core.text import has_lone_surrogate
from testamur.core.words import Certificate, CertificateState

from .read import record_of
from .values import is_uuid

#: The types of background jobs that there are.
PREPARE_TEMPLATES = "prepareCertificateTemplates"


@dataclass(frozen=True, slots=True)
class BackgroundJob:
    """What goes on after a call was answered."""

    id: str
    type: str
    description: str
    made_at: int
    total: int
    is_started: bool
    waiting: int
    broken: int
    #: What is wrong with one of those that are broken.
    message: str | None

    @property
    def status(self) -> str:
        """One of the four words of the service."""
        if self.waiting:
            return "processing" if self.is_started else "queued"
        return "failed" if self.broken else "complete"


@dataclass(frozen=True, slots=True)
class ItemError:
    """An item of a bulk call that could not be taken."""

    record: Any
    problem: str
    #: What is known of it besides what was sent.
    title: str | None = None
    resource_id: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class TemplatesAnswer:
    """What a bulk call came to."""

    created_ids: Sequence[str]
    updated: int
    errors: Sequence[ItemError]
    warnings: Sequence[str]
    job: BackgroundJob | None


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A certificate template."""

    id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UserView:
    """A learner."""

    id: str
    email: str
    external_id: str | None
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Award:
    """A certificate that a user was given."""

    certificate: Certificate
    user: UserView
    template: TemplateView
    #: The moment of the award, RFC 3339; None: that of issuing.
    awarded_at: str | None
    recertify_at: str | None
    #: What the template prints as the identifier; None: the reference.
    identifier: str | None


@dataclass(frozen=True, slots=True)
class BulkAwards:
    """What a bulk call to certify came to."""

    granted: int
    errors: Sequence[ItemError]


def data(name: str, value: Any) -> dict[str, Any]:
    """Return the envelope of the operation *name*."""
    return {"data": {name: value}}


def display_name(fields: Mapping[str, Any]) -> str | None:
    """Return what a learner is called; None when nobody said."""
    parts = (fields.get("firstName"), fields.get("lastName"))
    joined = " ".join(part for part in parts if part)
    return fields.get("name") or joined or None


def job(found: BackgroundJob) -> dict[str, Any]:
    """Return a background job."""
    message = None
    if found.status == "failed":
        count = "1 template" if found.broken == 1 else f"{found.broken} templates"
        message = (
            f"{count} of {found.total} could not be prepared. Mend and send them "
            f"again. One of them: {found.message}"
        )
    return {
        "id": found.id,
        "type": found.type,
        "description": found.description,
        "errorMessage": message,
        "createdAt": rfc3339(found.made_at),
        "repeatable": False,
        "status": found.status,
    }


def templates(answer: TemplatesAnswer) -> dict[str, Any]:
    """Return what became of a bulk call's templates."""
    return {
        "createdCount": len(answer.created_ids),
        "updatedCount": answer.updated,
        "createdIds": list(answer.created_ids),
        "errors": [_template_error(one) for one in answer.errors],
        "warnings": [_spellable(one) for one in answer.warnings],
        "backgroundJob": None if answer.job is None else job(answer.job),
    }


def bulk_awards(answer: BulkAwards) -> dict[str, Any]:
    """Return what became of a bulk call's users."""
    return {
        "grantedCount": answer.granted,
        "errors": [_user_error(one) for one in answer.errors],
    }


def user(found: UserView) -> dict[str, Any]:
    """Return a learner."""
    fields = found.fields
    return {
        "id": found.id,
        "email": found.email,
        "firstName": fields.get("firstName"),
        "lastName": fields.get("lastName"),
        "name": display_name(fields),
        "externalCustomerId": found.external_id,
        "client": fields.get("client"),
        "customFields": fields.get("customFields") or {},
        **{f"ref{number}": fields.get(f"ref{number}") for number in range(1, 11)},
    }


def template(found: TemplateView, now: int) -> dict[str, Any]:
    """Return a certificate template."""
    fields = found.fields
    end = fields.get("expirationDate")
    return {
        "id": found.id,
        "resource": {
            "id": fields["resourceId"],
            "title": fields.get("resourceTitle") or fields["title"],
        },
        "resourceType": fields["resourceType"],
        "resourceId": fields["resourceId"],
        "title": fields["title"],
        "asset": fields.get("asset"),
        "assetLibraryId": fields.get("assetLibraryId"),
        "supplementalAssets": fields.get("supplementalAssets") or [],
        "labels": [
            {
                "id": label.get("id"),
                "certificateFieldId": label.get("certificateFieldId"),
                "x": label["x"],
                "y": label["y"],
                "fontSize": label.get("fontSize"),
                "fontColor": label.get("fontColor"),
                "textAlign": label.get("textAlign"),
            }
            for label in fields.get("labels") or []
        ],
        "customCss": fields.get("customCss"),
        "expirationDate": end,
        "expirationDays": fields.get("expirationDays"),
        "isExpired": end is not None and end <= rfc3339(now),
        "recertificationAction": fields.get("recertificationAction"),
        "recertificationActionText": fields.get("recertificationActionText"),
        "recertificationActionUrl": fields.get("recertificationActionUrl"),
        "recertificationInstructions": fields.get("recertificationInstructions"),
        "recertificationAfterDays": fields.get("recertificationAfterDays"),
        "recertificationAutoReset": fields.get("recertificationAutoReset"),
        "userCustomFieldSlug": fields.get("userCustomFieldSlug"),
        "userCustomFieldValue": fields.get("userCustomFieldValue"),
    }


def award(found: Award, public_url: str, now: int) -> dict[str, Any]:
    """Return a certificate that was issued, as the service describes one."""
    certificate, fields = found.certificate, found.template.fields
    end = certificate.valid_until
    is_expired = certificate.status_at(now).state is CertificateState.EXPIRED
    page = f"{public_url}/c/{certificate.id}"
    return {
        "id": uuid_of(certificate.id),
        "user": user(found.user),
        "certificateTemplate": template(found.template, now),
        "contentItem": None,
        "resource": template(found.template, now)["resource"],
        "resourceId": fields["resourceId"],
        "resourceType": fields["resourceType"],
        "resourceTypeLabel": RESOURCE_LABELS[fields["resourceType"]],
        "issuedAt": found.awarded_at or rfc3339(certificate.issued_at),
        "signedAt": rfc3339(certificate.issued_at),
        "expirationDate": None if end is None else rfc3339(end),
        "recertificationDate": found.recertify_at,
        "isExpired": is_expired,
        "didExpire": is_expired,
        "identifier": found.identifier or certificate.reference,
        "pdfAsset": f"{page}.pdf",
        "url": page,
        "credential": f"{page}.json",
        "source": "api",
        "isExternal": False,
        "externalResourceTitle": None,
        "progressWasReset": False,
        "deleted": False,
    }


RESOURCE_LABELS = {"course": "Course", "learningPath": "Learning Path"}


def uuid_of(certificate_id: str) -> str:
    """
    Return a certificate's id as a UUID, for which it is short: version 8 (RFC 9562).

    >>> uuid_of("0123456789abcdef01234567")
    '01234567-89ab-8cde-8f01-234567000000'
    """
    name = certificate_id
    return f"{name[:8]}-{name[8:12]}-8{name[12:15]}-8{name[15:18]}-{name[18:]}000000"


def _template_error(error: ItemError) -> dict[str, Any]:
    return {
        "resourceId": _named(error.record, ("resourceId", "id")) or error.resource_id,
        "title": _said(error.record, "title") or error.title,
        "error": _spellable(error.problem),
        "record": record_of(error.record),
    }


def _user_error(error: ItemError) -> dict[str, Any]:
    return {
        "userId": _named(error.record, ("userId",)) or error.user_id,
        "email": _said(error.record, "email"),
        "externalCustomerId": _said(error.record, "externalCustomerId"),
        "resourceId": _named(error.record, ("resourceId",)),
        "error": _spellable(error.problem),
        "record": record_of(error.record),
    }


def _named(record: Any, keys: Sequence[str]) -> str | None:
    """Return the first UUID that the record has under one of *keys*."""
    if isinstance(record, dict):
        for key in keys:
            if is_uuid(record.get(key)):
                return str(record[key]).lower()
    return None


def _said(record: Any, key: str) -> str | None:
    value = record.get(key) if isinstance(record, dict) else None
    return _spellable(value[:255]) if isinstance(value, str) else None


def _spellable(text: str) -> str:
    """Return *text* without halves of characters, which JSON in UTF-8 cannot have."""
    if has_lone_surrogate(text):
        return text.encode("utf-8", "replace").decode()
    return text
