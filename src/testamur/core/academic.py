"""Certificates of the academic directory: drafts, and what was issued of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto

from .records import Mention
from .refusals import Refusal


class AcademicState(StrEnum):
    """Where such a certificate is. The words are the wire's."""

    DRAFT = auto()  #: nobody has seen it; it can be changed
    ISSUED = auto()
    EXPIRED = auto()  #: its end has come
    SUSPENDED = auto()  #: not to be relied on for now
    REVOKED = auto()  #: not to be relied on, for ever


#: The records that such a certificate refers to, in the order of their columns.
REFERENCES = ("institution", "course", "student", "cohort", "enrollment")
REQUIRED_REFERENCES = REFERENCES[:3]


@dataclass(frozen=True, slots=True)
class AcademicCertificate:
    """One certificate as it is stored, and what became of it."""

    uuid: str
    state: AcademicState
    #: By the name of the reference; one that is empty is not there.
    references: Mapping[str, Mention]
    #: The uploaded file that it looks like.
    file_id: str | None
    #: When its issuer awarded it, and when it ends (milliseconds).
    awarded_at: int | None
    valid_until: int | None
    #: The student as they were when it was issued; None in drafts, and once erased.
    snapshot: Mapping[str, str | None] | None
    #: The certificate that it became, once that is in the log.
    certificate_id: str | None
    reference: str | None
    issued_at: int | None
    revoked_at: int | None
    revocation_reason: str | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class AcademicWish:
    """What a request says of such a certificate."""

    #: What is said of references and file: UUIDs by name; None takes one away.
    uuids: Mapping[str, str | None]
    #: Whether it is to be issued; None: that was not said.
    is_to_be_issued: bool | None = None
    #: What was said of moments: `awarded_at`, `valid_until`.
    moments: Mapping[str, int | None] = field(default_factory=dict)
    #: What is wrong with fields that are not there.
    wrong: Sequence[Refusal] = ()
