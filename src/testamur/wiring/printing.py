"""
The files of certificates: made of templates when asked for, or their issuers' own.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol
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
from testamur.rendering.pdf.signature import Slot
from testamur.rendering.pdf.stamp import RowPicture
from testamur.rendering.printer import Printer, Subject

from .drawing import Drawing
from .office import Office
from .printing_crew import Crew

PDF = "pdf"

#: The same, signed by the institution.
SIGNED = "signed"

#: How many templates a process keeps ready; each takes a few megabytes.
MAX_PRINTERS = 8

#: A job with fewer files to make is not worth processes of its own.
FEW = 40

#: How many files are kept in one transaction.
PART = 100


class Signing(Protocol):
    """Signs certificates while they are drawn."""

    def slot(self) -> Slot:
        """Return a signature to be."""
        ...

    def make_room(self, trouble: Exception) -> bool:
        """Have the next slots be larger, if *trouble* is that this one was not."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return a whole PDF, signed."""
        ...


class Printing:
    """`issuance.ports.Looks` and `delivery.ports.Prints` for everything in *office*."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._lock = threading.Lock()
        self._printers: OrderedDict[int, _Ready] = OrderedDict()
        self._crew = Crew()
        self._drawing = Drawing()

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
        """Return a certificate's file; None when it has none."""
        if not certificate.has_file:
            return None
        one = self._print(certificate.id, certificate.template)
        return b"".join(self._pieces(one))

    def picture(self, certificate: Certificate, kind: str) -> bytes | None:
        """Return its page as `png`, `jpeg` or `card`; None when it has no file."""
        if not certificate.has_file:
            return None
        one = self._print(certificate.id, certificate.template)
        if certificate.template is None:
            return self._drawing.draw(b"".join(self._pieces(one)), kind)
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

    def signed(self, certificate: Certificate) -> bytes | None:
        """Return its file that its institution signed; None when there is none."""
        found = self._office.prints.find(certificate.id, SIGNED)
        return None if found is None else b"".join(self._checked(certificate.id, found))

    def is_signed(self, certificate_id: str) -> bool:
        """Say whether it has such a file."""
        return self._office.prints.find(certificate_id, SIGNED) is not None

    def sign(self, job: Job, names: Sequence[tuple[str, int]], how: Signing) -> None:
        """
        Make the signed files of these certificates of *job*, and keep them.

        Raises:
            Fault: one of them cannot be made, or signed; then none is kept.
        """
        made = []
        for name, _ in names:
            try:
                one = self._made(name, job.profile.template, how)
            except Exception as trouble:
                if not how.make_room(trouble):
                    raise
                one = self._made(name, job.profile.template, how)
            if one is not None:
                made.append((name, one))
        self._office.prints.keep(made, SIGNED)

    # --- how -------------------------------------------------------------------

    def _print(self, certificate_id: str, template: TemplateUse | None) -> Print:
        """Return a certificate's file, compared with its digest if it was kept."""
        found = self._office.prints.find(certificate_id, PDF)
        if found is not None:
            self._checked(certificate_id, found)
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

    def _checked(self, certificate_id: str, one: Print) -> Sequence[bytes]:
        """Return a kept file in pieces, compared with its digest."""
        digest = hashlib.sha256()
        pieces = self._pieces(one)
        for piece in pieces:
            digest.update(piece)
        if digest.digest() != one.digest:
            raise Fault(
                f"the file of certificate {certificate_id} is damaged", passing=False
            )
        return pieces

    def _made(
        self,
        certificate_id: str,
        template: TemplateUse | None,
        how: Signing | None = None,
    ) -> Print | None:
        """Make a certificate's file; None if it was erased meanwhile."""
        try:
            kept = find_kept(certificate_id, certificates=self._office.certificates)
        except Refusal:
            return None
        if kept is None:
            return None
        if template is None:
            document = read(kept).facts.document
            assert document is not None, "a certificate without a file has no print"
            data = self._blob(document.digest, "a certificate's document")
            digest = bytes.fromhex(document.digest)
            return Print(document.digest, b"", len(data), crc32(data), digest)
        credential = self._office.credentials.read(kept)
        ready = self._ready(template)
        with ready.lock:
            tail = ready.printer.file(
                self._as_issued(kept),
                credential.body if credential else None,
                how.slot() if how else None,
                sign=how.sign if how else None,
            )
        shared = _Shared() if tail.startswith(b"%PDF-") else ready.shared
        state = shared.state.copy()
        state.update(tail)
        return Print(
            prefix_digest=shared.digest,
            tail=tail,
            size=shared.size + len(tail),
            crc32=crc32(tail, shared.crc32),
            digest=state.digest(),
        )

    def _pieces(self, one: Print) -> Sequence[bytes]:
        """Return a file in pieces, which are what was kept, or nothing."""
        if one.prefix_digest is not None and not one.tail:
            # A document: nobody else's begins so, and it may be large.
            return [self._blob(one.prefix_digest, "a certificate's document")]
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
