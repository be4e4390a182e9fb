"""
multipart/form-data (RFC 7578), received part by part, in constant memory.

Which part is what is decided by its name; what the sender calls a file is kept only
where a rule lets many come. Every limit is enforced while the bytes arrive.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Never, Self

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from testamur.core.refusals import Kind, Refusal

from .bodies import body_incomplete, content_type, declared_length
from .pile import FileRule as FileRule
from .pile import NamedFile, Pile, part_headers
from .spool import BATCH_BYTES, GrowingFile, Spool, SpooledFile

MAX_FIELD_BYTES = 1024
MAX_PREAMBLE_BYTES = 1024

#: Everything that is not content: boundaries, headers, preamble, epilogue.
MAX_OVERHEAD_BYTES = 64 * 1024
MAX_HEADERS_PER_PART = 16
#: Long enough for a file name of 10 kB, which nobody reads.
MAX_HEADER_BYTES = 16 * 1024

#: The parser goes byte by byte where content looks like a boundary.
MAX_DELIMITERS = 1_000

#: RFC 2046 section 5.1.1, and the few more characters that clients use.
BOUNDARY = re.compile(rb"[ -~]{0,69}[!-~]")

#: What Node's own fetch makes of a form that is not its own.
FORGOTTEN_FORM = b"[object FormData]"

FILENAME_STAR = re.compile(rb"(?i);\s*filename\*\s*=")
PLAIN_ENCODINGS = (b"binary", b"8bit", b"7bit", b"")


@dataclass(frozen=True, slots=True)
class Upload:
    """
    What arrived. As a context manager it removes its files at the end; a file
    that was moved elsewhere meanwhile stays there.
    """

    files: dict[str, SpooledFile]
    fields: dict[str, str]
    spool: Spool
    #: Those of which many may come, in the order in which they came.
    many: Sequence[NamedFile] = ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.spool.run(self.discard)

    def discard(self) -> None:
        """Remove the files that are still where they were received."""
        for file in (*self.files.values(), *(one.file for one in self.many)):
            file.path.unlink(missing_ok=True)


async def receive(
    request: Request,
    *,
    files: Mapping[str, FileRule],
    fields: Collection[str],
    spool: Spool,
    max_field_bytes: int = MAX_FIELD_BYTES,
) -> Upload:
    """
    Return the parts of *request*: *files* by name, and text *fields*.

    Parts may be missing, none may come twice unless its rule says so, and no others
    may come. Whatever goes wrong, also being cancelled, leaves no file behind.

    Raises:
        Refusal: UNSUPPORTED, MALFORMED, INVALID or TOO_LARGE. The rest of the
            body is not read; the server closes the connection.
        Busy: too many uploads at once.
        StorageFull: there is no room on the disk.
    """
    boundary = read_boundary(request)
    length = declared_length(request)
    most = sum(rule.most for rule in files.values())
    most += max_field_bytes * len(fields) + MAX_OVERHEAD_BYTES + part_headers(files)
    if length > most:
        raise Refusal(
            Kind.TOO_LARGE,
            "upload_size",
            f"Send at most {most:,} bytes, all parts together.",
        )
    async with spool.place():
        spool.check_space(length)
        form = Form(boundary, files, fields, spool, max_field_bytes)
        try:
            async for piece in request.stream():
                form.read(piece)
                if form.is_heavy:
                    await spool.run(form.flush)
            form.end()
            found = await spool.run(form.finish)
            return Upload(found, form.texts, spool, form.pile.done)
        except BaseException as trouble:
            await spool.run(form.discard)
            if isinstance(trouble, ClientDisconnect):
                raise body_incomplete() from None
            raise


def read_boundary(request: Request) -> bytes:
    """
    Return the boundary that the Content-Type names.

    Raises:
        Refusal: UNSUPPORTED, when it is no form; MALFORMED, without a boundary.
    """
    kind, options = content_type(request)
    if kind != b"multipart/form-data":
        raise Refusal(
            Kind.UNSUPPORTED, "content_type", "Send a form: multipart/form-data."
        )
    boundary = options.get(b"boundary", b"")
    if not BOUNDARY.fullmatch(boundary):
        malformed(
            "multipart_boundary",
            "The Content-Type names no boundary of 1 to 70 characters; let your"
            " HTTP client set this header.",
        )
    return boundary


def malformed(code: str, detail: str, at: str | None = None) -> Never:
    """Refuse what is not a form, or a strange one."""
    raise Refusal(Kind.MALFORMED, code, detail, at=at)


class Form:
    """Reads a form from pieces of any size. `read` does no I/O."""

    def __init__(
        self,
        boundary: bytes,
        files: Mapping[str, FileRule],
        fields: Collection[str],
        spool: Spool,
        max_field_bytes: int = MAX_FIELD_BYTES,
    ) -> None:
        self.max_field_bytes = max_field_bytes
        self.rules = files
        self.fields = fields
        self.spool = spool
        self.delimiter = b"\r\n--" + boundary
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self.on_part_begin,
                "on_header_field": self.on_header_field,
                "on_header_value": self.on_header_value,
                "on_header_end": self.on_header_end,
                "on_headers_finished": self.on_headers_finished,
                "on_part_data": self.on_part_data,
                "on_part_end": self.on_part_end,
                "on_end": self.on_end,
            },
            max_header_count=MAX_HEADERS_PER_PART,
            max_header_size=MAX_HEADER_BYTES,
        )
        self.opening: bytearray | None = bytearray()
        self.tail = b""
        self.delimiters = 0
        self.total = self.content = 0
        self.max_overhead = MAX_OVERHEAD_BYTES + part_headers(files)
        self.max_delimiters = MAX_DELIMITERS + sum(
            rule.max_files for rule in files.values()
        )
        self.is_complete = False

        self.texts: dict[str, str] = {}
        self.growing: dict[str, GrowingFile] = {}
        self.pile = Pile(files, spool)
        #: Files that a browser sends for an input in which nothing was chosen.
        self.unnamed: set[str] = set()

        self.name = ""
        self.headers: dict[bytes, bytes] = {}
        self.header_name = bytearray()
        self.header_value = bytearray()
        self.file: GrowingFile | None = None
        self.is_one_of_many = False
        self.text: bytearray | None = None

    # In: pieces of the body

    def read(self, piece: bytes) -> None:
        """Read the next *piece*."""
        self.total += len(piece)
        if self.opening is not None:
            piece = self.skip_preamble(piece)
        self.count_delimiters(piece)
        try:
            self.parser.write(piece)
        except FormParserError:
            malformed(
                "multipart_syntax",
                "The form cannot be read: a boundary or a header of a part is broken.",
            )
        # The parser may hold back what could become a boundary.
        self.check_overhead(slack=len(self.delimiter) + 2)

    def end(self) -> None:
        """Check that the form is complete."""
        if self.opening is not None and bytes(self.opening) == FORGOTTEN_FORM:
            malformed(
                "multipart_unterminated",
                "The body is the text [object FormData]: this fetch cannot send forms"
                " of the package form-data. Use the fetch of the package node-fetch, or"
                " the FormData that is built into Node.",
            )
        if not self.is_complete:
            malformed(
                "multipart_unterminated",
                "The form ends before its closing boundary; send all of it.",
            )
        self.check_overhead(slack=0)

    def skip_preamble(self, piece: bytes) -> bytes:
        """Return what follows the preamble; nothing, while it goes on."""
        assert self.opening is not None
        self.opening += piece
        start = (b"\r\n" + self.opening).find(self.delimiter)
        skipped = start if start >= 0 else len(self.opening) - len(self.delimiter)
        if skipped > MAX_PREAMBLE_BYTES:
            malformed(
                "multipart_boundary",
                "The form does not begin with the boundary that its Content-Type"
                " names; let your HTTP client set this header.",
            )
        if start < 0:
            return b""
        piece, self.opening = bytes(self.opening[start:]), None
        return piece

    def count_delimiters(self, piece: bytes) -> None:
        """Refuse content that keeps looking like a boundary."""
        size = len(self.delimiter) - 1
        self.delimiters += piece.count(self.delimiter)
        self.delimiters += (self.tail + piece[:size]).count(self.delimiter)
        self.tail = (self.tail + piece[-size:])[-size:]
        if self.delimiters > self.max_delimiters:
            malformed(
                "multipart_boundary_in_data",
                "The boundary occurs in the content; choose a longer, random one.",
            )

    def check_overhead(self, *, slack: int) -> None:
        """Refuse a form that is mostly wrapping."""
        if self.total - self.content > self.max_overhead + slack:
            malformed(
                "multipart_overhead",
                "There is too much besides the content of the parts: headers, or"
                " text before or after the form.",
            )

    # The parser's side

    def on_part_begin(self) -> None:
        """Forget the last part."""
        self.headers = {}
        self.header_name.clear()
        self.header_value.clear()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        """Take a piece of a header's name."""
        self.header_name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        """Take a piece of a header's value."""
        self.header_value += data[start:end]

    def on_header_end(self) -> None:
        """Take a whole header."""
        name = bytes(self.header_name).lower()
        if name in self.headers:
            malformed("multipart_header", "A part has the same header twice.")
        self.headers[name] = bytes(self.header_value).strip(b" \t")
        self.header_name.clear()
        self.header_value.clear()

    def on_headers_finished(self) -> None:
        """Decide what this part is, and whether it may come."""
        disposition = self.headers.get(b"content-disposition", b"")
        kind, options = parse_options_header(disposition)
        if kind != b"form-data" or b"name" not in options:
            malformed(
                "multipart_header",
                'A part needs a header like Content-Disposition: form-data; name="x".',
            )
        filename = options.get(b"filename")
        is_file = filename is not None or FILENAME_STAR.search(disposition) is not None
        self.name = options[b"name"].decode("utf-8", "replace")
        self.name, self.is_one_of_many = self.pile.takes(self.name, is_file=is_file)
        if self.is_one_of_many:
            self.check_wrapping(self.name[:64])
            self.pile.begin(self.name, filename, disposition)
            return
        self.check_part(is_file=is_file)
        if is_file:
            self.file = self.growing[self.name] = self.spool.new_file()
            if filename == b"":
                self.unnamed.add(self.name)
        else:
            self.text = bytearray()
            self.texts[self.name] = ""

    def check_part(self, *, is_file: bool) -> None:
        """Refuse a part that may not come."""
        name, at = self.name, self.name[:64]
        if name in self.texts or name in self.growing:
            raise Refusal(
                Kind.INVALID, "multipart_duplicate_part", f"Send {name} once.", at=at
            )
        if name in self.rules and not is_file:
            raise Refusal(
                Kind.INVALID,
                "multipart_not_a_file",
                f"Send {name} as a file, with a file name; it came as text.",
                at=at,
            )
        if name in self.fields and is_file:
            raise Refusal(
                Kind.INVALID,
                "multipart_not_text",
                f"Send {name} as plain text, without a file name; it came as a file.",
                at=at,
            )
        if name not in self.rules and name not in self.fields:
            known = ", ".join(sorted({*self.rules, *self.fields}))
            raise Refusal(
                Kind.INVALID,
                "multipart_unknown_part" if is_file else "unknown_field",
                f"This part is not known here; known are: {known}.",
                at=at,
            )
        self.check_wrapping(at)

    def check_wrapping(self, at: str) -> None:
        """Refuse a part that is not its content as it is."""
        if self.headers.get(b"content-type", b"").lower().startswith(b"multipart/"):
            malformed("multipart_nested", "Send each file as a part of its own.", at)
        encoding = self.headers.get(b"content-transfer-encoding", b"").lower()
        if encoding not in PLAIN_ENCODINGS:
            raise Refusal(
                Kind.UNSUPPORTED,
                "multipart_transfer_encoding",
                "Send the part's bytes as they are, in no transfer encoding.",
                at=at,
            )

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Take content, up to what the part may hold."""
        self.content += end - start
        if self.is_one_of_many:
            self.pile.add(data[start:end])
            return
        if self.file is not None:
            most = self.rules[self.name].max_bytes
            self.file.add(data[start:end])
            size = self.file.size
        else:
            assert self.text is not None
            most = self.max_field_bytes
            self.text += data[start:end]
            size = len(self.text)
        if size > most:
            raise Refusal(
                Kind.TOO_LARGE,
                "file_size" if self.file is not None else "multipart_field_size",
                f"{self.name} may have at most {most:,} bytes.",
                at=self.name,
            )

    def on_part_end(self) -> None:
        """Finish a text; a file is finished with the form, or when one `flush`es."""
        if self.text is not None:
            try:
                self.texts[self.name] = self.text.decode()
            except UnicodeDecodeError:
                malformed(
                    "multipart_encoding", f"Send {self.name} in UTF-8.", self.name
                )
        if self.is_one_of_many:
            self.pile.end()
        self.file = self.text = None

    def on_end(self) -> None:
        """Note that the closing boundary has come."""
        self.is_complete = True

    # Out: files. These block.

    @property
    def is_heavy(self) -> bool:
        """Whether it is time to `flush`."""
        return self.pile.is_heavy or any(
            len(file.buffer) >= BATCH_BYTES for file in self.growing.values()
        )

    def flush(self) -> None:
        """Write what is in memory."""
        for file in self.growing.values():
            if file.buffer:
                file.flush()
        self.pile.flush()

    def finish(self) -> dict[str, SpooledFile]:
        """Write the rest; return the files, but not those that nobody chose."""
        self.pile.flush()
        found = {}
        for name, file in self.growing.items():
            if name in self.unnamed and file.size == 0:
                file.discard()
            else:
                found[name] = file.finish()
        return found

    def discard(self) -> None:
        """Remove every file."""
        for file in self.growing.values():
            file.discard()
        self.pile.discard()
