"""Signature requests: who is to sign a document, and writing to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from testamur.core.clock import SECOND, Clock
from testamur.core.papers import (
    MAX_SIGNATORIES,
    REQUEST_MILLISECONDS,
    RESEND_MILLISECONDS,
    Document,
    DocumentStatus,
    Invited,
    Resent,
    Signatory,
    SignatureRequest,
)
from testamur.core.refusals import Kind, Refusal

from .addresses import compared
from .links import digest_of, token_of
from .people import added, check_address
from .ports import Changes, Papers
from .refusals import all_of, conflict, not_found, selected

#: Those who still can be asked something.
UNDER_WAY = (DocumentStatus.DRAFT, DocumentStatus.PENDING)


@dataclass(frozen=True)
class Requests:
    """The verbs of signature requests."""

    papers: Papers
    #: What the links follow from (`links.PURPOSE`).
    key: Callable[[], bytes]
    clock: Clock

    def link(
        self,
        tenant_id: str,
        name: int | str,
        invited: Sequence[Invited],
        *,
        in_order: bool | None,
    ) -> Sequence[SignatureRequest]:
        """
        Have signatories be asked to sign a document, after those who are already.

        Whoever is named by an address that is known is that signatory, whatever they
        are called here. With *in_order* they are asked one after the other.

        Raises:
            Refusal: NOT_FOUND; INVALID, each place that is wrong in `parts`;
                CONFLICT, when the document's type or its state forbids it.
        """
        now, key = self.clock(), self.key()
        with self.papers.changing() as changes:
            document = _of_tenant(changes, tenant_id, name)
            if document.status not in UNDER_WAY:
                raise _over(document)
            known = list(changes.requests(document.id))
            self._check_kind(changes, document, len(known) + len(invited))
            taken = {one.signatory_id for one in known}
            place = max((one.place for one in known), default=0)
            wrong: list[Refusal] = []
            for one in invited:
                try:
                    signatory = _signatory(changes, tenant_id, one, now)
                    if signatory.id in taken:
                        raise Refusal(
                            Kind.INVALID,
                            "already_signer",
                            f"The {one.at} is a signer of this document already.",
                            at=one.at,
                        )
                except Refusal as refusal:
                    wrong.append(refusal)
                    continue
                taken.add(signatory.id)
                place += 1
                request = _new(document, signatory, place, now)
                changes.add_request(request, digest_of(token_of(key, request.uuid)))
            if wrong:
                raise all_of(wrong)
            if in_order is not None and in_order != document.in_order:
                document = replace(document, in_order=in_order)
            changes.change_document(replace(document, updated_at=now))
            return changes.requests(document.id)

    def unlink(self, tenant_id: str, name: int | str, signatory: int | str) -> None:
        """
        Have a signatory who has not answered not be asked any more.

        Raises:
            Refusal: NOT_FOUND; CONFLICT, when they answered, or when nobody would be
                left who has to.
        """
        now = self.clock()
        with self.papers.changing() as changes:
            document = _of_tenant(changes, tenant_id, name)
            person = changes.signatory(tenant_id, signatory)
            requests = changes.requests(document.id)
            mine = [one for one in requests if person and one.signatory_id == person.id]
            if not mine:
                raise not_found("signer")
            if document.status not in UNDER_WAY or not mine[0].is_open:
                raise _over(document)
            left = [one for one in requests if one.is_open and one is not mine[0]]
            if document.status is DocumentStatus.PENDING and not left:
                raise conflict(
                    "last_signer",
                    "Nobody else has to sign this document. Delete it instead, or add "
                    "another signer first.",
                )
            changes.remove_request(mine[0].id)
            changes.change_document(replace(document, updated_at=now))
            if document.status is DocumentStatus.PENDING:
                ask_whose_turn_it_is(changes, document, now)

    def send(
        self, tenant_id: str, name: int | str, *, by: str
    ) -> Sequence[SignatureRequest]:
        """
        Ask everybody whose turn it is and who was not asked yet.

        After a crash: either all mails are in the outbox, or none is.

        Raises:
            Refusal: NOT_FOUND; CONFLICT, when there is nobody to ask.
        """
        now = self.clock()
        with self.papers.changing() as changes:
            document = _of_tenant(changes, tenant_id, name)
            if document.status not in UNDER_WAY:
                raise _over(document)
            if not changes.requests(document.id):
                raise conflict(
                    "no_signers",
                    "The document has no signers. POST them to "
                    f"/documents/{document.id}/signers first.",
                    at="signers",
                )
            if document.status is DocumentStatus.DRAFT:
                document = replace(
                    document,
                    status=DocumentStatus.PENDING,
                    sent_at=now,
                    updated_at=now,
                )
                changes.change_document(document)
            count = ask_whose_turn_it_is(changes, document, now)
            if count:
                detail = {"document": document.id, "recipients": count}
                changes.note(
                    tenant_id, by, "signature.send", document.uuid, detail, now
                )
            return changes.requests(document.id)

    def _check_kind(self, changes: Changes, document: Document, count: int) -> None:
        kind = changes.kind(document.tenant_id, document.document_type_id)
        assert kind is not None
        if not kind.signed_by_third:
            raise conflict(
                "not_signed_by_third",
                "Documents of this type are not signed by third parties.",
                at="signers",
            )
        if count > 1 and not kind.multiples_third_signers:
            raise conflict(
                "one_signer",
                "Documents of this type have one signer.",
                at="signers",
            )
        if count > MAX_SIGNATORIES:
            raise Refusal(
                Kind.INVALID,
                "too_many_signers",
                f"The signers must not have more than {MAX_SIGNATORIES} items.",
                at="signers",
            )


def resend_within(changes: Changes, document: Document, now: int, *, by: str) -> Resent:
    """
    Write again to everybody who has not signed; say what came of it.

    The link stays the same, and is good for another `REQUEST_DAYS`.
    """
    resent = _resend(changes, document, now)
    if resent.recipients:
        detail = {"document": document.id, "recipients": resent.recipients}
        changes.note(
            document.tenant_id, by, "signature.resend", document.uuid, detail, now
        )
    return resent


def ask_whose_turn_it_is(changes: Changes, document: Document, now: int) -> int:
    """Write to those whose turn it is and who were not written to; say how many."""
    waiting = [
        one
        for one in whose_turn_it_is(document, changes.requests(document.id))
        if one.asked_at is None
    ]
    for one in waiting:
        changes.ask(document.tenant_id, one, now + REQUEST_MILLISECONDS, now)
    return len(waiting)


def whose_turn_it_is(
    document: Document, requests: Sequence[SignatureRequest]
) -> Sequence[SignatureRequest]:
    """Return the requests that can be answered now: the first open one, or all."""
    waiting = [one for one in requests if one.is_open]
    return waiting[:1] if document.in_order else waiting


#: Why nobody is written to, by the state of the document.
SKIPPED = {
    DocumentStatus.DRAFT: (
        "not_sent",
        "Nobody was asked to sign this document yet. POST "
        "/documents/{id}/signatures asks them.",
    ),
    DocumentStatus.SIGNED: ("signed", "Everybody has signed this document."),
    DocumentStatus.REFUSED: ("refused", "A signer has refused this document."),
}


def _resend(changes: Changes, document: Document, now: int) -> Resent:
    if document.status in SKIPPED:
        code, message = SKIPPED[document.status]
        return Resent(document.id, 0, code, message)
    turn = whose_turn_it_is(document, changes.requests(document.id))
    due = [one for one in turn if (one.asked_at or 0) + RESEND_MILLISECONDS <= now]
    for one in due:
        changes.ask(document.tenant_id, one, now + REQUEST_MILLISECONDS, now)
    if due:
        return Resent(document.id, len(due))
    newest = max(one.asked_at or 0 for one in turn)
    seconds = -(-(newest + RESEND_MILLISECONDS - now) // SECOND)
    return Resent(
        document.id,
        0,
        "too_soon",
        f"Everybody was written to a moment ago. Try again in {seconds} s.",
    )


def _of_tenant(changes: Changes, tenant_id: str, name: int | str) -> Document:
    document = changes.document(tenant_id, name)
    if document is None:
        raise not_found("document")
    return document


def _over(document: Document) -> Refusal:
    if document.status is DocumentStatus.REFUSED:
        return conflict("document_refused", "A signer has refused this document.")
    return conflict("document_signed", "The document is signed already.")


def _signatory(changes: Changes, tenant_id: str, one: Invited, now: int) -> Signatory:
    """Return who is invited, made known if need be, or refuse."""
    if one.signatory is not None:
        found = changes.signatory(tenant_id, one.signatory)
        if found is None:
            raise selected(f"{one.at}.signer_id")
        return found
    assert one.fields is not None
    where = f"{one.at}.email"
    check_address(one.fields.email or "", where)
    known = changes.signatory_at(tenant_id, compared(one.fields.email or ""))
    return known or added(changes, tenant_id, one.fields, now, at=where)


def _new(
    document: Document, signatory: Signatory, place: int, now: int
) -> SignatureRequest:
    return SignatureRequest(
        id=0,
        uuid=str(uuid4()),
        document_id=document.id,
        signatory_id=signatory.id,
        place=place,
        created_at=now,
        asked_at=None,
        sent_at=None,
        expires_at=None,
        viewed_at=None,
        signed_at=None,
        refused_at=None,
        reason=None,
        name=signatory.name,
        email=signatory.email,
        typed_name=None,
        client=None,
        user_agent=None,
        seen_digest=None,
    )
