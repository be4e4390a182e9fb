"""
Files of which a form may have many, under one name.

Each is written and closed when it has come whole, so that a thousand of them take no
more memory, and no more open files, than one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from testamur.core.refusals import Kind, Refusal

from .spool import BATCH_BYTES, GrowingFile, Spool, SpooledFile

#: `files[]`, and `files[3]` from clients that count.
MANY = re.compile(r"(.+)\[[0-9]{0,4}\]")

#: The headers of a part that is one of many.
PART_BYTES = 1_024

#: A name that the sender encoded (RFC 8187), which RFC 7578 forbids and some do.
ENCODED_NAME = re.compile(rb"(?i);\s*filename\*\s*=\s*utf-8'[a-z0-9-]*'([!-:<-~]+)")


@dataclass(frozen=True, slots=True)
class FileRule:
    """What a file part may be."""

    max_bytes: int
    #: How many there may be; where it is more than one, their parts are called
    #: `name[]`, and they are returned as `Upload.many`.
    max_files: int = 1
    #: All of them together; None: as many times *max_bytes*.
    max_total: int | None = None
    #: Whether what its sender calls it is kept, although there may be but one.
    is_named: bool = False

    @property
    def is_piled(self) -> bool:
        """Whether files of it are returned as `Upload.many`."""
        return self.max_files > 1 or self.is_named

    @property
    def most(self) -> int:
        """How many bytes there may be of it."""
        most = self.max_bytes * self.max_files
        return most if self.max_total is None else min(most, self.max_total)


@dataclass(frozen=True, slots=True)
class NamedFile:
    """One of many files, as its sender called it."""

    name: str
    file: SpooledFile


def part_headers(rules: Mapping[str, FileRule]) -> int:
    """Return how much the headers of many parts may come to."""
    return PART_BYTES * sum(rule.max_files for rule in rules.values() if rule.is_piled)


class Pile:
    """Receives such files. `flush` and `discard` block, and nothing else does."""

    def __init__(self, rules: Mapping[str, FileRule], spool: Spool) -> None:
        self.rules = {name: rule for name, rule in rules.items() if rule.is_piled}
        self.spool = spool
        #: Those that came whole and are written, in the order in which they came.
        self.done: list[NamedFile] = []
        self._ended: list[tuple[str, GrowingFile]] = []
        self._file: GrowingFile | None = None
        self._rule = FileRule(0)
        self._field = self._name = ""
        self._count = self._total = self._in_memory = 0

    def takes(self, part: str, *, is_file: bool) -> tuple[str, bool]:
        """Return what the part called *part* belongs to, and whether it is for here."""
        several = MANY.fullmatch(part)
        name = several[1] if several else part
        if name not in self.rules:
            return part, False
        return name, is_file

    def begin(self, field: str, filename: bytes | None, disposition: bytes) -> None:
        """
        Begin a file.

        Raises:
            Refusal: TOO_LARGE `too_many_files`.
        """
        self._field, self._rule = field, self.rules[field]
        self._count += 1
        if self._count > self._rule.max_files:
            raise Refusal(
                Kind.TOO_LARGE,
                "too_many_files",
                f"Send at most {self._rule.max_files:,} files in one request.",
                at=field,
            )
        # As browsers write it (the HTML standard, multipart/form-data).
        name = (filename or b"").replace(b"%22", b'"')
        if encoded := ENCODED_NAME.search(disposition):
            name = unquote_to_bytes(encoded[1])
        self._name = name.decode("utf-8", "replace")
        self._file = self.spool.new_file()

    def add(self, data: bytes) -> None:
        """
        Take content.

        Raises:
            Refusal: TOO_LARGE `file_size` or `upload_size`.
        """
        assert self._file is not None
        self._file.add(data)
        self._in_memory += len(data)
        self._total += len(data)
        rule, field = self._rule, self._field
        if self._file.size > rule.max_bytes:
            raise Refusal(
                Kind.TOO_LARGE,
                "file_size",
                f"{self._name[:60]} may have at most {rule.max_bytes:,} bytes.",
                at=f"{field}.{self._count - 1}",
            )
        if self._total > rule.most:
            raise Refusal(
                Kind.TOO_LARGE,
                "upload_size",
                f"All files together may have at most {rule.most:,} bytes; send fewer "
                "in one request.",
                at=field,
            )

    def end(self) -> None:
        """Note that the file has come whole."""
        # An input in which nothing was chosen sends one without name and content.
        if self._file is not None and (self._name or self._file.size):
            self._ended.append((self._name, self._file))
        self._file = None

    @property
    def is_heavy(self) -> bool:
        """Whether it is time to `flush`."""
        return self._in_memory >= BATCH_BYTES

    def flush(self) -> None:
        """
        Write what is in memory, and finish what came whole.

        Raises:
            StorageFull: there is no room.
        """
        if self._file is not None and self._file.buffer:
            self._file.flush()
        while self._ended:
            # Until it is finished it stays among those to be discarded.
            name, file = self._ended[0]
            self.done.append(NamedFile(name, file.finish()))
            del self._ended[0]
        self._in_memory = 0

    def discard(self) -> None:
        """Remove every file."""
        for _, file in self._ended:
            file.discard()
        if self._file is not None:
            self._file.discard()
        for one in self.done:
            one.file.path.unlink(missing_ok=True)
