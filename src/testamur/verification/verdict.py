"""
What verification says: what was checked, what was not, as of when.

The rule of a verdict, in this order:

1. It is *unreadable* if the bytes could not be read at all.
2. It is *invalid* if any check failed.
3. It is *unreadable* if a check that this credential calls for could not be done:
   a key that cannot be had, a context that is not known, a status list that does
   not answer. What could not be checked never counts as passed.
4. Else it is *valid*.

A credential calls for form, proof, issuer_key and validity always; for status if
it names a list; for image if it names a digest of one. Log and standing speak
against a credential when they fail, and are no reason to distrust one of an
issuer who keeps neither.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any

from testamur.core.clock import rfc3339


class Result(StrEnum):
    """The verdict in one word."""

    VALID = auto()
    INVALID = auto()
    UNREADABLE = auto()  #: it cannot be verified: nobody should rely on it


class Outcome(StrEnum):
    """What became of one check."""

    PASSED = auto()
    FAILED = auto()
    NOT_CHECKED = auto()


class Step(StrEnum):
    """The checks, in the order they are made and told."""

    READING = auto()  #: the bytes are a credential in a form that we read
    FORM = auto()  #: it is what VC 2.0 calls a credential (or presentation)
    PROOF = auto()  #: the signature holds for every word of it
    ISSUER_KEY = auto()  #: the key that signed is the issuer's
    VALIDITY = auto()  #: it is in its period of validity
    STATUS = auto()  #: it is neither revoked nor suspended
    LOG = auto()  #: a transparency log has it
    IMAGE = auto()  #: the picture is the one it names
    STANDING = auto()  #: what our own records say
    HOLDER = auto()  #: a presentation was made for this occasion


@dataclass(frozen=True, slots=True)
class Check:
    """One check. *code* is for programs, and stable; *detail* is for people."""

    step: Step
    outcome: Outcome
    code: str
    detail: str
    #: The moment (milliseconds) that the answer is about; None: it has none.
    as_of: int | None = None
    #: Whether there is no "valid" unless this passes.
    is_needed: bool = False

    def spelled(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "check": str(self.step),
            "outcome": str(self.outcome),
            "code": self.code,
            "detail": self.detail,
            "asOf": _spelled(self.as_of),
        }


def _spelled(moment: int | None) -> str | None:
    """Spell a moment; a document or log may name one that no calendar has."""
    try:
        return None if moment is None else rfc3339(moment)
    except (ValueError, OverflowError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that can be said of one credential or presentation."""

    checks: Sequence[Check]
    checked_at: int
    #: "credential", "presentation", or "" when it is neither.
    kind: str = ""
    #: What it says of itself, for people: bounded text, nothing of it verified
    #: unless the result is valid. Keys: id, types, name, description, issuer,
    #: issuerName, recipient, validFrom, validUntil.
    says: Mapping[str, Any] = field(default_factory=dict)
    #: How it came: "json", "jwt", "png", "pdf", "bundle", "id".
    came_as: str = ""
    #: The verdicts on the credentials inside a presentation or an array.
    inside: Sequence["Verdict"] = ()

    @property
    def result(self) -> Result:
        """The verdict in one word: the rule at the top of this file."""
        if any(
            check.step is Step.READING and check.outcome is Outcome.FAILED
            for check in self.checks
        ):
            return Result.UNREADABLE
        results = {verdict.result for verdict in self.inside}
        if Result.INVALID in results or any(
            check.outcome is Outcome.FAILED for check in self.checks
        ):
            return Result.INVALID
        if (
            Result.UNREADABLE in results
            or not self.checks
            or any(
                check.is_needed and check.outcome is not Outcome.PASSED
                for check in self.checks
            )
        ):
            return Result.UNREADABLE
        return Result.VALID

    @property
    def verified(self) -> bool:
        """Whether it is valid."""
        return self.result is Result.VALID

    @property
    def problems(self) -> Iterator[Check]:
        """Every check that stands in the way of "valid", those inside included."""
        for check in self.checks:
            if check.outcome is Outcome.FAILED or (
                check.is_needed and check.outcome is Outcome.NOT_CHECKED
            ):
                yield check
        for verdict in self.inside:
            yield from verdict.problems

    @property
    def summary(self) -> str:
        """One sentence for people."""
        what = self.kind or "document"
        # That a key is missing is said where the key is told of, with the reason.
        problems = list(self.problems)
        told = [one for one in problems if one.code != "key_missing"] or problems
        problem = told[0] if told else None
        if self.result is Result.VALID:
            return (
                f"This {what} is valid: every check that it calls for passed."
                f"{self._caveat}"
            )
        if self.result is Result.INVALID:
            return f"This {what} is not valid. {problem.detail if problem else ''}"
        return (
            f"This {what} cannot be verified, so do not rely on it. "
            f"{problem.detail if problem else ''}"
        )

    @property
    def _caveat(self) -> str:
        if any(check.code == "key_from_bundle" for check in self.checks):
            return (
                " But the issuer's keys came with it: whoever made the bundle may "
                "have made them up."
            )
        return ""

    def spelled(self) -> dict[str, Any]:
        """Return it for programs: the body of `POST /v1/verify`."""
        answer: dict[str, Any] = {
            "verified": self.verified,
            "result": str(self.result),
            "summary": self.summary,
            "checkedAt": rfc3339(self.checked_at),
            "kind": self.kind or None,
            "cameAs": self.came_as or None,
            "says": dict(self.says),
            "checks": [check.spelled() for check in self.checks],
        }
        if self.inside:
            answer["inside"] = [verdict.spelled() for verdict in self.inside]
        return answer


def passed(step: Step, code: str, detail: str, as_of: int | None = None) -> Check:
    """Return that *step* was checked, and found good."""
    return Check(step, Outcome.PASSED, code, detail, as_of, is_needed=True)


def failed(step: Step, code: str, detail: str, as_of: int | None = None) -> Check:
    """Return that *step* was checked, and found wrong."""
    return Check(step, Outcome.FAILED, code, detail, as_of, is_needed=True)


def missed(step: Step, code: str, detail: str, as_of: int | None = None) -> Check:
    """Return that *step* had to be checked, and could not be."""
    return Check(step, Outcome.NOT_CHECKED, code, detail, as_of, is_needed=True)


def left_out(step: Step, code: str, detail: str) -> Check:
    """Return that there was nothing to check in *step*, or no need."""
    return Check(step, Outcome.NOT_CHECKED, code, detail)
