"""Certificate templates of Thought Industries' clients: kept, and prepared later."""

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from testamur.adapters.sql.thought_industries import (
    BROKEN,
    WAITING,
    Changes,
    Finished,
    SqlThoughtIndustries,
    StoredJob,
    StoredTemplate,
)
from testamur.core.child import Child
from testamur.core.clock import SECOND
from testamur.core.refusals import Fault, Kind, Reason, Refusal
from testamur.core.words import Caller
from testamur.dialects.thought_industries import page, read, spell
from testamur.dialects.thought_industries.read import TemplateItem
from testamur.dialects.thought_industries.values import BadItem
from testamur.intake.pictures import Decoder

from .logs import log
from .office import Office
from .page_child import ANSWER, MODULE, QUESTION

if TYPE_CHECKING:
    from testamur.adapters.http.fetch import Fetcher

#: Who prepares templates, in the audit log.
ACTOR = "thought-industries"

#: What changes how a template looks; whatever else changes, it need not be prepared.
LOOK = ("labels", "customCss", "asset")

#: How many templates are taken at once, and for how long nobody else takes them.
AT_ONCE = 64
ASSETS_AT_ONCE = 16
CLAIM_MILLISECONDS = 300 * SECOND

#: How many hosts are waited for at the same time.
FETCHERS = 4

#: How often is looked for templates that another process accepted.
LOOK_SECONDS = 1.0

#: How long a background is measured.
MEASURE_SECONDS = 15.0

#: A4 at 600 dots per inch, and no more.
MAX_ASSET_BYTES = 10 * 1024 * 1024

#: What is said of the image of a row, and is different for a background.
REMEDIES = (
    ("put the file into the ZIP", "put the file where everybody can fetch it"),
    ("retry the row", "send the template again"),
)

USER_AGENT = "Testamur (certificate templates)"
ACCEPT = "image/png, image/jpeg, image/webp, application/pdf"


class Instance:
    """What all the verbs of this API have in common."""

    def __init__(self, office: Office) -> None:
        self.store = SqlThoughtIndustries(office.database)
        #: Set when there is something to prepare.
        self.wake = threading.Event()


@dataclass(frozen=True)
class SiteTemplates:
    """The verbs of certificate templates and of their background jobs."""

    office: Office

    def put(
        self, caller: Caller, items: Sequence[TemplateItem], *, name: str
    ) -> spell.TemplatesAnswer:
        """
        Keep the templates of a bulk call; each that is wrong is told apart.

        All that can be kept is, in one transaction. *name* is what the call is
        called in its background job.
        """
        misplaced = {
            item.place: problem
            for item in items
            if (problem := _misplaced(item.changes)) is not None
        }
        now = self.office.clock()
        with self.office.instance.store.changing(caller.tenant.id, now) as changes:
            known = _known(changes, items)
            desk = _Desk(known, misplaced, now, caller.tenant.id)
            for item in items:
                desk.take(item)
            job = None
            if len(items) > read.JOB_THRESHOLD:
                job = _job(changes, name, len(items), len(desk.new) + len(desk.looks))
            job_id = None if job is None else job.id
            # First: a new one may have the title that another gives up in this call.
            changes.change_templates(
                list(desk.changed.values()),
                [replace(one, job_id=job_id) for one in desk.looks.values()],
            )
            changes.add_templates([replace(one, job_id=job_id) for one in desk.new])
        self.office.instance.wake.set()
        return spell.TemplatesAnswer(
            created_ids=[one.id for one in desk.new],
            updated=desk.updated,
            errors=desk.errors,
            warnings=[warning for item in items for warning in item.warnings],
            job=job,
        )

    def job(self, caller: Caller, job_id: str) -> spell.BackgroundJob:
        """Return a background job of the caller's, or refuse."""
        found = self.office.instance.store.job(caller.tenant.id, job_id)
        if found is None:
            raise read.unknown_job()
        return _spelt(found)


@dataclass
class _Desk:
    """Decides what becomes of each item of one call."""

    known: Sequence[StoredTemplate]
    #: By place: what stands where there is no page, should there be no asset.
    misplaced: Mapping[int, str]
    now: int
    tenant_id: str
    new: list[StoredTemplate] = field(default_factory=list)
    changed: dict[str, StoredTemplate] = field(default_factory=dict)
    looks: dict[str, StoredTemplate] = field(default_factory=dict)
    errors: list[spell.ItemError] = field(default_factory=list)
    updated: int = 0

    def __post_init__(self) -> None:
        self._by_id = {one.id: one for one in self.known}
        self._by_identity = {one.identity: one for one in self.known}
        #: The item that brought each template of this call.
        self._brought: dict[str, int] = {}

    def take(self, item: TemplateItem) -> None:
        """Note what is to be written, or why nothing is."""
        current = None
        if item.id is not None:
            current = self._by_id.get(item.id)
        try:
            if item.problem is not None:
                raise BadItem(item.problem)
            if item.id is not None and current is None:
                raise BadItem(
                    f"There is no certificate template with the id {item.id}. To "
                    "create one, send it without an id to .../certificate-templates/"
                    "bulk."
                )
            if current is None:
                current = self._by_identity.get(_identity(item.changes))
            self._merge(item, current)
        except BadItem as wrong:
            self.errors.append(
                spell.ItemError(
                    item.record,
                    str(wrong),
                    title=current.title if current else None,
                    resource_id=current.resource_id if current else None,
                )
            )

    def _merge(self, item: TemplateItem, current: StoredTemplate | None) -> None:
        if current is not None and current.id in self._brought:
            raise BadItem(
                "This is the same template as "
                f"templates[{self._brought[current.id]}]. Send it once."
            )
        before = current.fields if current else {}
        merged = {**before, **item.changes}
        fields = {name: value for name, value in merged.items() if value is not None}
        identity = _identity(fields)
        other = self._by_identity.get(identity)
        if other is not None and (current is None or other.id != current.id):
            raise BadItem(
                f"The template {other.id} has the same resource and title already. "
                "Change that one, or give this one another title."
            )
        if not fields.get("asset"):
            problem = self.misplaced.get(item.place)
            if problem is None and "labels" not in item.changes:
                problem = _misplaced(fields)
            if problem is not None:
                raise BadItem(problem)
        self._write(item, current, fields, identity)

    def _write(
        self,
        item: TemplateItem,
        current: StoredTemplate | None,
        fields: dict[str, Any],
        identity: tuple[str, str, str],
    ) -> None:
        if current is None:
            written = StoredTemplate(
                *(
                    str(uuid4()),
                    *identity,
                    fields,
                    1,
                    WAITING,
                    bool(fields.get("asset")),
                ),
                *(None, None, None, None, self.now, self.now, self.tenant_id, None),
            )
            self.new.append(written)
        else:
            kind, resource, title = identity
            written = replace(
                current,
                resource_type=kind,
                resource_id=resource,
                title=title,
                fields=fields,
                has_asset=bool(fields.get("asset")),
            )
            self.changed[written.id] = written
            self.updated += 1
            if current.state == BROKEN or any(
                fields.get(name) != current.fields.get(name) for name in LOOK
            ):
                self.looks[written.id] = written
            self._by_identity.pop(current.identity, None)
        self._brought[written.id] = item.place
        self._by_id[written.id] = self._by_identity[written.identity] = written


def _known(changes: Changes, items: Sequence[TemplateItem]) -> Sequence[StoredTemplate]:
    """Return every template that the items may mean, or be mistaken for."""
    sound = [item for item in items if item.problem is None]
    found = changes.templates(
        [item.id for item in sound if item.id is not None],
        [item.changes["resourceId"] for item in sound if "resourceId" in item.changes],
    )
    beside = changes.templates((), {one.resource_id for one in found})
    return list({one.id: one for one in (*found, *beside)}.values())


def _identity(fields: Mapping[str, Any]) -> tuple[str, str, str]:
    return fields["resourceType"], fields["resourceId"], fields["title"]


def _misplaced(fields: Mapping[str, Any]) -> str | None:
    """Say what of a template without a background does not stand on the page."""
    if not fields.get("labels") or fields.get("asset"):
        return None
    try:
        page.document(fields, page.PLAIN)
    except BadItem as wrong:
        return str(wrong)
    return None


def _job(changes: Changes, name: str, items: int, total: int) -> spell.BackgroundJob:
    description = f"{name}: prepares {total:,} of the {items:,} templates sent"
    job_id = str(uuid4())
    changes.add_job(job_id, spell.PREPARE_TEMPLATES, description, total)
    return spell.BackgroundJob(
        id=job_id,
        type=spell.PREPARE_TEMPLATES,
        description=description,
        made_at=changes.now,
        total=total,
        is_started=False,
        waiting=total,
        broken=0,
        message=None,
    )


def _spelt(found: StoredJob) -> spell.BackgroundJob:
    return spell.BackgroundJob(
        id=found.id,
        type=found.type,
        description=found.description,
        made_at=found.made_at,
        total=found.total,
        is_started=found.started_at is not None,
        waiting=found.waiting,
        broken=found.broken,
        message=found.message,
    )


# Preparing ---------------------------------------------------------------------


class Preparer:
    """
    Turns certificate templates into templates of ours; fetches their backgrounds.

    Several processes may each have one: what one has claimed, no other takes. After
    a crash the claim lapses, and what it was doing is done again, to the same end.
    One thread uses it, and closes it.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._store = office.instance.store
        self._decoder = Decoder()
        self._measurer = Child(MODULE, what="measurer of PDFs")
        self._fetcher: Fetcher | None = None

    def prepare_waiting(self) -> int:
        """Prepare some templates that wait; return how many."""
        now = self._office.clock()
        until = now + CLAIM_MILLISECONDS
        claimed = self._store.claim(now, until, limit=AT_ONCE)
        if not claimed:
            claimed = self._store.claim(
                now, until, limit=ASSETS_AT_ONCE, has_asset=True
            )
        self._prepare(claimed)
        return len(claimed)

    def prepare(self, template_id: str) -> None:
        """Prepare this one, unless somebody is at it or it does not wait."""
        now = self._office.clock()
        self._prepare(
            self._store.claim(now, now + CLAIM_MILLISECONDS, only=template_id)
        )

    def rest(self) -> None:
        """Give back what takes memory, until there is something to do."""
        self._decoder.close()
        self._measurer.close()
        if self._fetcher is not None:
            self._fetcher.close()
            self._fetcher = None

    def _prepare(self, claimed: Sequence[StoredTemplate]) -> None:
        assets = {
            one.fields["asset"]: None for one in claimed if one.fields.get("asset")
        }
        files = _fetched(self._fetching(), list(assets)) if assets else {}
        if not files:
            self._store.finish([*self._made_together(claimed)])
            return
        for one in claimed:
            file = files[one.fields["asset"]].result()
            self._store.finish([self._made(one, file)])

    def _made_together(self, templates: Sequence[StoredTemplate]) -> Iterator[Finished]:
        """Give what becomes of templates without an asset, kept in few transactions."""
        from testamur.rendering.package.package import pack

        new: dict[str, list[tuple[StoredTemplate, bytes]]] = {}
        for one in templates:
            if one.template_id is not None:
                yield self._made(one, None)
                continue
            try:
                data = pack(page.document(one.fields, page.PLAIN), {})
            except BadItem:
                yield self._made(one, None)
            else:
                new.setdefault(one.tenant_id, []).append((one, data))
        for owner, packages in new.items():
            try:
                versions = self._office.templates.add_all(
                    owner, [(_name(one), data) for one, data in packages], by=ACTOR
                )
            except Refusal:  # of which one, is found out one by one
                for one, _ in packages:
                    yield self._made(one, None)
                continue
            for (one, _), version in zip(packages, versions, strict=True):
                yield Finished(one, version.template_id, version.number)

    def _made(self, template: StoredTemplate, asset: bytes | Reason | None) -> Finished:
        # Not at the top: most servers never prepare a template.
        from testamur.rendering.package.package import pack

        try:
            stands, assets = self._page(asset)
            data = pack(page.document(template.fields, stands), assets)
            template_id, version = self._keep(template, data, is_sure=not assets)
        except BadItem as wrong:
            return Finished(template, code="template_invalid", message=str(wrong))
        except Refusal as refusal:
            return Finished(template, code=refusal.code, message=refusal.detail)
        except Fault:
            raise  # it is tried again when the claim has lapsed
        except Exception:
            # A bug of ours must not have others wait for this one for ever.
            log.exception("a template was not prepared", template=template.id)
            broken = "Something broke on our side. Ask your operator."
            return Finished(template, code="internal_error", message=broken)
        return Finished(template, template_id=template_id, version=version)

    def _keep(
        self, template: StoredTemplate, data: bytes, *, is_sure: bool
    ) -> tuple[str, int]:
        """
        Return the template and version that the package *data* is kept as.

        One that *is_sure* to be drawable is made ready when it is first needed.
        """
        templates, owner = self._office.templates, template.tenant_id
        if template.template_id is not None:
            with suppress(Refusal):  # its owner archived it: it gets a new one
                templates.find(owner, template.template_id)
                version, _ = templates.new_version(
                    owner, template.template_id, data, by=ACTOR, later=is_sure
                )
                return version.template_id, version.number
        version, _ = templates.add(
            owner, _name(template), data, by=ACTOR, later=is_sure
        )
        return version.template_id, version.number

    def _page(
        self, asset: bytes | Reason | None
    ) -> tuple[page.Page, Mapping[str, bytes]]:
        """Return the page that *asset* fills, and the assets of its package."""
        if asset is None:
            return page.PLAIN, {}
        if isinstance(asset, Reason):
            message = asset.message
            for of_a_row, here in REMEDIES:
                message = message.replace(of_a_row, here)
            raise Refusal(Kind.INVALID, asset.code, f"The asset: {message}")
        if b"%PDF-" in asset[:1024]:
            width, height = self._measure(asset)
            name = "background.pdf"
            return page.page_of_pdf(width, height, name), {name: asset}
        picture = self._decoder.normalise(asset)
        if isinstance(picture, Reason):
            raise Refusal(Kind.INVALID, picture.code, f"The asset: {picture.message}")
        ending = "jpg" if picture.media_type == "image/jpeg" else "png"
        name = f"background.{ending}"
        stands = page.page_of_picture(picture.width, picture.height, name)
        return stands, {name: picture.data}

    def _measure(self, pdf: bytes) -> tuple[float, float]:
        deadline = time.monotonic() + MEASURE_SECONDS
        try:
            self._measurer.start()
            self._measurer.send(QUESTION.pack(len(pdf)) + pdf, deadline)
            answer = self._measurer.receive(ANSWER.size, deadline)
        except (OSError, EOFError):
            self._measurer.close()
            raise _not_a_pdf() from None
        pages, width, height = ANSWER.unpack(answer)
        if pages != 1 or not (width > 0 and height > 0):
            raise _not_a_pdf(pages)
        return width, height

    def _fetching(self) -> "Fetcher":
        # An HTTP client takes memory, and most templates bring no picture.
        from testamur.adapters.http.fetch import Fetcher

        if self._fetcher is None:
            self._fetcher = Fetcher(
                allow=self._office.settings.fetch_allow,
                own_hosts=[self._office.public_host],
                max_bytes=MAX_ASSET_BYTES,
                total_seconds=10.0,
                row_seconds=20.0,
                retries=1,
                user_agent=USER_AGENT,
                accept=ACCEPT,
            )
        return self._fetcher


def _name(template: StoredTemplate) -> str:
    """Return its name among all templates: after a crash it is found by it."""
    return f"{template.title[:200]} · {template.id}"


def _fetched(
    fetcher: "Fetcher", urls: Sequence[str]
) -> "Mapping[str, Future[bytes | Reason]]":
    """Fetch *urls*, some at a time: a slow host holds up what is on it."""
    files: dict[str, Future[bytes | Reason]] = {url: Future() for url in urls}
    waiting = deque(urls)

    def work() -> None:
        with suppress(IndexError):
            while True:
                url = waiting.popleft()
                try:
                    files[url].set_result(fetcher.fetch(url))
                except BaseException as trouble:
                    files[url].set_exception(trouble)

    for _ in range(min(FETCHERS, len(urls))):
        # Nobody waits for other people's hosts when the server stops.
        threading.Thread(target=work, name="ti-fetch", daemon=True).start()
    return files


def _not_a_pdf(pages: int = 0) -> Refusal:
    what = f"has {pages} pages" if pages > 1 else "cannot be read"
    return Refusal(
        Kind.INVALID,
        "asset_pdf",
        f"The asset is a PDF that {what}. Send one page, saved anew as a plain PDF.",
    )


@contextmanager
def preparing(office: Office) -> Iterator[None]:
    """Prepare templates in a thread, for as long as the block runs."""
    instance = office.instance
    if office.settings.is_embedded:
        instance.store.release()  # whoever claimed some died with the last server
    stopping = threading.Event()

    def work() -> None:
        preparer = Preparer(office)
        while not stopping.is_set():
            try:
                is_busy = preparer.prepare_waiting() > 0
            except Fault as trouble:
                is_busy = False
                log.warning("templates were not prepared", trouble=str(trouble))
            except Exception:
                is_busy = False
                log.exception("templates were not prepared")
            if not is_busy:
                preparer.rest()
                instance.wake.wait(LOOK_SECONDS)
                instance.wake.clear()

    thread = threading.Thread(target=work, name="ti-preparer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        instance.wake.set()
        thread.join(2.0)
