"""Forms: what is received, what is refused, and that nothing stays behind."""

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from support.capabilities import lacking
from support.serving import Client, serving
from testamur.core import failpoints
from testamur.core.refusals import Kind, Refusal, StorageFull
from testamur.web.limits import Limits
from testamur.web.spool import Busy, Spool, sweep
from testamur.web.uploads import FileRule, Form, Upload, receive

CSV = b"title,recipientName\r\nCourse,Ada Lovelace\r\n"
RULES = {"metadata": FileRule(100_000), "images": FileRule(1_000_000)}
FIELDS = ("createBatch",)
BOUNDARY = b"xYzZY"


def part(
    name: str, content: bytes, *more: str, filename: str | None = "a.csv"
) -> bytes:
    """Return one part of a form."""
    named = "" if filename is None else f'; filename="{filename}"'
    lines = [f'Content-Disposition: form-data; name="{name}"{named}', *more]
    head = "\r\n".join(lines).encode()
    return b"--%b\r\n%b\r\n\r\n%b\r\n" % (BOUNDARY, head, content)


def form(*parts: bytes) -> bytes:
    """Return a whole form."""
    return b"".join(parts) + b"--%b--\r\n" % BOUNDARY


METADATA = part("metadata", CSV)
BATCH = part("createBatch", b"true", filename=None)


def request_of(
    pieces: Sequence[bytes],
    *,
    content_type: str | None = f"multipart/form-data; boundary={BOUNDARY.decode()}",
    length: int | None = None,
    ends: bool = True,
) -> Request:
    """Return a request whose body comes as *pieces*; then it ends, or breaks off."""
    headers = []
    if content_type is not None:
        headers.append((b"content-type", content_type.encode()))
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    messages.append({"type": "http.request" if ends else "http.disconnect"})

    async def hear() -> dict[str, Any]:
        await asyncio.sleep(0)
        return messages.pop(0)

    return Request({"type": "http", "headers": headers}, hear)


def left(directory: Path) -> list[str]:
    """Return the names of the uploads in a spool."""
    names = (path.name for path in directory.rglob("*") if path.is_file())
    return sorted(set(names) - {"gate", "lock"})


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """Return a spool that holds its promises on a full disk too."""
    with Spool(tmp_path, free_share=0, free_bytes=0) as made:
        yield made


def received(
    spool: Spool, pieces: Sequence[bytes], **options: Any
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Receive a form; return contents and texts; nothing may stay behind."""

    async def run() -> tuple[dict[str, bytes], dict[str, str]]:
        request = request_of(pieces, **options)
        async with await receive(
            request, files=RULES, fields=FIELDS, spool=spool
        ) as upload:
            contents = {
                name: file.path.read_bytes() for name, file in upload.files.items()
            }
            for name, file in upload.files.items():
                assert file.size == len(contents[name])
                assert file.sha256_hex == hashlib.sha256(contents[name]).hexdigest()
            return contents, upload.fields

    try:
        return asyncio.run(run())
    finally:
        assert left(spool.home) == []


def test_files_and_texts_are_received(spool):
    """Content, size and hash are those of what was sent."""
    body = form(METADATA, part("images", b"PK\x03\x04" * 9_999), BATCH)

    files, texts = received(spool, [body])

    assert files == {"metadata": CSV, "images": b"PK\x03\x04" * 9_999}
    assert texts == {"createBatch": "true"}


CONTENTS = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from(
            [b"\r\n", b"--", b"--" + BOUNDARY, b"\r\n--" + BOUNDARY + b"x", b"\r", b"a"]
        ),
        max_size=12,
    ).map(b"".join),
).filter(
    lambda data: (
        not any(
            b"\r\n--" + BOUNDARY + after in b"\r\n" + data + b"\r\n"
            for after in (b"\r\n", b"--", b" ", b"\t")
        )
    )
)


@given(
    metadata=CONTENTS,
    text=st.text(max_size=40),
    preamble=st.sampled_from([b"", b"\r\n", b"Hello\r\n"]),
    epilogue=st.sampled_from([b"", b"Bye", b"\r\n--" + BOUNDARY + b"\r\nx"]),
    cuts=st.lists(st.integers(0, 1_500), max_size=12),
)
@example(b"", "", b"", b"", list(range(1_500)))
@example(b"\r\n--xYzZ", "a", b"Hello\r\n", b"\r\nBye", list(range(1_500)))
def test_any_cutting_of_a_form_gives_the_same_upload(
    tmp_path_factory, metadata, text, preamble, epilogue, cuts
):
    """How the network cut it is nobody's business; also byte by byte."""
    body = form(
        part("metadata", metadata), part("createBatch", text.encode(), filename=None)
    )
    body = preamble + body.removesuffix(b"\r\n") + epilogue
    cuts = sorted({cut for cut in cuts if cut < len(body)})
    starts = [0, *cuts]
    pieces = [
        body[start:end] for start, end in zip(starts, [*cuts, len(body)], strict=True)
    ]

    with Spool(tmp_path_factory.mktemp("spool"), free_share=0, free_bytes=0) as spool:
        files, texts = received(spool, pieces)

    assert files == {"metadata": metadata}
    assert texts == {"createBatch": text}


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(part("metadata", CSV, filename="../../x"), id="J13-path"),
        pytest.param(part("metadata", CSV, filename="x" * 10_000), id="J13-10kB"),
        pytest.param(part("metadata", CSV, filename="a\0b.csv"), id="J13-nul"),
        pytest.param(
            part("metadata", CSV, filename="a.csv\"; filename*=UTF-8''%00\""),
            id="J13-both-forms",
        ),
        pytest.param(
            part("metadata", CSV, filename=None).replace(
                b'"metadata"', b"\"metadata\"; filename*=UTF-8''z%C3%BC.csv"
            ),
            id="J13-extended-form-only",
        ),
        pytest.param(part("metadata", CSV, filename='a\\"b;c.csv'), id="J13-quotes"),
        pytest.param(part("metadata", CSV, filename="Zürich.csv"), id="J13-utf8"),
        pytest.param(METADATA.replace(b'"metadata"', b"metadata"), id="unquoted-name"),
        pytest.param(
            METADATA.replace(b"Content-Disposition", b"content-disposition"),
            id="lower-case-header",
        ),
        pytest.param(
            part("metadata", CSV, "Content-Type: text/csv", "X-Other: yes"),
            id="more-headers",
        ),
        pytest.param(
            part("metadata", CSV, "Content-Transfer-Encoding: binary"),
            id="binary-encoding",
        ),
        pytest.param(
            METADATA
            + part("createBatch", b"true", "Content-Type: text/plain", filename=None),
            id="typed-text",
        ),
        pytest.param(
            METADATA + part("images", b"", "Content-Type: x/y", filename=""),
            id="browser-input-without-a-choice",
        ),
        pytest.param(b"Before.\r\n" + METADATA, id="small-preamble"),
    ],
)
def test_what_clients_send_in_practice_is_received(spool, parts):
    """File names, in whatever form, and harmless headers change nothing."""
    files, _ = received(spool, [form(parts)])

    assert files == {"metadata": CSV}


TYPE = "multipart/form-data; boundary="
NAMELESS = b'--xYzZY\r\nContent-Disposition: form-data; filename="x"\r\n\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "code", "kind", "at"),
    [
        pytest.param(
            METADATA + METADATA,
            "multipart_duplicate_part",
            Kind.INVALID,
            "metadata",
            id="J12-two-metadata",
        ),
        pytest.param(
            BATCH + BATCH,
            "multipart_duplicate_part",
            Kind.INVALID,
            "createBatch",
            id="J12-two-texts",
        ),
        pytest.param(
            METADATA + part("images", b"") + part("images", b""),
            "multipart_duplicate_part",
            Kind.INVALID,
            "images",
            id="J12-images-twice",
        ),
        pytest.param(
            part("metadata", CSV, filename=None),
            "multipart_not_a_file",
            Kind.INVALID,
            "metadata",
            id="J12-metadata-as-text",
        ),
        pytest.param(
            part("createBatch", b"true"),
            "multipart_not_text",
            Kind.INVALID,
            "createBatch",
            id="J12-text-as-file",
        ),
        pytest.param(
            part("isAdmin", b"true", filename=None),
            "unknown_field",
            Kind.INVALID,
            "isAdmin",
            id="J06-unknown-text",
        ),
        pytest.param(
            part("else", b""),
            "multipart_unknown_part",
            Kind.INVALID,
            "else",
            id="J11-unknown-file",
        ),
        pytest.param(
            b"".join(part(f"p{n}", b"", filename=None) for n in range(1_001)),
            "unknown_field",
            Kind.INVALID,
            "p0",
            id="J11-1001-parts",
        ),
        pytest.param(
            part("createBatch", b"x" * 10_000_000, filename=None),
            "multipart_field_size",
            Kind.TOO_LARGE,
            "createBatch",
            id="J11-10MB-field",
        ),
        pytest.param(
            part("createBatch", b"\xff\xfe", filename=None),
            "multipart_encoding",
            Kind.MALFORMED,
            "createBatch",
            id="field-not-utf-8",
        ),
        pytest.param(
            part("metadata", CSV, "X: " + "y" * 1_000_000),
            "multipart_syntax",
            Kind.MALFORMED,
            None,
            id="J11-1MB-part-header",
        ),
        pytest.param(
            part("metadata", CSV, *(f"X-{n}: y" for n in range(100))),
            "multipart_syntax",
            Kind.MALFORMED,
            None,
            id="J11-100-part-headers",
        ),
        pytest.param(
            b"x" * 1_000_000 + b"\r\n" + METADATA,
            "multipart_boundary",
            Kind.MALFORMED,
            None,
            id="J11-preamble",
        ),
        pytest.param(
            b"\r\n" * 500_000 + METADATA,
            "multipart_boundary",
            Kind.MALFORMED,
            None,
            id="J11-preamble-of-empty-lines",
        ),
        pytest.param(
            form(METADATA) + b"x" * 200_000,
            "multipart_overhead",
            Kind.MALFORMED,
            None,
            id="J11-epilogue",
        ),
        pytest.param(
            part("images", b"\r\n--xYzZYx" * 50_000),
            "multipart_boundary_in_data",
            Kind.MALFORMED,
            None,
            id="J11-boundary-in-data",
        ),
        pytest.param(
            part("metadata", CSV, "Content-Type: multipart/mixed; boundary=y"),
            "multipart_nested",
            Kind.MALFORMED,
            "metadata",
            id="J11-nested",
        ),
        pytest.param(
            part("metadata", CSV, "Content-Transfer-Encoding: base64"),
            "multipart_transfer_encoding",
            Kind.UNSUPPORTED,
            "metadata",
            id="base64-part",
        ),
        pytest.param(
            part("metadata", CSV, 'Content-Disposition: form-data; name="images"'),
            "multipart_header",
            Kind.MALFORMED,
            None,
            id="two-dispositions",
        ),
        pytest.param(
            NAMELESS, "multipart_header", Kind.MALFORMED, None, id="part-without-name"
        ),
        pytest.param(
            b"--xYzZY\r\n\r\nx\r\n",
            "multipart_header",
            Kind.MALFORMED,
            None,
            id="part-without-headers",
        ),
        pytest.param(
            part("metadata", b"x" * 100_001),
            "file_size",
            Kind.TOO_LARGE,
            "metadata",
            id="file-of-one-byte-too-many",
        ),
        pytest.param(
            b"title,name\r\nnot,a form",
            "multipart_unterminated",
            Kind.MALFORMED,
            None,
            id="no-form-at-all",
        ),
    ],
)
def test_a_form_that_is_not_as_agreed_is_refused(spool, body, code, kind, at):
    """
    In pieces and byte by byte, quickly, with nothing left behind; the refusal
    points at the part.
    """
    if not body.rstrip(b"x").endswith(b"--\r\n") and code != "multipart_unterminated":
        body = form(body)
    size = 40_000
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    start = time.process_time()
    with pytest.raises(Refusal) as refused:
        received(spool, pieces)
    seconds = time.process_time() - start

    assert (refused.value.code, refused.value.kind, refused.value.at) == (
        code,
        kind,
        at,
    )
    assert seconds < 1
    if len(body) < 20_000:
        with pytest.raises(Refusal) as again:
            received(spool, [bytes([byte]) for byte in body])
        assert again.value.code == code


@pytest.mark.parametrize("end", [10, 60, 100, -3])
def test_a_form_that_stops_early_is_refused(spool, end):
    """A body that is complete for HTTP may still be half a form."""
    with pytest.raises(Refusal) as refused:
        received(spool, [form(METADATA)[:end]])

    assert refused.value.code == "multipart_unterminated"


@pytest.mark.parametrize(
    ("content_type", "code", "kind"),
    [
        pytest.param(None, "content_type", Kind.UNSUPPORTED, id="J09-none"),
        pytest.param("text/csv", "content_type", Kind.UNSUPPORTED, id="J09-csv"),
        pytest.param(
            "multipart/mixed; boundary=x", "content_type", Kind.UNSUPPORTED, id="mixed"
        ),
        pytest.param(
            "multipart/form-data",
            "multipart_boundary",
            Kind.MALFORMED,
            id="J11-missing",
        ),
        pytest.param(TYPE, "multipart_boundary", Kind.MALFORMED, id="J11-empty"),
        pytest.param(
            TYPE + "x" * 300, "multipart_boundary", Kind.MALFORMED, id="J11-300"
        ),
        pytest.param(
            TYPE + '"a\tb"', "multipart_boundary", Kind.MALFORMED, id="J11-control"
        ),
        pytest.param(TYPE + "other", "multipart_boundary", Kind.MALFORMED, id="other"),
    ],
)
def test_a_form_needs_its_type_and_the_right_boundary(spool, content_type, code, kind):
    """The refusal says to leave the header to the HTTP client."""
    body = form(METADATA + part("images", b"x" * 2000))
    with pytest.raises(Refusal) as refused:
        received(spool, [body], content_type=content_type)

    assert (refused.value.code, refused.value.kind) == (code, kind)


def test_a_boundary_of_one_character_works_and_costs_no_more(spool):
    """J11: legal (RFC 2046), so it is read; bait for slow parsers is refused."""
    head = b'--b\r\nContent-Disposition: form-data; name="%b"; filename="f"\r\n\r\n'
    good = head % b"images" + b"a\r\n-b--b" + b"\r\n--b--\r\n"
    bait = head % b"images" + b"\r\n--bx" * 2_000 + b"\r\n--b--\r\n"

    files, _ = received(spool, [good], content_type=TYPE + "b")
    start = time.process_time()
    codes = []
    for size in (len(bait), len("\r\n--b") - 1):
        pieces = [bait[at : at + size] for at in range(0, len(bait), size)]
        with pytest.raises(Refusal) as refused:
            received(spool, pieces, content_type=TYPE + "b")
        codes.append(refused.value.code)

    assert files == {"images": b"a\r\n-b--b"}
    assert codes == ["multipart_boundary_in_data"] * 2
    assert time.process_time() - start < 1


def test_a_length_above_every_cap_is_refused_unread(spool):
    """J14: not one byte is asked for."""
    with pytest.raises(Refusal) as refused:
        received(spool, [], length=10**9, ends=False)

    assert (refused.value.code, refused.value.kind) == ("upload_size", Kind.TOO_LARGE)


def test_a_client_that_goes_away_leaves_nothing(spool):
    """J14: fewer bytes than announced."""
    body = part("images", b"x" * 900_000)
    with pytest.raises(Refusal) as refused:
        received(spool, [body[:400_000], body[400_000:800_000]], ends=False)

    assert refused.value.code == "body_incomplete"


@pytest.mark.parametrize("after", [0.0, 0.002, 0.01, 0.05])
def test_a_cancelled_upload_leaves_nothing(spool, after):
    """Also when a thread is writing at that moment."""
    piece = b"x" * 300_000
    first = part("images", b"")[:-2]

    async def run() -> None:
        async def hear() -> dict[str, Any]:
            await asyncio.sleep(0.001)
            nonlocal first
            body, first = first + piece, b""
            return {"type": "http.request", "body": body, "more_body": True}

        scope = {
            "type": "http",
            "headers": [(b"content-type", f"{TYPE}xYzZY".encode())],
        }
        rules = {"images": FileRule(10**12)}
        task = asyncio.create_task(
            receive(Request(scope, hear), files=rules, fields=(), spool=spool)
        )
        await asyncio.sleep(after)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())

    assert left(spool.home) == []


def test_an_upload_is_gone_after_its_block_and_a_moved_file_is_not(spool, tmp_path):
    """Keeping a file is an act; removing it is not."""

    async def run() -> Upload:
        request = request_of([form(METADATA, part("images", b"zip"))])
        async with await receive(
            request, files=RULES, fields=FIELDS, spool=spool
        ) as upload:
            upload.files["metadata"].path.rename(tmp_path / "kept")
            raise KeyError
        return upload

    with pytest.raises(KeyError):
        asyncio.run(run())

    assert (tmp_path / "kept").read_bytes() == CSV
    assert left(spool.home) == []


def test_a_full_disk_is_a_fault_and_leaves_nothing(spool):
    """ENOSPC in the middle of an upload."""
    failpoints.arm("spool.write=enospc@2")
    try:
        with pytest.raises(StorageFull):
            received(spool, [part("images", b"x" * 300_000), form(METADATA)])
    finally:
        failpoints.arm("")


def test_a_disk_that_is_nearly_full_accepts_nothing(tmp_path):
    """The last part of it belongs to the database."""
    with (
        Spool(tmp_path, free_share=1.0, free_bytes=0) as spool,
        pytest.raises(StorageFull),
    ):
        received(spool, [], ends=False)


def test_a_length_that_would_fill_the_disk_is_not_accepted(tmp_path):
    """Better now than after an hour."""
    free = shutil.disk_usage(tmp_path).free
    with (
        Spool(tmp_path, free_share=0, free_bytes=free - 10_000_000) as spool,
        pytest.raises(StorageFull),
    ):
        asyncio.run(
            receive(
                request_of([], length=500_000_000),
                files={"images": FileRule(10**9)},
                fields=(),
                spool=spool,
            )
        )


def test_uploads_beyond_the_places_wait_and_then_are_turned_away(tmp_path):
    """One place: the second gets it when the first is done, the third never."""

    async def run(spool: Spool) -> None:
        async with spool.place():
            waiting = asyncio.create_task(
                receive(
                    request_of([form(METADATA)]),
                    files=RULES,
                    fields=FIELDS,
                    spool=spool,
                )
            )
            await asyncio.sleep(0.05)
            assert not waiting.done()
        (await waiting).discard()
        async with spool.place():
            with pytest.raises(Busy):
                await receive(request_of([]), files=RULES, fields=FIELDS, spool=spool)

    with Spool(
        tmp_path, places=1, wait_seconds=0.2, free_share=0, free_bytes=0
    ) as spool:
        asyncio.run(run(spool))


HOLD = """
import sys, time
from pathlib import Path
from testamur.web.spool import Spool
spool = Spool(Path(sys.argv[1]))
file = spool.new_file()
file.add(b"half")
file.flush()
print("ready", flush=True)
time.sleep(60)
"""


def test_the_dead_are_swept_and_the_living_are_not(tmp_path):
    """After SIGKILL nobody tidies up but the next start."""
    held = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    try:
        for process in held:
            assert process.stdout is not None
            process.stdout.readline()
        held[0].kill()
        held[0].wait()
        before = left(tmp_path)
        swept = sweep(tmp_path)
        after = left(tmp_path)
    finally:
        for process in held:
            process.kill()
            process.communicate()

    assert (len(before), swept, len(after)) == (2, 1, 1)
    assert sweep(tmp_path) == 1
    assert left(tmp_path) == []


def test_what_is_not_ours_is_not_swept(tmp_path):
    """A wrong setting must not cost anybody their files."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one").write_text("precious")

    assert sweep(tmp_path) == 0
    assert left(tmp_path) == ["one"]


def test_names_in_the_spool_are_ours_and_readable_by_us_alone(spool):
    """J13: no byte of a client's choice reaches the file system's names."""

    async def run() -> None:
        request = request_of([form(part("metadata", CSV, filename="../../evil"))])
        async with await receive(
            request, files=RULES, fields=FIELDS, spool=spool
        ) as upload:
            path = upload.files["metadata"].path
            assert path.parent == spool.home
            assert path.name.isalnum()
            assert path.stat().st_mode & 0o777 == 0o600

    asyncio.run(run())


# Over real sockets, with real clients


@contextmanager
def upload_server(directory: Path) -> Iterator[int]:
    """Serve a form at /up that tells what it received; and the poll at /poll."""
    with Spool(directory, free_share=0, free_bytes=0) as spool:

        async def up(request: Request) -> JSONResponse:
            try:
                upload = await receive(
                    request,
                    files={"metadata": FileRule(100_000), "images": FileRule(64 << 20)},
                    fields=FIELDS,
                    spool=spool,
                )
            except Refusal as refusal:
                status = 413 if refusal.kind is Kind.TOO_LARGE else 422
                return JSONResponse({"code": refusal.code}, status)
            async with upload:
                sizes = {n: [f.size, f.sha256_hex] for n, f in upload.files.items()}
                return JSONResponse({"files": sizes, "fields": upload.fields})

        async def poll(request: Request) -> JSONResponse:
            return JSONResponse({})

        app = Starlette(
            routes=[Route("/up", up, methods=["POST"]), Route("/poll", poll)]
        )
        with serving(app, Limits(shutdown_seconds=2, linger_seconds=1)) as port:
            yield port


def by_curl(url: str, csv: Path, images: Path, *more: str) -> Any:
    """Upload as the documentation's example does."""
    if shutil.which("curl") is None:
        lacking("curl", "install it")
    command = ["curl", "-sS", url, "-F", f"metadata=@{csv}", "-F", f"images=@{images}"]
    command += ["-F", "createBatch=true", *more]
    return httpx.Response(200, content=subprocess.check_output(command)).json()


def by_curl_chunked(url: str, csv: Path, images: Path) -> Any:
    """Upload without a Content-Length."""
    return by_curl(url, csv, images, "-H", "Transfer-Encoding: chunked")


def by_requests(url: str, csv: Path, images: Path) -> Any:
    """Upload as the documentation's Python example does."""
    with csv.open("rb") as rows, images.open("rb") as pictures:
        return requests.post(
            url,
            files={
                "metadata": rows,
                "images": ("z ü.zip", pictures, "application/zip"),
            },
            data={"createBatch": "true"},
            timeout=20,
        ).json()


def by_httpx(url: str, csv: Path, images: Path) -> Any:
    """Upload with another Python client."""
    with csv.open("rb") as rows, images.open("rb") as pictures:
        files = {"metadata": rows, "images": pictures}
        return httpx.post(url, files=files, data={"createBatch": "true"}).json()


NODE = """
const fs = require("node:fs");
const [url, csv, images] = process.argv.slice(1);
const form = new FormData();
form.append("metadata", new Blob([fs.readFileSync(csv)]), "a.csv");
form.append("images", new Blob([fs.readFileSync(images)]));
form.append("createBatch", "true");
fetch(url, { method: "POST", body: form })
  .then((answer) => answer.text()).then(console.log);
"""


def by_form_data(url: str, csv: Path, images: Path) -> Any:
    """Upload with the FormData of browsers."""
    if shutil.which("node") is None:
        lacking("node", "install Node.js 18 or later")
    command = ["node", "-e", NODE, url, str(csv), str(images)]
    return httpx.Response(200, content=subprocess.check_output(command)).json()


@pytest.mark.parametrize(
    "client", [by_curl, by_curl_chunked, by_requests, by_httpx, by_form_data]
)
def test_every_client_arrives(tmp_path, client):
    """The same two files and one text, whoever sends them."""
    csv, images = tmp_path / "rows.csv", tmp_path / "images.zip"
    csv.write_bytes(CSV)
    images.write_bytes(os.urandom(3_000_000))
    with upload_server(tmp_path / "spool") as port:
        answer = client(f"http://127.0.0.1:{port}/up", csv, images)

    assert answer["fields"] == {"createBatch": "true"}
    assert answer["files"] == {
        path_name: [len(data), hashlib.sha256(data).hexdigest()]
        for path_name, data in (
            ("metadata", CSV),
            ("images", images.read_bytes()),
        )
    }


@pytest.mark.parametrize("chunked", [False, True], ids=["J14-length", "J14-chunked"])
def test_an_upload_that_is_too_large_is_told_so_while_it_is_sent(tmp_path, chunked):
    """The client reads its 413, and nothing is kept."""
    body = part("images", b"x" * (65 << 20)) + b"--xYzZY--\r\n"
    head = (
        b"POST /up HTTP/1.1\r\nHost: h\r\nContent-Type: " + TYPE.encode() + b"xYzZY\r\n"
    )
    if chunked:
        head += b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body)
    else:
        head += b"Content-Length: %d\r\n\r\n" % (len(body) + (1 << 20))
    with upload_server(tmp_path) as port, Client(port) as client:
        answer = client.ask(head + body)
        kept = left(tmp_path)

    assert answer.status == 413
    assert b"connection: close" in answer.head
    assert kept == []


def test_a_connection_that_breaks_leaves_nothing(tmp_path):
    """J14: a body smaller than its length."""
    body = part("images", b"x" * 2_000_000)
    head = (
        b"POST /up HTTP/1.1\r\nHost: h\r\nContent-Type: " + TYPE.encode() + b"xYzZY\r\n"
    )
    with upload_server(tmp_path) as port:
        with Client(port) as client:
            client.say(head + b"Content-Length: 5000000\r\n\r\n" + body)
            end = time.monotonic() + 3
            while not left(tmp_path) and time.monotonic() < end:
                time.sleep(0.01)
            assert left(tmp_path)
        end = time.monotonic() + 3
        while left(tmp_path) and time.monotonic() < end:
            time.sleep(0.01)

        assert left(tmp_path) == []


MANY = {"files": FileRule(200_000, max_files=50, max_total=3_000_000)}


def many_received(spool: Spool, pieces: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """Receive a form of many files; return them; nothing may stay behind."""

    async def run() -> list[tuple[str, bytes]]:
        request = request_of(pieces)
        async with await receive(request, files=MANY, fields=(), spool=spool) as upload:
            assert upload.files == {}
            return [(one.name, one.file.path.read_bytes()) for one in upload.many]

    try:
        return asyncio.run(run())
    finally:
        assert left(spool.home) == []


@pytest.mark.parametrize("step", [7, 1_000, 65_536, 10_000_000])
def test_many_files_come_in_their_order(spool, step):
    """However the network cut them, small ones beside large."""
    sent = [
        (f"{n}.pdf", bytes([n]) * size)
        for n, size in enumerate((0, 1, 150_000, 3, 0, 150_000))
    ]
    if step == 7:
        sent = sent[:2]
    body = form(*(part("files[]", data, filename=name) for name, data in sent))
    pieces = [body[start : start + step] for start in range(0, len(body), step)]

    assert many_received(spool, pieces) == sent


def test_many_files_are_open_one_at_a_time(spool, monkeypatch):
    """What came whole is written and closed; memory holds a few at most."""
    body = form(*(part("files[]", bytes(50_000)) for _ in range(40)))
    pieces = [body[start : start + 20_000] for start in range(0, len(body), 20_000)]
    most_open = most_in_memory = 0
    flush = Form.flush

    def watched(one: Form) -> None:
        nonlocal most_open, most_in_memory
        most_in_memory = max(most_in_memory, one.pile._in_memory)
        flush(one)
        links = [
            os.path.realpath(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
        ]
        here = [one for one in links if one.startswith(str(spool.home))]
        most_open = max(most_open, len([one for one in here if "lock" not in one]))

    monkeypatch.setattr(Form, "flush", watched)

    assert len(many_received(spool, pieces)) == 40
    assert most_open == 1
    assert 0 < most_in_memory < 400_000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (form(*[part("files[]", b"x")] * 51), "too_many_files"),
        (form(part("files[]", b"x"), part("files[]", bytes(200_001))), "file_size"),
        (form(*[part("files[]", bytes(199_000))] * 16), "upload_size"),
        (form(part("files[]", b"x", filename=None)), "multipart_not_a_file"),
        (form(part("files[]", b"x"), part("other", b"x")), "multipart_unknown_part"),
        (form(part("files[]", b"x"))[:-8], "multipart_unterminated"),
        (
            form(part("files[]", b"x", "Content-Transfer-Encoding: base64")),
            "multipart_transfer_encoding",
        ),
        (
            form(part("files[]", b"x", "Content-Type: multipart/mixed; boundary=b")),
            "multipart_nested",
        ),
        (
            form(*[part("files[]", b"", "X-Padding: " + "x" * 4_000)] * 49),
            "multipart_overhead",
        ),
    ],
)
def test_many_files_that_may_not_come_leave_nothing(spool, body, code):
    """Too many, too large, too large together, and whatever no file may be."""
    pieces = [body[start : start + 30_000] for start in range(0, len(body), 30_000)]

    with pytest.raises(Refusal) as refusal:
        many_received(spool, pieces)

    assert refusal.value.code == code


def test_an_input_without_a_choice_is_no_file(spool):
    """Browsers send one without a name and without content."""
    body = form(part("files[]", b"", filename=""), part("files[]", b"x"))

    assert many_received(spool, [body]) == [("a.csv", b"x")]
