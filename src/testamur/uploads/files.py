"""
Uploaded files: PDFs and pictures that are sent first and used afterwards.

What a file is, its first bytes say; what its sender calls it is only its name.
"""

import re
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from testamur.core.clock import Clock
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import KeptFile

from .ports import Blobs, FileShelf

#: What is taken, and the extension that it has.
EXTENSIONS: Mapping[str, str] = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
}

#: Endings that need no other: they mean the same.
OTHER_ENDINGS: Mapping[str, str] = {"jpeg": "jpg", "jpe": "jpg"}

#: Readers look for the header of a PDF so far (ISO 32000-1, annex H.3, note 13).
HEAD_BYTES = 1_024

MAX_NAME_CHARACTERS = 255

#: What a file is called whose name says nothing.
NAMELESS = "file"

UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: Controls, halves of UTF-16 pairs, and what turns text around.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """A file that arrived whole, at a path that whoever received it removes later."""

    path: Path
    digest: str
    size: int
    #: As its sender called it; may be anything.
    name: str


class UploadedFiles:
    """The uploaded files of every tenant."""

    def __init__(self, shelf: FileShelf, blobs: Blobs, clock: Clock) -> None:
        self._shelf = shelf
        self._blobs = blobs
        self._clock = clock

    def keep(
        self,
        tenant_id: str,
        files: Sequence[ArrivedFile],
        *,
        lifetime: int | None = None,
    ) -> Sequence[KeptFile]:
        """
        Keep *files*, all or none; return them in this order.

        Bytes that the tenant has already are the file that it has, spent or not.
        With *lifetime* (milliseconds) they go again unless something uses them.

        After a crash: all are kept, or none; bytes may lie around that nothing names.

        Raises:
            Refusal: INVALID `file_type`, with a part for each that is not taken.
            StorageFull: nothing was kept.
        """
        now = self._clock()
        kinds = [_kind(file) for file in files]
        wrong = [
            _not_taken(place, file)
            for place, (file, kind) in enumerate(zip(files, kinds, strict=True))
            if kind is None
        ]
        if wrong:
            first = wrong[0]
            raise Refusal(
                first.kind, first.code, first.detail, at=first.at, parts=wrong
            )
        wanted = [
            KeptFile(
                id=str(uuid.uuid4()),
                tenant_id=tenant_id,
                digest=file.digest,
                original_name=clean_name(file.name),
                media_type=kind or "",
                extension=EXTENSIONS[kind or ""],
                size=file.size,
                created_at=now,
                used_at=None,
                used_for=None,
                expires_at=None if lifetime is None else now + lifetime,
            )
            for file, kind in zip(files, kinds, strict=True)
        ]
        paths = {file.digest: file.path for file in files}
        for digest, path in paths.items():
            self._blobs.adopt(path, digest)
        kept = self._shelf.put(wanted)
        # Bytes that nothing named until now may have been removed meanwhile. From now
        # on they are not.
        for digest, path in paths.items():
            if not self._blobs.path(digest).exists():
                self._blobs.adopt(path, digest)
        return kept

    def find(self, tenant_id: str, file_id: str) -> KeptFile:
        """
        Return the tenant's file.

        Raises:
            Refusal: NOT_FOUND `file_not_found`; INVALID `uuid_format`.
        """
        found = self._shelf.find(tenant_id, read_id(file_id))
        if found is None:
            raise _not_found()
        return found

    def open(self, file_id: str) -> tuple[KeptFile, BinaryIO] | None:
        """
        Return the file, whoever's it is, and its bytes; None when there is none.

        Raises:
            Refusal: INVALID `uuid_format`.
        """
        found = self._shelf.find_any(read_id(file_id))
        if found is None:
            return None
        try:
            return found, self._blobs.open(found.digest)
        except FileNotFoundError:  # it was deleted a moment ago
            return None

    def listing(
        self,
        tenant_id: str,
        where: Mapping[str, object],
        *,
        is_used: bool | None,
        sort: tuple[str, bool] | None,
        start: int,
        limit: int,
    ) -> tuple[Sequence[KeptFile], int]:
        """Return *limit* of the tenant's files from the *start*-th on, and how many."""
        return self._shelf.listing(
            tenant_id, where, is_used=is_used, sort=sort, start=start, limit=limit
        )

    def rename(self, tenant_id: str, file_id: str, name: str) -> KeptFile:
        """
        Give the tenant's file another name.

        Raises:
            Refusal: INVALID `name_format`, `uuid_format`; NOT_FOUND
                `file_not_found`.
        """
        file_id = read_id(file_id)
        clean = clean_name(name)
        if clean != unicodedata.normalize("NFC", name):
            raise Refusal(
                Kind.INVALID,
                "name_format",
                f"The original name field is the name of a file: up to "
                f"{MAX_NAME_CHARACTERS} characters that can be seen, and no slash.",
                at="original_name",
            )
        found = self._shelf.rename(tenant_id, file_id, clean)
        if found is None:
            raise _not_found()
        return found

    def remove(self, tenant_id: str, file_id: str) -> None:
        """
        Remove the tenant's file; its bytes follow, unless something else has the same.

        Raises:
            Refusal: INVALID `file_used`, `uuid_format`; NOT_FOUND `file_not_found`.
        """

        def refuse(
            found: Sequence[tuple[int, KeptFile | None]],
        ) -> Refusal | None:
            [(_, file)] = found
            if file is None:
                return _not_found()
            return _used("file") if file.used_at is not None else None

        self._shelf.remove(tenant_id, [read_id(file_id)], refuse)

    def remove_all(self, tenant_id: str, file_ids: Sequence[str], *, at: str) -> None:
        """
        Remove the tenant's files that the field *at* names, all or none.

        Raises:
            Refusal: INVALID, with a part for each that is not there, or used.
        """
        names: dict[str, int] = {}
        for place, name in enumerate(file_ids):
            names.setdefault(name, place)
        places = list(names.values())

        def refuse(
            found: Sequence[tuple[int, KeptFile | None]],
        ) -> Refusal | None:
            wrong = [
                _used(f"{at}.{places[one]}")
                if file is not None
                else Refusal(
                    Kind.INVALID,
                    "unknown_file",
                    f"The selected {at}.{places[one]} is invalid.",
                    at=f"{at}.{places[one]}",
                )
                for one, file in found
                if file is None or file.used_at is not None
            ]
            if not wrong:
                return None
            first = wrong[0]
            return Refusal(
                first.kind, first.code, first.detail, at=first.at, parts=wrong
            )

        self._shelf.remove(tenant_id, list(names), refuse)

    def sweep(self) -> None:
        """Forget temporary files whose time is over."""
        self._shelf.sweep(self._clock())


def read_id(text: str) -> str:
    """
    Return *text* as a file's id, in lower case.

    Raises:
        Refusal: INVALID `uuid_format`.
    """
    if not UUID_FORM.fullmatch(name := text.lower()):
        raise Refusal(
            Kind.INVALID,
            "uuid_format",
            "The uuid field must be a valid UUID.",
            at="uuid",
        )
    return name


def clean_name(text: str) -> str:
    r"""
    Return *text* as the name of a file: no folders, nothing unseen, not too long.

    >>> clean_name("C:\\diplomas\\Ana.pdf")
    'Ana.pdf'
    """
    text = re.split(r"[/\\]", text)[-1].encode("utf-8", "replace").decode()
    name = UNSEEN.sub("", unicodedata.normalize("NFC", text)).strip()
    if not name.strip("."):
        return NAMELESS
    if len(name) <= MAX_NAME_CHARACTERS:
        return name
    # What it ends with is what people tell files by.
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 16:
        return name[:MAX_NAME_CHARACTERS]
    return stem[: MAX_NAME_CHARACTERS - len(ending) - 1] + dot + ending


def download_name(file: KeptFile) -> str:
    """Return what *file* is saved as: named by its content, whatever it is called."""
    ending = file.original_name.rpartition(".")[2].lower()
    if OTHER_ENDINGS.get(ending, ending) == file.extension:
        return file.original_name
    return f"{file.original_name}.{file.extension}"


def media_type_of(head: bytes) -> str | None:
    """Return what begins with the bytes *head*; None when it is nothing we take."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if b"%PDF-" in head[:HEAD_BYTES]:
        return "application/pdf"
    return None


def _kind(file: ArrivedFile) -> str | None:
    with file.path.open("rb") as opened:
        return media_type_of(opened.read(HEAD_BYTES))


def _not_taken(place: int, file: ArrivedFile) -> Refusal:
    problem = (
        f"The files.{place} field must not be empty."
        if file.size == 0
        else f"The files.{place} field must be a file of type: pdf, png, jpg."
    )
    return Refusal(Kind.INVALID, "file_type", problem, at=f"files.{place}")


def _used(at: str) -> Refusal:
    return Refusal(
        Kind.INVALID,
        "file_used",
        "The file is in use: what uses it has to be deleted first.",
        at=at,
    )


def _not_found() -> Refusal:
    return Refusal(
        Kind.NOT_FOUND, "file_not_found", "There is no such file. Check its uuid."
    )
