"""Certificates drawn by their templates: checked, made when asked for, and kept."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from zlib import crc32

from testamur.adapters.sql.prints import Print
from testamur.core.refusals import Fault, Kind, Reason, Refusal
from testamur.core.words import (
    Certificate,
    Job,
    Letterhead,
    Profile,
    StoredPicture,
    TemplateUse,
)
from testamur.issuance.ports import Kept, ToPrint
from testamur.issuance.read import find_kept, read
from testamur.rendering.pdf.stamp import RowPicture
from testamur.rendering.printer import Printer, Subject

from .office import Office
from .printing_crew import Crew

PDF = "pdf"

#: How many templates a process keeps ready; each takes a few megabytes.
MAX_PRINTERS = 8

#: A job with fewer files to make is not worth processes of its own.
FEW = 40

#: How many files are kept in one transaction.
PART = 100


class Printing:
    """`issuance.ports.Looks` and `delivery.ports.Prints` for everything in *office*."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._lock = threading.Lock()
        self._printers: OrderedDict[int, _Ready] = OrderedDict()
        self._crew = Crew()

    # --- while certificates are issued ---------------------------------------

    def problems(
        self, profile: Profile, certificates: Sequence[ToPrint]
    ) -> Mapping[int, Reason]:
        """Say, by row number, which of these cannot be drawn, and why not."""
        assert profile.template is not None
        found = {}
        ready = self._ready(profile.template)
        with ready.lock:
            for one in certificates:
                problem = ready.printer.problem(_to_be(profile, one))
                if problem is not None:
                    found[one.row] = problem
        return found

    # --- when somebody asks ----------------------------------------------------

    def pdf(self, certificate: Certificate) -> bytes | None:
        """Return a certificate's file; None when it has no template."""
        if certificate.template is None:
            return None
        one = self._print(certificate.id, certificate.template)
        return b"".join(self._pieces(one))

    def picture(self, certificate: Certificate, kind: str) -> bytes | None:
        """Return its page as `png`, `jpeg` or `card`; None when it has no template."""
        if certificate.template is None:
            return None
        one = self._print(certificate.id, certificate.template)
        ready = self._ready(certificate.template)
        kept = find_kept(certificate.id, certificates=self._office.certificates)
        if kept is None:
            return None
        # Its address is that of the day when it was issued.
        url = _page(kept.profile, certificate.id)
        with ready.lock:
            if kind == "card":  # too small for its QR code to be read
                return ready.printer.card(one.tail)
            draw = ready.printer.png if kind == "png" else ready.printer.jpeg
            return draw(one.tail, url)

    def of_rows(
        self, job: int, first: int, last: int
    ) -> Iterator[tuple[int, Sequence[bytes]]]:
        """Give the files of a job's rows *first* to *last*, each in pieces, by row."""
        for start in range(first, last + 1, PART):
            end = min(start + PART - 1, last)
            for number, one in self._office.prints.of_rows(job, start, end, PDF):
                yield number, self._pieces(one)

    def complete(self, job: Job, *, patience: float | None) -> None:
        """
        Return when each of the job's certificates has its file.

        Raises:
            Refusal: TOO_OFTEN, when that would take more than *patience* seconds
                (None: however long it takes); they go on being made.
            Fault: one of them cannot be made.
        """
        prints = self._office.prints
        missing = prints.count_missing(job.seq, PDF)
        if missing <= FEW:
            self.make(job, 1, job.total)
            return
        if self._crew.work(job, patience=patience):
            self.make(job, 1, job.total)  # what was issued meanwhile
            return
        left = prints.count_missing(job.seq, PDF)
        raise Refusal(
            Kind.TOO_OFTEN,
            "files_being_made",
            f"The certificates' files are being made; {left:,} of {job.total:,} are "
            "still to come. Ask again in half a minute.",
            retry_after_seconds=30,
        )

    def make(
        self, job: Job, first: int, last: int, *, at_most: int | None = None
    ) -> bool:
        """
        Make the files that rows *first* to *last* of *job* have not yet.

        Say if they have all; after some *at_most* files it may be that they have not.
        """
        prints, after = self._office.prints, first - 1
        assert job.profile.template is not None
        count = 0
        while names := prints.missing(job.seq, PDF, after=after, last=last, limit=PART):
            if at_most is not None and count >= at_most:
                return False
            count += len(names)
            made = []
            for name, number in names:
                one = self._made(name, job.profile.template)
                if one is not None:
                    made.append((name, one))
                after = number
            prints.keep(made, PDF)
        return True

    # --- how -------------------------------------------------------------------

    def _print(self, certificate_id: str, template: TemplateUse) -> Print:
        """Return a certificate's file, compared with its digest if it was kept."""
        found = self._office.prints.find(certificate_id, PDF)
        if found is not None:
            digest = hashlib.sha256()
            for piece in self._pieces(found):
                digest.update(piece)
            if digest.digest() != found.digest:
                raise Fault(
                    f"the file of certificate {certificate_id} is damaged",
                    passing=False,
                )
            return found
        made = self._made(certificate_id, template)
        if made is None:
            raise Refusal(
                Kind.NOT_FOUND,
                "certificate_not_found",
                "There is no such certificate any more.",
                at="id",
            )
        self._office.prints.keep([(certificate_id, made)], PDF)
        return made

    def _made(self, certificate_id: str, template: TemplateUse) -> Print | None:
        """Draw a certificate; None if it was erased meanwhile."""
        try:
            kept = find_kept(certificate_id, certificates=self._office.certificates)
        except Refusal:
            return None
        if kept is None:
            return None
        credential = self._office.credentials.read(kept)
        ready = self._ready(template)
        with ready.lock:
            tail = ready.printer.file(
                self._as_issued(kept), credential.body if credential else None
            )
        shared = _Shared() if tail.startswith(b"%PDF-") else ready.shared
        digest = shared.state.copy()
        digest.update(tail)
        return Print(
            prefix_digest=shared.digest,
            tail=tail,
            size=shared.size + len(tail),
            crc32=crc32(tail, shared.crc32),
            digest=digest.digest(),
        )

    def _pieces(self, one: Print) -> Sequence[bytes]:
        """Return a file in pieces, which are what was kept, or nothing."""
        pieces = [one.tail]
        if one.prefix_digest is not None:
            pieces.insert(0, self._prefix(one.prefix_digest))
        return pieces

    @lru_cache(maxsize=MAX_PRINTERS)  # noqa: B019 - lives as long as the process
    def _prefix(self, digest: str) -> bytes:
        return self._blob(digest, "what the files of a template begin with")

    def _as_issued(self, kept: Kept) -> Subject:
        certificate = read(kept)
        picture = certificate.picture
        return Subject(
            facts=certificate.facts,
            certificate_id=certificate.id,
            reference=certificate.reference,
            issued_at=certificate.issued_at,
            valid_until=certificate.valid_until,
            issuer_name=_letterhead(kept.profile).name,
            url=_page(kept.profile, certificate.id),
            picture=self._picture(picture) if picture else None,
        )

    def _picture(self, picture: StoredPicture) -> RowPicture:
        data = self._blob(picture.digest, "a stored picture")
        return RowPicture(data, picture.media_type, picture.width, picture.height)

    def _blob(self, digest: str, what: str) -> bytes:
        try:
            with self._office.blobs.open(digest) as file:
                data = file.read()
        except OSError as error:
            raise Fault(f"{what}, {digest}, is gone", passing=False) from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise Fault(f"{what}, {digest}, is damaged", passing=False)
        return data

    def _ready(self, template: TemplateUse) -> "_Ready":
        with self._lock:
            found = self._printers.get(template.version_id)
            if found is None:
                digest = self._office.templates.prepared(template.version_id)
                data = self._blob(digest, "a prepared template")
                printer = Printer(data, self._office.typesetting)
                shared = _Shared()
                if prefix := printer.prefix:
                    shared = _Shared(
                        self._office.blobs.put(prefix),
                        len(prefix),
                        crc32(prefix),
                        hashlib.sha256(prefix),
                    )
                found = _Ready(printer, shared)
                self._printers[template.version_id] = found
                if len(self._printers) > MAX_PRINTERS:
                    self._printers.popitem(last=False)
            self._printers.move_to_end(template.version_id)
        return found


@dataclass(frozen=True, slots=True)
class _Shared:
    """What files begin with, as far as it was computed already."""

    digest: str | None = None
    size: int = 0
    crc32: int = 0
    #: SHA-256, to be gone on with.
    state: "hashlib._Hash" = field(default_factory=hashlib.sha256)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A template that certificates are drawn with, one at a time."""

    printer: Printer
    shared: _Shared
    lock: threading.Lock = field(default_factory=threading.Lock)


def _to_be(profile: Profile, one: ToPrint) -> Subject:
    return Subject(
        facts=one.facts,
        certificate_id=one.certificate_id,
        reference=one.reference,
        issued_at=one.issued_at,
        valid_until=one.valid_until,
        issuer_name=_letterhead(profile).name,
        url=_page(profile, one.certificate_id),
    )


def _letterhead(profile: Profile) -> Letterhead:
    assert profile.letterhead is not None, "a job with a template is signed"
    return profile.letterhead


def _page(profile: Profile, certificate_id: str) -> str:
    return f"{_letterhead(profile).public_url}/c/{certificate_id}"
