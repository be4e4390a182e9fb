"""
What happens, as systems outside are told of it.

An event names what it happened to by ids and has no person in it: whoever may know
more asks for it, and an erased person is in no event that was told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class EventType(StrEnum):
    """What can happen. The words are the wire's, and never change."""

    JOB_COMPLETED = "job.completed"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    JOB_RETRIED = "job.retried"
    CERTIFICATE_ISSUED = "certificate.issued"
    CERTIFICATE_REVOKED = "certificate.revoked"
    CERTIFICATE_SUSPENDED = "certificate.suspended"
    CERTIFICATE_REINSTATED = "certificate.reinstated"
    CERTIFICATE_CORRECTED = "certificate.corrected"
    SIGNATURE_REQUESTED = "signature.requested"
    SIGNATURE_COMPLETED = "signature.completed"
    SIGNATURE_DECLINED = "signature.declined"
    DOCUMENT_COMPLETED = "document.completed"
    DELIVERY_BOUNCED = "delivery.bounced"
    DELIVERY_COMPLAINED = "delivery.complained"
    WEBHOOK_DISABLED = "webhook.disabled"


class Happening(NamedTuple):
    """Something that is about to have happened, in the transaction that does it."""

    type: EventType
    #: The id of what it happens to.
    subject: str
    #: What is told of it: ids, counts and states, and no person.
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    #: Grows with time within a tenant.
    seq: int
    id: str
    tenant_id: str
    type: EventType
    subject: str
    data: Mapping[str, Any]
    created_at: int
