"""Signatories: people who are asked to sign."""

from dataclasses import dataclass, replace
from uuid import uuid4

from testamur.core.clock import Clock
from testamur.core.lists import Query
from testamur.core.papers import Listing, Signatory, SignatoryFields
from testamur.core.refusals import Kind, Refusal

from .addresses import compared, is_address
from .ports import Changes, Papers
from .refusals import conflict, not_found, taken


@dataclass(frozen=True)
class People:
    """The verbs of signatories."""

    papers: Papers
    clock: Clock

    def list(self, tenant_id: str, query: Query) -> Listing:
        """Return signatories of the tenant's."""
        return self.papers.signatories(tenant_id, query)

    def find(self, tenant_id: str, name: int | str) -> Signatory:
        """Return one, or refuse: NOT_FOUND."""
        found = self.papers.signatory(tenant_id, name)
        if found is None:
            raise not_found("signer")
        return found

    def create(self, tenant_id: str, fields: SignatoryFields) -> Signatory:
        """
        Keep a new one.

        Raises:
            Refusal: INVALID, when the address is none, or another signatory's.
        """
        with self.papers.changing() as changes:
            return added(changes, tenant_id, fields, self.clock(), at="email")

    def change(
        self, tenant_id: str, name: int | str, fields: SignatoryFields
    ) -> Signatory:
        """
        Keep what is said of one. What they signed already keeps who they were.

        Raises:
            Refusal: NOT_FOUND; INVALID, as `create`.
        """
        if fields.email is not None:
            check_address(fields.email, "email")
        with self.papers.changing() as changes:
            known = changes.signatory(tenant_id, name)
            if known is None:
                raise not_found("signer")
            number = fields.document_number
            if number is None and not fields.is_whole:
                number = known.document_number
            known = replace(
                known,
                name=fields.name or known.name,
                email=fields.email or known.email,
                document_number=number,
                updated_at=self.clock(),
            )
            if not changes.change_signatory(known, compared(known.email)):
                raise taken("email")
        return known

    def remove(self, tenant_id: str, name: int | str) -> None:
        """
        Remove one.

        Raises:
            Refusal: NOT_FOUND; CONFLICT `signer_in_use`, when a document has them.
        """
        with self.papers.changing() as changes:
            known = changes.signatory(tenant_id, name)
            if known is None:
                raise not_found("signer")
            if not changes.remove_signatory(known.id):
                raise conflict(
                    "signer_in_use",
                    "Documents have this signer. Delete them first.",
                    at="signer_id",
                )


def added(
    changes: Changes, tenant_id: str, fields: SignatoryFields, now: int, *, at: str
) -> Signatory:
    """Keep a new signatory, or refuse their address, which came in the field *at*."""
    email = fields.email or ""
    check_address(email, at)
    signatory = Signatory(
        id=0,
        uuid=str(uuid4()),
        tenant_id=tenant_id,
        name=fields.name or "",
        email=email,
        document_number=fields.document_number,
        created_at=now,
        updated_at=now,
    )
    number = changes.add_signatory(signatory, compared(email))
    if number is None:
        raise taken(at)
    return replace(signatory, id=number)


def check_address(email: str, at: str) -> None:
    """Return if *email*, which came in the field *at*, is an address, or refuse."""
    if not is_address(email):
        raise Refusal(
            Kind.INVALID,
            "email_format",
            f"The {at} must be a valid email address.",
            at=at,
        )
