"""What the DNS says of a domain that mails are from, and what to put right."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """What a finding comes to."""

    GOOD = "good"
    #: It works, and could be better.
    ADVICE = "advice"
    #: Mails will be refused, or end among the junk.
    PROBLEM = "problem"
    #: The DNS did not answer; look again.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MailFinding:
    """One thing that was looked at."""

    #: spf, dkim, dmarc, mx.
    subject: str
    weight: Weight
    #: For programs; never changes.
    code: str
    #: Where in the DNS.
    name: str
    #: What is there, for people.
    detail: str
    #: What to do: where it is a record to publish, the record as a zone file has it.
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class MailCheck:
    """All that was found at one moment."""

    domain: str
    checked_at: int
    findings: Sequence[MailFinding]

    @property
    def problems(self) -> Sequence[MailFinding]:
        """What has to be put right before many mails go out."""
        return [one for one in self.findings if one.weight is Weight.PROBLEM]

    @property
    def is_good(self) -> bool:
        """Whether nothing has to be put right, and everything was answered."""
        return all(one.weight in (Weight.GOOD, Weight.ADVICE) for one in self.findings)
