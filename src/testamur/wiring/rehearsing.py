"""Rehearsals: how issuing would go, in an office where nothing changes meanwhile."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from testamur.adapters.http.dial import system_resolver
from testamur.adapters.http.wall import Wall
from testamur.core.columns import IMAGE
from testamur.core.findings import Finding, Rehearsed
from testamur.core.policy import CURRENT_PRICES, DEFAULT_EXPIRY_DAYS
from testamur.core.refusals import Kind, Reason, Refusal
from testamur.core.words import Facts, Letterhead, Profile, TemplateUse, Tenant
from testamur.intake.admit import UploadedFile
from testamur.intake.archive import Archive
from testamur.intake.door import Wishes, opened, opened_records
from testamur.intake.ports import Sheet
from testamur.issuance.did_web import did_of
from testamur.issuance.issue import checker
from testamur.issuance.validity import COLUMN as END_COLUMN
from testamur.rehearsal.ports import Check, Stage
from testamur.rehearsal.rehearse import SECONDS, Abandoned, Run, rehearse
from testamur.rehearsal.tally import Note
from testamur.web.verbs import ReceivedFile, Wanted

from .office import Office
from .rehearsing_pictures import Pictures, unused_finding
from .rehearsing_stage import HouseStage, Play

#: How long somebody waits for another rehearsal to be over.
PATIENCE_SECONDS = 30.0

#: How many may wait for it.
MAX_WAITING = 8

_LOOK_SECONDS = 0.1


@dataclass
class Rehearsals:
    """Rehearses for everybody in *office*: one at a time takes the processors."""

    office: Office
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _waiting: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(MAX_WAITING)
    )

    def of_files(
        self,
        tenant: Tenant,
        rows_file: UploadedFile,
        images_file: UploadedFile | None,
        wishes: Wishes,
        *,
        note: Note | None = None,
        is_abandoned: Abandoned = lambda: False,
        seconds: float = SECONDS,
    ) -> Rehearsed:
        """
        Return how issuing these files would go; hand findings to *note* on the way.

        Raises:
            Refusal: what is wrong with a file as a whole, as `Door.enter` has it;
                TOO_OFTEN `rehearsal_busy`.
            Fault: nobody waits for it any more, or what draws does not start.
        """
        sheet, archive = opened(tenant.plan, rows_file, images_file, wishes)
        try:
            return self._rehearse(
                tenant, sheet, archive, wishes, note, is_abandoned, seconds
            )
        finally:
            if archive is not None:
                archive.close()

    def of_records(
        self,
        tenant: Tenant,
        records: Sequence[Mapping[str, object]],
        wishes: Wishes,
        *,
        note: Note | None = None,
        is_abandoned: Abandoned = lambda: False,
        seconds: float = SECONDS,
    ) -> Rehearsed:
        """Return how issuing rows that came as JSON would go; else as `of_files`."""
        sheet = opened_records(tenant.plan, records, wishes)
        return self._rehearse(tenant, sheet, None, wishes, note, is_abandoned, seconds)

    def _rehearse(
        self,
        tenant: Tenant,
        sheet: Sheet,
        archive: Archive | None,
        wishes: Wishes,
        note: Note | None,
        is_abandoned: Abandoned,
        seconds: float,
    ) -> Rehearsed:
        office, use = self.office, wishes.template
        profile = self._profile(tenant, sheet, archive, wishes)
        pictures = Pictures(archive, self._wall())
        play = Play(
            profile=profile,
            pictures=pictures,
            prepared=self._prepared(use) if use else None,
            fonts=office.settings.fonts,
            typesetting=lambda: office.typesetting,
            now=office.clock(),
            is_abandoned=is_abandoned,
        )

        def make_stage() -> Stage:
            return HouseStage(play)

        def of_file() -> Sequence[Finding]:
            unused = pictures.unused()
            return [unused_finding(unused)] if unused else []

        run = Run(
            sheet=sheet,
            check=_checking(profile, pictures if archive else None),
            of_file=of_file,
            now=play.now,
            make_stage=make_stage,
            template=self._called(tenant, use) if use else None,
            printed=_printed(use, sheet, archive, wishes) if use else (),
            seconds=seconds,
        )
        self._take_turn(is_abandoned)
        try:
            return rehearse(run, note=note, is_abandoned=is_abandoned)
        finally:
            self._turn.release()

    def _take_turn(self, is_abandoned: Abandoned) -> None:
        if not self._waiting.acquire(blocking=False):
            raise _busy()
        try:
            waited = 0.0
            while not self._turn.acquire(timeout=_LOOK_SECONDS):
                waited += _LOOK_SECONDS
                if waited > PATIENCE_SECONDS or is_abandoned():
                    raise _busy()
        finally:
            self._waiting.release()

    def _profile(
        self, tenant: Tenant, sheet: Sheet, archive: Archive | None, wishes: Wishes
    ) -> Profile:
        """Return how a job of these rows would be issued. No key is made for it."""
        public_url = self.office.public_url
        return Profile(
            columns=sheet.columns,
            rows_digest="",
            images_digest=None if archive is None else "rehearsed",
            expiry_days=DEFAULT_EXPIRY_DAYS,
            price_version=CURRENT_PRICES,
            reference_prefix="PB-",
            images=archive.image_count if archive else 0,
            version=2,
            letterhead=Letterhead(
                did=did_of(public_url, tenant.slug),
                name=tenant.name,
                url=f"{public_url}/t/{tenant.slug}",
                hides_addresses=not tenant.shows_addresses,
                key_id="rehearsal",
                public_url=public_url,
            ),
            valid_days=wishes.valid_days,
            template=wishes.template,
        )

    def _prepared(self, use: TemplateUse) -> bytes:
        digest = self.office.templates.prepared(use.version_id)
        return self.office.blobs.path(digest).read_bytes()

    def _called(self, tenant: Tenant, use: TemplateUse) -> str:
        found = self.office.templates.find(tenant.id, use.template_id)
        return f"{found.name}@{use.number}"

    def _wall(self) -> Wall:
        return Wall(
            allow=self.office.settings.fetch_allow,
            allow_http=False,
            own_hosts=[self.office.public_host],
            resolver=system_resolver,
        )


@dataclass(frozen=True)
class SiteRehearsals:
    """`web.routes.native_rehearsals.Rehearse`."""

    office: Office
    rehearsals: Rehearsals

    def files(
        self,
        tenant: Tenant,
        rows_file: ReceivedFile,
        images_file: ReceivedFile | None,
        wanted: Wanted,
        *,
        note: Note | None,
        is_abandoned: Abandoned,
    ) -> Rehearsed:
        """Return how issuing these files would go."""
        return self.rehearsals.of_files(
            tenant,
            UploadedFile(rows_file.path, rows_file.sha256),
            UploadedFile(images_file.path, images_file.sha256) if images_file else None,
            self._wishes(tenant, wanted),
            note=note,
            is_abandoned=is_abandoned,
        )

    def records(
        self,
        tenant: Tenant,
        records: Sequence[Mapping[str, object]],
        wanted: Wanted,
        *,
        note: Note | None,
        is_abandoned: Abandoned,
    ) -> Rehearsed:
        """Return how issuing rows that came as JSON would go."""
        return self.rehearsals.of_records(
            tenant,
            records,
            self._wishes(tenant, wanted),
            note=note,
            is_abandoned=is_abandoned,
        )

    def _wishes(self, tenant: Tenant, wanted: Wanted) -> Wishes:
        use = None
        if wanted.template is not None:
            use = self.office.templates.choose(tenant.id, wanted.template)
        return Wishes(
            encoding=wanted.encoding,
            mapping=wanted.mapping,
            valid_days=wanted.valid_days,
            template=use,
        )


def _checking(profile: Profile, pictures: Pictures | None) -> Check:
    """Return what reads rows; of those that fail it notes which image they mean."""
    check = checker(profile).check
    if pictures is None:
        return check
    columns = profile.columns
    at = columns.index(IMAGE) if IMAGE in columns else None

    def noting(row: int, cells: Sequence[str]) -> Facts | Reason:
        found = check(row, cells)
        if isinstance(found, Reason) and len(cells) == len(columns):
            pictures.source(row, "" if at is None else cells[at].strip())
        return found

    return noting


def _printed(
    use: TemplateUse, sheet: Sheet, archive: Archive | None, wishes: Wishes
) -> tuple[str, ...]:
    """Return the columns of which the template prints what rows say."""
    ends = [column for column in sheet.columns if column.lower() == END_COLUMN.lower()]
    printed = []
    for column in use.columns:
        if column != "validUntil":
            printed.append(column)
        elif wishes.valid_days is None:
            printed += ends[:1] or [END_COLUMN]
    if use.takes_picture and archive is None:
        printed.append(IMAGE)
    return tuple(printed)


def _busy() -> Refusal:
    return Refusal(
        Kind.TOO_OFTEN,
        "rehearsal_busy",
        "Other rehearsals are going on. Try again shortly.",
        retry_after_seconds=10,
    )
