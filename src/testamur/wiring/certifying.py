"""
Certifying, as Thought Industries' clients ask for it: the main job like any other.

A request is kept with what it asks for before its job is accepted, and finds that
job again when it is sent again: whoever had no answer asks once more, and nobody is
issued two certificates for one request.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson

from testamur.adapters.sql.thought_industries import (
    BROKEN,
    READY,
    Certification,
    Changes,
    StoredTemplate,
    StoredUser,
)
from testamur.core.acts import Erasure, Person
from testamur.core.clock import HOUR, MINUTE, rfc3339
from testamur.core.ids import ALPHABET
from testamur.core.refusals import Halted, Kind, NotYet, Refusal
from testamur.core.words import Caller, Certificate, CertificateState, TemplateUse
from testamur.dialects.thought_industries import page, read, spell
from testamur.dialects.thought_industries.read import Certify, CertifyItem, Learner
from testamur.dialects.thought_industries.values import BadItem
from testamur.intake.door import Wishes
from testamur.issuance import read as issued
from testamur.issuance.email import email_problem

from .office import Office
from .thought_industries import Preparer

DIALECT = "thought_industries"

#: A client's clock may be ahead of ours by so much.
SKEW_MILLISECONDS = 5 * MINUTE

#: A day begins in the east so much earlier than in UTC, which a date without a time
#: is read in.
DAY_AHEAD_MILLISECONDS = 14 * HOUR
MIDNIGHT = "T00:00:00.000Z"

#: What stands where the service would name what was learned.
CATEGORIES = {"course": "Course", "learningPath": "Learning path"}

#: How often identifiers are drawn until none is taken.
IDENTIFIER_DRAWS = 50

#: Certificates that are as good as new: a request that asks for the same gets them.
GOOD = (CertificateState.ACTIVE, CertificateState.SUSPENDED)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One certificate, with everything that it takes resolved."""

    item: CertifyItem
    certify: Certify
    user: StoredUser
    template: StoredTemplate
    digest: str

    @property
    def is_of(self) -> tuple[str, str, str]:
        """Who is certified for what."""
        return self.user.id, self.template.resource_type, self.template.resource_id


@dataclass
class Pending:
    """What was asked for, and the rows whose outcomes answer it."""

    caller: Caller
    #: By place: what is not refused.
    wanted: dict[int, _Wanted] = field(default_factory=dict)
    #: By place: the item's error, and what it comes from.
    errors: dict[int, tuple[spell.ItemError, Refusal]] = field(default_factory=dict)
    #: By place: a certificate that was there already.
    there: dict[int, tuple[Certification, Certificate]] = field(default_factory=dict)
    #: By place: the row that it becomes.
    rows: dict[int, Certification] = field(default_factory=dict)
    #: By place: the id of the certificate that it became.
    done: dict[int, str] = field(default_factory=dict)
    #: Certifications that came to nothing, or to what is not valid any more.
    stale: set[str] = field(default_factory=set)


class Certifying:
    """The verbs of certifying in an office."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._store = office.instance.store

    # --- Users ---

    def create_user(
        self, caller: Caller, learner: Learner, *, upsert: bool
    ) -> tuple[spell.UserView, bool]:
        """Keep a learner; say whether they are new."""
        now = self._office.clock()
        with self._store.changing(caller.tenant.id, now) as changes:
            people = _People(changes, [learner])
            known = _kept_already(people, learner, upsert=upsert)
            try:
                found = people.resolve(
                    learner if known is None else replace(learner, id=known.id)
                )
            except BadItem as wrong:
                raise _invalid("unprocessable_entity", wrong) from None
            changes.put_users(people.changed)
        return _view(found), known is None

    def recertify(self, caller: Caller, wanted: Certify) -> None:
        """Have a user be certified anew for something from now on, or refuse."""
        now = self._office.clock()
        with self._store.changing(caller.tenant.id, now) as changes:
            user = _People(changes, [wanted.learner]).find(wanted.learner)
            if user is None:
                raise read.unknown_user()
            if not changes.end(user.id, wanted.resource_type, wanted.resource_id):
                raise Refusal(
                    Kind.NOT_FOUND,
                    "certificate_not_found",
                    "This user was never certified for this resource.",
                )

    # --- Certifying ---

    def begin(self, caller: Caller, items: Sequence[CertifyItem]) -> Pending:
        """
        Have certificates be issued, but for those that are there already.

        Raises:
            Halted: issuing is halted.
            NotYet: a template is still being prepared.
        """
        pending = self._resolve(caller, items)
        self._reuse(pending)
        to_issue = [
            one
            for place, one in pending.wanted.items()
            if place not in pending.there and place not in pending.rows
        ]
        if to_issue:
            if self._office.kill_switch.state() is not None:
                raise Halted
            self._issue(pending, to_issue)
        return pending

    def look(self, pending: Pending) -> bool:
        """Note what became of the rows; say whether nothing is left to wait for."""
        by_job: dict[str, dict[int, int]] = {}
        for place, row in pending.rows.items():
            if place not in pending.done and row.job_id and row.number:
                by_job.setdefault(row.job_id, {})[row.number] = place
        is_over = True
        for job, numbers in by_job.items():
            found = self._store.outcomes(pending.caller.tenant.id, job, list(numbers))
            for number, place in numbers.items():
                outcome = found.get(number)
                if outcome is None or not outcome.is_over:
                    is_over = False
                elif outcome.certificate is not None:
                    pending.done[place] = outcome.certificate
                else:
                    refusal = Refusal(
                        Kind.INVALID,
                        outcome.code or "cancelled",
                        outcome.message or "It was cancelled before it was issued.",
                    )
                    pending.rows.pop(place)
                    _refuse(pending, pending.wanted[place].item, refusal)
        return is_over

    def award(self, pending: Pending) -> spell.Award:
        """Return the only certificate of *pending*, or refuse."""
        for _, refusal in pending.errors.values():
            raise refusal
        (wanted,) = pending.wanted.values()
        if wanted.item.place in pending.there:
            row, certificate = pending.there[wanted.item.place]
        else:
            row = pending.rows[wanted.item.place]
            name = pending.done[wanted.item.place]
            found = issued.find(name, certificates=self._office.certificates)
            if found is None:  # between two looks it was taken back by a restore
                raise NotYet(f"certificate {name} is not shown", seconds=1)
            certificate = found
        return spell.Award(
            certificate=certificate,
            user=_view(wanted.user),
            template=spell.TemplateView(wanted.template.id, wanted.template.fields),
            awarded_at=wanted.certify.awarded_at,
            recertify_at=wanted.certify.recertify_at,
            identifier=row.identifier,
        )

    def awards(self, pending: Pending) -> spell.BulkAwards:
        """Return what a bulk call came to."""
        errors = [pending.errors[place][0] for place in sorted(pending.errors)]
        return spell.BulkAwards(len(pending.there) + len(pending.done), errors)

    # --- Step by step ---

    def _resolve(self, caller: Caller, items: Sequence[CertifyItem]) -> Pending:
        """Find users and templates; whatever lacks one is an error of its item."""
        pending = Pending(caller)
        now = self._office.clock()
        sound = [one.wanted for one in items if one.wanted is not None]
        with self._store.changing(caller.tenant.id, now) as changes:
            people = _People(changes, [one.learner for one in sound])
            templates = changes.templates((), {one.resource_id for one in sound})
            first: dict[tuple[str, str, str], int] = {}
            for item in items:
                try:
                    if item.wanted is None:
                        raise BadItem(item.problem or "")
                    user = people.resolve(item.wanted.learner)
                    template = _template_for(item.wanted, user, templates)
                    _check_dates(item.wanted, template, now)
                except BadItem as wrong:
                    _refuse(pending, item, _invalid("unprocessable_entity", wrong))
                except Refusal as refusal:
                    _refuse(pending, item, refusal)
                else:
                    digest = _digest(item.wanted, user, template)
                    wanted = _Wanted(item, item.wanted, user, template, digest)
                    twin = first.setdefault(wanted.is_of, item.place)
                    if twin != item.place:
                        problem = (
                            "The same user is certified for the same resource by "
                            f"users[{twin}]. Send it once."
                        )
                        _refuse(pending, item, _invalid("duplicate", problem), user)
                    else:
                        pending.wanted[item.place] = wanted
            changes.put_users(people.changed)
        return pending

    def _reuse(self, pending: Pending) -> None:
        """Note what was asked for before, and is there or on its way."""
        tenant = pending.caller.tenant.id
        by_digest = {one.digest: place for place, one in pending.wanted.items()}
        with self._store.reading(tenant) as changes:
            known = changes.certifications(by_digest)
        by_job: dict[str, list[Certification]] = {}
        for one in known.values():
            if one.job_id is not None and one.number is not None:
                by_job.setdefault(one.job_id, []).append(one)
        now = self._office.clock()
        for job, rows in by_job.items():
            outcomes = self._store.outcomes(
                tenant, job, [row.number for row in rows if row.number is not None]
            )
            for row in rows:
                outcome = outcomes.get(row.number or 0)
                place = by_digest[row.digest]
                if outcome is not None and not outcome.is_over:
                    pending.rows[place] = row
                    continue
                found = None
                if outcome is not None and outcome.certificate is not None:
                    found = self._find(outcome.certificate)
                if found is not None and found.status_at(now).state in GOOD:
                    pending.there[place] = (row, found)
                else:
                    pending.stale.add(row.id)

    def _issue(self, pending: Pending, wanted: Sequence[_Wanted]) -> None:
        """Submit one job for each template."""
        by_template: dict[str, list[_Wanted]] = {}
        for one in wanted:
            by_template.setdefault(one.template.id, []).append(one)
        uses: dict[str, TemplateUse] = {}
        for name, group in by_template.items():
            try:
                uses[name] = self._use(group[0].template)
            except Refusal as refusal:
                for one in group:
                    _refuse(pending, one.item, refusal, one.user)
        for name, use in uses.items():
            self._submit(pending, by_template[name], use)

    def _use(self, template: StoredTemplate) -> TemplateUse:
        """Return the version that is used now, prepared."""
        tenant = template.tenant_id
        if template.state not in (READY, BROKEN):
            preparer = Preparer(self._office)
            try:
                preparer.prepare(template.id)
            finally:
                preparer.rest()
            with self._store.reading(tenant) as changes:
                (template,) = changes.templates([template.id], ())
        if template.state == BROKEN:
            raise Refusal(
                Kind.CONFLICT,
                "template_not_usable",
                f"The certificate template {template.id} cannot be used: "
                f"{template.message} Mend it and send it again.",
            )
        if template.state != READY or template.template_id is None:
            raise NotYet(f"template {template.id} is being prepared", seconds=2)
        return self._office.templates.choose(
            tenant, f"{template.template_id}@{template.version}"
        )

    def _submit(
        self, pending: Pending, group: Sequence[_Wanted], use: TemplateUse
    ) -> None:
        """Have the group's certificates be issued by one job."""
        caller = pending.caller
        reserved = self._reserve(pending, group)
        for one, row in reserved:
            if row.job_id is not None:  # the same request came twice at once
                pending.rows[one.item.place] = row
        reserved = [(one, row) for one, row in reserved if row.job_id is None]
        if not reserved:
            return
        records = [_record(one, row, use) for one, row in reserved]
        body = orjson.dumps({"certificates": records})
        # Names no person: keys are kept for longer than what was sent.
        named = "\n".join((str(use.version_id), *(row.id for _, row in reserved)))
        try:
            job = self._office.door.enter_records(
                caller.tenant,
                dialect=DIALECT,
                records=records,
                body=body,
                wishes=Wishes(
                    idempotency_key="ti:" + hashlib.sha256(named.encode()).hexdigest(),
                    template=use,
                ),
            )
        except Refusal as refusal:
            for one, _ in reserved:
                _refuse(pending, one.item, refusal, one.user)
            return
        for number, (one, row) in enumerate(reserved, 1):
            placed = replace(row, job_id=job.id, number=number)
            pending.rows[one.item.place] = placed
        self._store.place(
            [(row.id, job.id, number) for number, (_, row) in enumerate(reserved, 1)]
        )

    def _reserve(
        self, pending: Pending, group: Sequence[_Wanted]
    ) -> list[tuple[_Wanted, Certification]]:
        """Keep what is asked for; what was kept and came to nothing is used again."""
        now = self._office.clock()
        with self._store.changing(pending.caller.tenant.id, now) as changes:
            digests = [one.digest for one in group]
            latest = changes.certifications(digests)
            attempts = changes.attempts(digests)
            found: dict[str, Certification] = {}
            new: dict[str, tuple[Certification, str, str]] = {}
            for one in group:
                row = latest.get(one.digest)
                if row is None or row.id in pending.stale:
                    row = Certification(
                        id=str(uuid4()),
                        user_id=one.user.id,
                        digest=one.digest,
                        attempt=attempts.get(one.digest, 0) + 1,
                        identifier=None,
                        job_id=None,
                        number=None,
                        made_at=now,
                    )
                    new[row.id] = (row, *one.is_of[1:])
                found[one.digest] = row
            rule = page.identifier_of(group[0].template.fields)
            if rule is not None:
                for name, identifier in _identifiers(changes, list(new), *rule).items():
                    row, kind, resource = new[name]
                    new[name] = (replace(row, identifier=identifier), kind, resource)
            changes.add_certifications(list(new.values()))
        made = {row.digest: row for row, _, _ in new.values()}
        return [(one, made.get(one.digest, found[one.digest])) for one in group]

    def _find(self, certificate_id: str) -> Certificate | None:
        try:
            return issued.find(certificate_id, certificates=self._office.certificates)
        except Refusal:  # erased
            return None


def erase(
    office: Office, tenant_id: str, person: Person, *, reason: str, actor: str
) -> Erasure:
    """Erase a person from all that a tenant has, also if nothing was issued to them."""
    done = office.erasures.erase(tenant_id, person, reason=reason, actor=actor)
    if person.email is not None:
        office.instance.store.forget(tenant_id, address_of(person.email))
    return done


class _People:
    """The learners whom a call names, and what it says of them."""

    def __init__(self, changes: Changes, learners: Sequence[Learner]) -> None:
        known = changes.users(
            [one.id for one in learners if one.id],
            [address_of(one.email) for one in learners if one.email],
            [one.external_id for one in learners if one.external_id],
        )
        self._known = {one.id: one for one in known}
        #: The one that was changed last wins.
        self._by_address = {one.address: one.id for one in reversed(known)}
        self._by_external: dict[str, set[str]] = {}
        for one in known:
            if one.external_id:
                self._by_external.setdefault(one.external_id, set()).add(one.id)
        self._changed: set[str] = set()

    @property
    def changed(self) -> list[StoredUser]:
        """Those who are new, or of whom something new was said."""
        return [self._known[one] for one in sorted(self._changed)]

    def by_address(self, email: str) -> StoredUser | None:
        """Return the learner with this address."""
        return self._known.get(self._by_address.get(address_of(email), ""))

    def by_external_id(self, name: str) -> set[str]:
        """Return the ids of those who were given this id of the client's."""
        found = self._by_external.get(name, set())
        return {one for one in found if self._known[one].external_id == name}

    def find(self, learner: Learner) -> StoredUser | None:
        """
        Return who is meant, if they are known.

        Raises:
            Refusal: CONFLICT, when that may be several.
        """
        if learner.id is not None:
            return self._known.get(learner.id)
        if learner.email is not None:
            return self.by_address(learner.email)
        found = self.by_external_id(learner.external_id or "")
        if len(found) > 1:
            raise Refusal(
                Kind.CONFLICT,
                "user_ambiguous",
                f"{len(found)} users have this externalCustomerId. Name the one who is "
                "meant by userId or email.",
                at="externalCustomerId",
            )
        return self._known[found.pop()] if found else None

    def resolve(self, learner: Learner) -> StoredUser:
        """
        Return who is meant, as they are from now on; make them if they are new.

        Raises:
            BadItem: their address is none.
            Refusal: NOT_FOUND, when nobody knows them and no address was sent.
        """
        if learner.email is not None and (problem := email_problem(learner.email)):
            raise BadItem(problem.message.replace("column recipientEmail", "email"))
        found = self.find(learner)
        if found is None:
            if learner.email is None:
                raise read.unknown_user()
            found = StoredUser(learner.id or str(uuid4()), learner.email, "", None, {})
        email = learner.email or found.email
        if address_of(email) == found.address:
            email = found.email  # in other letters it is the same mailbox
        now_known = StoredUser(
            found.id,
            email,
            address_of(email),
            learner.external_id or found.external_id,
            {**found.fields, **learner.said},
        )
        if now_known != self._known.get(found.id):
            self._known[found.id] = now_known
            self._by_address[now_known.address] = found.id
            if now_known.external_id:
                self._by_external.setdefault(now_known.external_id, set()).add(found.id)
            self._changed.add(found.id)
        return now_known


def address_of(email: str) -> str:
    """Return an address as learners' addresses are compared."""
    return issued.folded(email).lower()


def _kept_already(
    people: _People, learner: Learner, *, upsert: bool
) -> StoredUser | None:
    """
    Return whom a request to keep *learner* would change.

    Raises:
        Refusal: CONFLICT, when it is not to change anybody, or means two.
    """
    known = {"email": people.by_address(learner.email or "")}
    if learner.id is not None:
        known["id"] = people.find(learner)
    there = {at: one for at, one in known.items() if one is not None}
    names = {one.id for one in there.values()}
    for at in there:
        if not upsert or len(names) > 1:
            raise Refusal(
                Kind.CONFLICT,
                "user_exists",
                (
                    "The id is one user's, and the email another's. Send one of them."
                    if upsert
                    else f"There is a user with this {at}. Send upsert true to "
                    "change them."
                ),
                at=at,
            )
    if learner.external_id and people.by_external_id(learner.external_id) - names:
        raise Refusal(
            Kind.CONFLICT,
            "user_exists",
            "Another user has this externalCustomerId. Send one of their own.",
            at="externalCustomerId",
        )
    return next(iter(there.values()), None)


def _invalid(code: str, problem: object) -> Refusal:
    return Refusal(Kind.INVALID, code, str(problem))


def _refuse(
    pending: Pending,
    item: CertifyItem,
    refusal: Refusal,
    user: StoredUser | None = None,
) -> None:
    error = spell.ItemError(
        item.record, refusal.detail, user_id=user.id if user else None
    )
    pending.wanted.pop(item.place, None)
    pending.errors[item.place] = error, refusal


def _template_for(
    wanted: Certify, user: StoredUser, templates: Sequence[StoredTemplate]
) -> StoredTemplate:
    """
    Return the template that is meant for this user: one whose condition they fulfil,
    else one without a condition; of several, the one that was changed last.
    """
    of_resource = [
        one
        for one in templates
        if (one.resource_type, one.resource_id)
        == (wanted.resource_type, wanted.resource_id)
    ]
    custom = user.fields.get("customFields") or {}

    def rank(one: StoredTemplate) -> int | None:
        slug = one.fields.get("userCustomFieldSlug")
        if slug is None:
            return 0
        value = custom.get(slug) or user.fields.get(slug)
        return 1 if value == one.fields.get("userCustomFieldValue") else None

    fitting = [
        (place, one.changed_at, one.made_at, one.id, one)
        for one in of_resource
        if (place := rank(one)) is not None
    ]
    if fitting:
        return max(fitting, key=lambda one: one[:4])[4]
    why = (
        "None of its certificate templates is meant for this user."
        if of_resource
        else "It has no certificate template. Create one with POST "
        "/incoming/v2/content/certificate-templates/bulk first."
    )
    raise Refusal(
        Kind.NOT_FOUND,
        "certificate_template_not_found",
        f"The {wanted.resource_type} {wanted.resource_id} cannot be certified: {why}",
    )


def _check_dates(wanted: Certify, template: StoredTemplate, now: int) -> None:
    is_day = wanted.awarded_at is not None and wanted.awarded_at.endswith(MIDNIGHT)
    latest = rfc3339(now + (DAY_AHEAD_MILLISECONDS if is_day else SKEW_MILLISECONDS))
    if wanted.awarded_at is not None and wanted.awarded_at > latest:
        raise BadItem(
            f"issuedAt {wanted.awarded_at} is in the future. Send when the "
            "certificate was awarded, or leave it out for now."
        )
    end = _end(wanted, template, now)
    if end is not None and end <= rfc3339(now):
        raise BadItem(
            f"The certificate would have ended on {end} (expirationDate, or that of "
            "its template), before it is issued. Send a later expirationDate."
        )


def _end(wanted: Certify, template: StoredTemplate, now: int) -> str | None:
    """Return when the certificate ends, if it does."""
    if wanted.ends_at is not None:
        return wanted.ends_at
    fixed: str | None = template.fields.get("expirationDate")
    days = template.fields.get("expirationDays")
    if fixed is not None or days is None:
        return fixed
    awarded = datetime.fromisoformat(wanted.awarded_at or rfc3339(now))
    try:
        end = awarded + timedelta(days=days)
    except OverflowError:
        return None
    return end.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _digest(wanted: Certify, user: StoredUser, template: StoredTemplate) -> str:
    """Return the same for two requests that ask for the same."""
    asked = [
        *(template.id, user.id, user.email, spell.display_name(user.fields)),
        *(wanted.awarded_at, wanted.ends_at, wanted.recertify_at),
        sorted(wanted.attributes.items()),
    ]
    return hashlib.sha256(orjson.dumps(asked)).hexdigest()


def _identifiers(
    changes: Changes, names: Sequence[str], prefix: str, length: int
) -> dict[str, str]:
    """Draw an identifier for each of *names* that nothing of the tenant's has."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for _ in range(IDENTIFIER_DRAWS):
        drawn = {
            name: prefix + "".join(secrets.choice(ALPHABET) for _ in range(length))
            for name in names
            if name not in found
        }
        if not drawn:
            return found
        used |= changes.identifiers(drawn.values())
        for name, identifier in drawn.items():
            if identifier not in used:
                used.add(identifier)
                found[name] = identifier
    raise Refusal(
        Kind.CONFLICT,
        "identifiers_exhausted",
        f"Nearly every identifier of {length} characters is taken. Give the template's "
        "identifier a larger identifierBodyLength.",
    )


def _record(wanted: _Wanted, row: Certification, use: TemplateUse) -> dict[str, Any]:
    """Return the row that a certificate is issued from: the same for the same *row*."""
    fields, user = wanted.template.fields, wanted.user
    title = fields.get("resourceTitle") or fields["title"]
    awarded = datetime.fromisoformat(wanted.certify.awarded_at or rfc3339(row.made_at))
    attributes: dict[str, str | None] = {**_said(fields, user)}
    attributes |= wanted.certify.attributes
    # What is ours to say, nobody says otherwise.
    attributes[page.AWARDED] = awarded.date().isoformat()
    if row.identifier is not None:
        attributes[page.IDENTIFIER] = row.identifier
    if wanted.certify.recertify_at is not None:
        attributes[page.RECERTIFICATION] = wanted.certify.recertify_at[:10]
    end = _end(wanted.certify, wanted.template, row.made_at)
    if end is not None:
        attributes["validUntil"] = end
    for column in use.columns:  # what is printed has to be a column of the job
        if column.startswith("attribute_"):
            attributes.setdefault(column.removeprefix("attribute_"), None)
    return {
        "name": title,
        "description": f"Awarded for {title}",
        "category": CATEGORIES[wanted.template.resource_type],
        "recipientEmail": user.email,
        "recipientName": spell.display_name(user.fields) or user.email,
        "attributes": attributes,
    }


def _said(fields: Mapping[str, Any], user: StoredUser) -> dict[str, str]:
    """Return what is known of a learner, as far as the template prints it."""
    known = {**user.fields, **(user.fields.get("customFields") or {})}
    return {
        name: known[name]
        for name in page.attributes_of(fields)
        if isinstance(known.get(name), str)
    }


def _view(user: StoredUser) -> spell.UserView:
    return spell.UserView(user.id, user.email, user.external_id, user.fields)
