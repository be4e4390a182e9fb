"""A signatory opens their page, reads, and signs or refuses: once and for all."""

from dataclasses import dataclass, replace

from testamur.core.clock import Clock
from testamur.core.papers import Answer, DocumentStatus, SigningView
from testamur.core.refusals import Kind, Refusal

from .links import digest_of, is_token
from .ports import Papers
from .requests import ask_whose_turn_it_is


@dataclass(frozen=True)
class Signing:
    """The verbs of the signing page."""

    papers: Papers
    clock: Clock

    def look(self, token: str) -> SigningView | None:
        """Return what *token* opens; None when it opens nothing."""
        if not is_token(token):
            return None
        return self.papers.shown(digest_of(token), self.clock())

    def open(self, token: str) -> SigningView | None:
        """As `look`, and keep when they first did."""
        view = self.look(token)
        if view and view.can_answer and view.request.viewed_at is None:
            with self.papers.changing() as changes:
                changes.view(view.request.id, view.now)
        return view

    def answer(self, token: str, answer: Answer) -> SigningView | None:
        """
        Keep what the signatory decided, if they may; return how it stands then.

        Whoever answers again is shown what was kept the first time. When the last one
        signs, the document is signed; when one refuses, it is refused.

        After a crash: either it was kept with everything that follows, or they can
        answer again.

        Raises:
            Refusal: CONFLICT `document_changed`, when there is a newer file than the
                one that they were shown.
        """
        view = self.look(token)
        if view is None or not view.can_answer:
            return view
        now = self.clock()
        tenant_id = view.document.tenant_id
        with self.papers.changing() as changes:
            # From here on nobody else changes it.
            document = changes.document(tenant_id, view.document.id)
            if document is None or document.status is not DocumentStatus.PENDING:
                return self.look(token)
            version = changes.versions(document.id)[-1]
            if version.digest != answer.seen_digest:
                raise Refusal(
                    Kind.CONFLICT,
                    "document_changed",
                    "There is a newer version of this document. Read it before you "
                    "decide.",
                )
            request = replace(
                view.request,
                signed_at=now if answer.is_signed else None,
                refused_at=None if answer.is_signed else now,
                viewed_at=view.request.viewed_at or now,
                reason=None if answer.is_signed else answer.reason,
                typed_name=answer.typed_name or None,
                client=answer.client,
                user_agent=answer.user_agent,
                seen_digest=version.digest,
            )
            if not changes.settle(request):
                return self.look(token)
            document = replace(document, updated_at=now)
            left = [one for one in changes.requests(document.id) if one.is_open]
            if not answer.is_signed:
                document = replace(
                    document, status=DocumentStatus.REFUSED, refused_at=now
                )
            elif not left:
                document = replace(
                    document, status=DocumentStatus.SIGNED, signed_at=now
                )
            changes.change_document(document)
            if document.status is DocumentStatus.PENDING:
                ask_whose_turn_it_is(changes, document, now)
            act = "document.sign" if answer.is_signed else "document.refuse"
            detail = {"document": document.id, "request": request.uuid}
            changes.note(tenant_id, "signatory", act, document.uuid, detail, now)
        return self.look(token)
