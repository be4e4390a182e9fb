"""
Certificates of the academic directory: the main job like any other.

Each is one request, and they come by the hundred at once. Those that come together
are kept in one transaction, and issued by one job.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from testamur.adapters.sql.academic_certificates import (
    Changes,
    Outcome,
    SqlAcademicCertificates,
    Stored,
)
from testamur.adapters.sql.admission import SqlLedger
from testamur.core.academic import (
    REFERENCES,
    AcademicCertificate,
    AcademicState,
    AcademicWish,
)
from testamur.core.acts import Chosen
from testamur.core.clock import DAY, MINUTE, rfc3339
from testamur.core.lifecycle import StandingEvent
from testamur.core.lists import Query
from testamur.core.refusals import Fault, Halted, Kind, Reason, Refusal
from testamur.core.words import AttachedDocument, Caller, Letterhead, Tenant
from testamur.intake.admit import Submission, UploadedFile, digest_of, new_job
from testamur.intake.records import sheet_of
from testamur.issuance.check import spell_document
from testamur.issuance.email import email_problem

from .office import Office
from .together import Together

DIALECT = "dokstamp"

#: A client's clock may be ahead of ours by so much.
SKEW_MILLISECONDS = 5 * MINUTE

#: How many documents' sizes are remembered.
MAX_REMEMBERED = 10_000

DELETED = "Deleted by its issuer"

#: What stands where others name a category.
CATEGORY = "Course"


@dataclass(frozen=True, slots=True)
class _Item:
    """One request, with what was found out about it outside the transaction."""

    caller: Caller
    wish: AcademicWish
    #: None: a new one.
    uuid: str | None
    #: By the UUID of the file: what is there, or why it cannot be used.
    looked_at: Mapping[str, AttachedDocument | Reason]


@dataclass(frozen=True, slots=True)
class Begun:
    """A request that was kept, and whether its certificate is on its way."""

    uuid: str
    is_new: bool
    is_issued: bool


@dataclass
class _Plan:
    """One item in the transaction: what is stored of it, and refused."""

    item: _Item
    uuid: str
    before: Stored | None
    values: dict[str, Any] = field(default_factory=dict)
    found: dict[str, Row[Any]] = field(default_factory=dict)
    wrong: list[Refusal] = field(default_factory=list)
    is_to_be_issued: bool = False
    document: AttachedDocument | None = None

    @property
    def refusal(self) -> Refusal | None:
        """What to answer, if something is wrong."""
        if not self.wrong:
            return None
        first = self.wrong[0]
        return Refusal(first.kind, first.code, first.detail, parts=self.wrong)


class AcademicCertificates:
    """The verbs of certificates of the directory in an office."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._store = SqlAcademicCertificates(
            office.database, SqlLedger(office.database, office.clock)
        )
        self._together: Together[_Item, Begun] = Together(self._keep_together)
        self._sizes: OrderedDict[str, AttachedDocument | Reason] = OrderedDict()
        self._lock = threading.Lock()

    # --- Asking ---

    def find(self, caller: Caller, uuid: str) -> AcademicCertificate:
        """Return one, or refuse."""
        found = self._store.find(caller.tenant.id, uuid, self._office.clock())
        if found is None:
            raise _not_found()
        return found

    def page(
        self, caller: Caller, query: Query
    ) -> tuple[Sequence[AcademicCertificate], int]:
        """Return one page, and how many there are in all."""
        return self._store.page(caller.tenant.id, query, self._office.clock())

    def outcome(self, caller: Caller, begun: Begun) -> Outcome:
        """Return what became of one that is being issued."""
        return self._store.outcome(caller.tenant.id, begun.uuid)

    # --- Changing ---

    def put(self, caller: Caller, wish: AcademicWish, uuid: str | None) -> Begun:
        """
        Keep a new one, or what is said of a draft; begin to issue it, if it is to be.

        After a crash it is kept, and issued once, or it is not.

        Raises:
            Refusal: NOT_FOUND; INVALID, with a part for each field that is wrong.
            Halted: it is to be issued, and issuing is halted.
        """
        if wish.is_to_be_issued and self._office.kill_switch.state() is not None:
            raise Halted
        looked_at: dict[str, AttachedDocument | Reason] = {}
        file = wish.uuids.get("file")
        if file is None and wish.is_to_be_issued and uuid is not None:
            # The one that the draft has already.
            with self._store.changing(caller.tenant.id, 0) as changes:
                stored = changes.stored([uuid]).get(uuid)
            file = None if stored is None else stored.file_id
        if file is not None:
            kept = self._office.file_shelf.find(caller.tenant.id, file)
            if kept is not None:
                looked_at[file] = self._look(kept.digest, kept.media_type)
        return self._together.do(_Item(caller, wish, uuid, looked_at))

    def give_up(self, caller: Caller, begun: Begun) -> None:
        """Undo what was kept of one that could not be issued."""
        with self._store.changing(caller.tenant.id, self._office.clock()) as changes:
            changes.undo(begun.uuid, was_new=begun.is_new)

    def revoke(self, caller: Caller, uuid: str, reason: str) -> AcademicCertificate:
        """Revoke one for ever, or refuse; a revoked one stays as it is."""
        found = self.find(caller, uuid)
        if found.state is AcademicState.DRAFT:
            raise Refusal(
                Kind.INVALID,
                "not_issued",
                "This certificate is a draft; there is nothing to revoke. Delete it.",
                at="status",
            )
        if found.state is not AcademicState.REVOKED:
            self._revoke(caller, [found.certificate_id or ""], reason)
        return self.find(caller, uuid)

    def destroy(
        self, caller: Caller, uuids: Sequence[str], *, one: bool = False
    ) -> None:
        """
        Delete some, all or none: drafts are gone; what was issued is revoked for
        ever, and not listed any more.

        Raises:
            Refusal: NOT_FOUND, with *one*; INVALID, with a part for each that is not
                there, or is being issued just now.
        """
        tenant, now = caller.tenant.id, self._office.clock()
        wanted = list(dict.fromkeys(uuids))
        with self._store.changing(tenant, now) as changes:
            found = changes.stored(wanted)
        wrong = []
        for place, uuid in enumerate(uuids):
            at = f"uuids.{place}"
            if uuid not in found:
                if one:
                    raise _not_found()
                wrong.append(_invalid(at, f"The selected {at} is invalid."))
            elif found[uuid].is_on_its_way:
                wrong.append(
                    _invalid(at, "It is being issued just now. Try again in a moment.")
                )
        if wrong:
            raise Refusal(Kind.INVALID, wrong[0].code, wrong[0].detail, parts=wrong)
        issued = [one.certificate_id for one in found.values() if one.certificate_id]
        if issued:
            self._revoke(caller, issued, DELETED)
        with self._store.changing(tenant, now) as changes:
            for uuid, stored in changes.stored(wanted).items():
                if stored.certificate_id:
                    changes.hide(uuid)
                elif not stored.is_on_its_way:
                    changes.drop(stored)

    def _revoke(self, caller: Caller, ids: Sequence[str], reason: str) -> None:
        self._office.standings.change(
            StandingEvent.REVOKE,
            caller.tenant.id,
            Chosen(ids=tuple(ids)),
            reason=reason,
            actor=caller.credential_id,
        )

    # --- Step by step ---

    def _look(self, digest: str, media_type: str) -> AttachedDocument | Reason:
        """Return a document as a certificate may look like it, or why it may not."""
        if media_type != "application/pdf":
            return Reason("not_a_pdf", "The file must be a PDF.")
        with self._lock:
            known = self._sizes.get(digest)
        if known is None:
            with self._office.blobs.open(digest) as file:
                data = file.read()
            try:
                facts = self._office.examiner.examine(data)
            except Refusal as refusal:
                if refusal.kind is not Kind.INVALID:
                    raise  # too many others are looked at just now
                known = Reason(refusal.code, refusal.detail)
            else:
                known = AttachedDocument(digest, *facts.page_sizes[0])
            with self._lock:
                self._sizes[digest] = known
                while len(self._sizes) > MAX_REMEMBERED:
                    self._sizes.popitem(last=False)
        return known

    def _keep_together(self, items: Sequence[_Item]) -> list[Begun | BaseException]:
        outcomes: dict[int, Begun | BaseException] = {}
        by_tenant: dict[str, list[int]] = {}
        for place, item in enumerate(items):
            by_tenant.setdefault(item.caller.tenant.id, []).append(place)
        for places in by_tenant.values():
            group = [items[place] for place in places]
            try:
                kept: Sequence[Begun | BaseException] = self._keep(group)
            except IntegrityError:
                # One was overtaken by somebody else; the others need not suffer.
                kept = [self._keep_alone(item) for item in group]
            except (Fault, Refusal) as trouble:
                kept = [trouble] * len(group)
            outcomes.update(zip(places, kept, strict=True))
        return [outcomes[place] for place in range(len(items))]

    def _keep_alone(self, item: _Item) -> Begun | BaseException:
        for _ in range(3):
            try:
                return self._keep([item])[0]
            except IntegrityError:
                continue
            except (Fault, Refusal) as trouble:
                return trouble
        return Fault("others were quicker every time", passing=True)

    def _keep(self, items: Sequence[_Item]) -> list[Begun | BaseException]:
        """Keep requests of one tenant, each by itself right or wrong, in one go."""
        caller, now = items[0].caller, self._office.clock()
        # Before the transaction: a tenant's first key is made in one of its own.
        letterhead = self._office.letterhead_of(caller.tenant)
        with self._store.changing(caller.tenant.id, now) as changes:
            stored = changes.stored([one.uuid for one in items if one.uuid])
            plans = [
                _Plan(item, item.uuid or str(uuid4()), stored.get(item.uuid or ""))
                for item in items
            ]
            self._resolve(changes, plans)
            for plan in plans:
                if plan.refusal is None:
                    self._check(changes, plan, now)
            for plan in plans:
                if plan.refusal is None:
                    self._store_one(changes, plan)
            to_issue = [
                one for one in plans if one.is_to_be_issued and one.refusal is None
            ]
            if to_issue:
                self._submit(changes, caller.tenant, letterhead, to_issue, now)
        return [
            plan.refusal
            or Begun(plan.uuid, plan.item.uuid is None, plan.is_to_be_issued)
            for plan in plans
        ]

    def _resolve(self, changes: Changes, plans: Sequence[_Plan]) -> None:
        """Find what the requests refer to, each kind at once."""
        for plan in plans:
            plan.wrong += plan.item.wish.wrong
            if plan.item.uuid is not None and plan.before is None:
                plan.wrong.append(_not_found())
            elif plan.before is not None and (
                plan.before.certificate_id is not None or plan.before.is_on_its_way
            ):
                plan.wrong.append(
                    _invalid(
                        "status",
                        "This certificate is issued, and does not change any more. "
                        "Revoke it, and issue another one.",
                    )
                )
        for kind in REFERENCES:
            said = {
                uuid
                for one in plans
                if (uuid := one.item.wish.uuids.get(kind)) is not None
            }
            by_uuid = changes.references(kind, said)
            kept = [
                seq
                for one in plans
                if one.before is not None
                and kind not in one.item.wish.uuids
                and (seq := one.before.references[kind]) is not None
            ]
            by_seq = changes.by_seq(kind, kept)
            for plan in plans:
                wish = plan.item.wish
                if kind in wish.uuids:
                    uuid = wish.uuids[kind]
                    row = None if uuid is None else by_uuid.get(uuid)
                    if uuid is not None and row is None:
                        plan.wrong.append(_not_there(kind))
                else:
                    stored = plan.before
                    seq = None if stored is None else stored.references[kind]
                    row = None if seq is None else by_seq.get(seq)
                plan.values[kind] = None if row is None else row.seq
                if row is not None:
                    plan.found[kind] = row

    def _check(self, changes: Changes, plan: _Plan, now: int) -> None:
        """Find what is wrong with a request whose references are there."""
        wish, before = plan.item.wish, plan.before
        found, wrong = plan.found, plan.wrong
        course = found["course"]
        if course.institution_seq != found["institution"].seq:
            wrong.append(_not_there("course"))
        if "cohort" in found and found["cohort"].course_seq != course.seq:
            wrong.append(_not_there("cohort"))
        enrolled = found.get("enrollment")
        if enrolled is not None and (enrolled.course_seq, enrolled.student_seq) != (
            course.seq,
            found["student"].seq,
        ):
            wrong.append(_not_there("enrollment"))
        for name in ("awarded_at", "valid_until"):
            plan.values[name] = wish.moments.get(
                name, getattr(before, name) if before is not None else None
            )
        plan.is_to_be_issued = wish.is_to_be_issued is True
        file = wish.uuids.get("file", before.file_id if before is not None else None)
        plan.values["file"] = file
        if file is not None:
            self._check_file(changes, plan, file)
        elif plan.is_to_be_issued:
            wrong.append(_invalid("file_uuid", "The file uuid field is required."))
        if not plan.is_to_be_issued:
            return
        awarded, end = plan.values["awarded_at"], plan.values["valid_until"]
        if awarded is not None and awarded > now + max(SKEW_MILLISECONDS, DAY):
            wrong.append(
                _invalid(
                    "issued_at",
                    "The issued at field must not be in the future. Send when it was "
                    "awarded, or leave it out for now.",
                )
            )
        if end is not None and end <= now:
            wrong.append(
                _invalid("expires_at", "The expires at field must be in the future.")
            )
        if problem := email_problem(found["student"].email):
            text = problem.message.replace(
                "column recipientEmail", "the student's email"
            )
            wrong.append(_invalid("student_uuid", text))

    def _check_file(self, changes: Changes, plan: _Plan, file: str) -> None:
        before = plan.before
        kept = changes.file(file)
        looked_at = plan.item.looked_at.get(file)
        if kept is None or (looked_at is None and plan.is_to_be_issued):
            plan.wrong.append(_not_there("file"))
        elif isinstance(looked_at, Reason):
            plan.wrong.append(
                _invalid("file_uuid", f"{looked_at.message} ({looked_at.code})")
            )
        else:
            plan.document = looked_at
            is_its_own = before is not None and before.file_id == file
            if kept.used_at is not None and not is_its_own:
                plan.wrong.append(_used())

    def _store_one(self, changes: Changes, plan: _Plan) -> None:
        before, file = plan.before, plan.values["file"]
        if (
            file is not None
            and (before is None or before.file_id != file)
            and not changes.spend(file, plan.uuid)
        ):
            plan.wrong.append(_used())  # by another one of the same transaction
            return
        if before is not None and before.file_id not in (None, file):
            changes.release(before.file_id or "", plan.uuid)
        if before is None:
            changes.add(plan.uuid, plan.values)
        else:
            changes.change(plan.uuid, plan.values)

    def _submit(
        self,
        changes: Changes,
        tenant: Tenant,
        letterhead: Letterhead,
        plans: Sequence[_Plan],
        now: int,
    ) -> None:
        """Have one job issue all of them, in this very transaction."""
        records = [_record(plan, now) for plan in plans]
        submission = Submission(
            tenant=tenant,
            letterhead=letterhead,
            dialect=DIALECT,
            sheet=sheet_of(records, documents=True),
            # The rows are all there is: no file came.
            rows_file=UploadedFile(Path(), ""),
            images_file=None,
            images=0,
            documents=True,
        )
        changes.submit(
            new_job(submission, digest_of(submission)),
            submission.sheet.rows(),
            [
                (plan.uuid, _snapshot(plan.found["student"]), _awarded(plan, now))
                for plan in plans
            ],
        )


def _awarded(plan: _Plan, now: int) -> int:
    awarded = plan.values["awarded_at"]
    return now if awarded is None else int(awarded)


def _snapshot(student: Row[Any]) -> dict[str, str | None]:
    """Return who the student is now: what is kept of them for ever."""
    return {
        "name": student.name,
        "social_name": student.social_name,
        "email": student.email,
        "document_id": student.document_id,
        "date_of_birth": student.date_of_birth,
        "country": student.country,
    }


def _record(plan: _Plan, now: int) -> dict[str, Any]:
    """Return the row that the certificate is issued from."""
    course, student = plan.found["course"], plan.found["student"]
    institution = plan.found["institution"]
    assert plan.document is not None
    hours = course.workload_hours
    attributes: dict[str, str | None] = {
        "awardedDate": rfc3339(_awarded(plan, now))[:10],
        "Institution": institution.name,
        "Course code": course.code,
        "Workload": None if hours is None else f"{hours} h",
    }
    if "cohort" in plan.found:
        attributes["Cohort"] = plan.found["cohort"].code
    if plan.values["valid_until"] is not None:
        attributes["validUntil"] = rfc3339(plan.values["valid_until"])
    return {
        "name": course.name,
        "description": course.description or f"{course.name}, {institution.name}",
        "category": CATEGORY,
        "recipientEmail": student.email,
        "recipientName": student.name,
        "document": spell_document(plan.document),
        "attributes": attributes,
    }


def _not_found() -> Refusal:
    return Refusal(
        Kind.NOT_FOUND,
        "certificate_not_found",
        "There is no such certificate. Check its UUID.",
        at="uuid",
    )


def _not_there(kind: str) -> Refusal:
    return _invalid(f"{kind}_uuid", f"The selected {kind} uuid is invalid.")


def _used() -> Refusal:
    return Refusal(
        Kind.INVALID,
        "file_used",
        "The file has already been used. Each certificate needs a file of its own: "
        "upload another one.",
        at="file_uuid",
    )


def _invalid(at: str, text: str) -> Refusal:
    return Refusal(Kind.INVALID, "invalid", text, at=at)
