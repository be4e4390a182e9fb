"""
Signatures a second on one core, by every way of making them, in the same run.

What is counted is processor time. The uploaded document is a certificate of 150 KB
with a cross-reference table; pyHanko as it comes is its PdfSigner and SimpleSigner as
its documentation shows them.
"""

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pikepdf
import psutil
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

from support import pki
from testamur.documents.examination.examiner import Examiner
from testamur.documents.pades.cms import Signatures
from testamur.documents.pades.sign import sign_pdf
from testamur.documents.pades.slot import Slot
from testamur.documents.pades.wish import SignatureWish
from testamur.rendering.laid import Laid

from . import diploma
from .rendering import Bench

ROOT = Path(__file__).parent.parent
KINDS = ("rsa2048", "rsa3072", "p256")
ROUNDS = 3
WISH = SignatureWish(signed_at=1_795_305_600_000, reason="Certificate issued")


def document(size: int = 150_000) -> bytes:
    """Return what is uploaded: a certificate, padded with a picture to *size*."""
    bench = Bench(diploma.package())
    (row,) = bench.rows(diploma.people(1))
    whole = bench.prepared.prefix + bench.tail(row)
    with pikepdf.open(io.BytesIO(whole)) as pdf:
        del pdf.Root.Names
        del pdf.Root.AF
        if len(whole) < size:
            pdf.Root.Padding = pdf.make_stream(os.urandom(size - len(whole)))
        out = io.BytesIO()
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def main(count: int = 300, slow: int = 9) -> None:
    """Print every figure: *count* signatures of quick ways, *slow* of the others."""
    data = document()
    bench = Bench(diploma.package())
    rows = bench.rows(diploma.people(count))
    print(f"signatures/s of processor time, one core; uploaded: {len(data):,} bytes")
    print(
        f"{'':12} {'fast':>8} {'ms':>6} {'reference':>10} {'as it comes':>12} "
        f"{'fast is':>8} {'drawn+signed':>13} {'drawn':>7}",
        flush=True,
    )
    drawn = _cost(lambda at: bench.tail(rows[at % count]), count)
    for kind in KINDS:
        seal = pki.seal(kind)
        fast = _cost(lambda _, seal=seal: sign_pdf(data, seal, WISH), count)
        reference = _cost(
            lambda _, seal=seal: sign_pdf(data, seal, WISH, method="reference"),
            slow,
        )
        stock = _cost(_stock(kind, data), slow)
        one_pass = _cost(_one_pass(bench, kind, rows), count)
        print(
            f"{kind:12} {1 / fast:>8.0f} {1e3 * fast:>6.2f} {1 / reference:>10.1f} "
            f"{1 / stock:>12.1f} {stock / fast:>7.0f}x {1 / one_pass:>13.0f} "
            f"{1 / drawn:>7.0f}",
            flush=True,
        )
    _examine(data, count)
    _memory()


def _cost(work: Callable[[int], object], count: int) -> float:
    """Return the median of three rounds, in seconds; the first of all is for free."""
    work(0)
    rounds = []
    share = max(1, count // ROUNDS)
    for _ in range(ROUNDS):
        started = time.process_time()
        for at in range(share):
            work(at)
        rounds.append((time.process_time() - started) / share)
    return sorted(rounds)[ROUNDS // 2]


def _stock(kind: str, data: bytes) -> Callable[[int], object]:
    """Return pyHanko as it comes, with a PKCS #12 file, invisible, PAdES B-B."""
    signer = signers.SimpleSigner.load_pkcs12_data(
        pki.p12(pki.signer(kind), b"1", pki.intermediate()), [], passphrase=b"1"
    )
    pdf_signer = signers.PdfSigner(
        signers.PdfSignatureMetadata(
            field_name="Signature1",
            reason="Certificate issued",
            subfilter=fields.SigSeedSubFilter.PADES,
        ),
        signer,
    )

    def work(_: int) -> object:
        return pdf_signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)))

    return work


def _one_pass(bench: Bench, kind: str, rows: list) -> Callable[[int], object]:
    """Return what draws and signs in one pass, each with a date of its own."""
    signatures = Signatures(pki.seal(kind))

    def work(at: int) -> object:
        row = rows[at % len(rows)]
        laid = bench.layout.lay_out(row.values, only_variable=True)
        assert isinstance(laid, Laid), laid
        return bench.press.stamp(laid, row.extras, Slot(signatures, WISH))

    return work


def _examine(data: bytes, count: int) -> None:
    examiner = Examiner()
    signed = sign_pdf(data, pki.seal(), WISH)
    try:
        for name, each in (("unsigned", data), ("signed once", signed)):
            examiner.examine(each)
            child = psutil.Process(examiner._child._process.pid)
            before = child.cpu_times().user + child.cpu_times().system
            for _ in range(count):
                examiner.examine(each)
            after = child.cpu_times().user + child.cpu_times().system
            print(
                f"examined, {name}: {count / (after - before):.0f}/s of the child's "
                f"processor time; its RSS {child.memory_info().rss / 2**20:.0f} MiB",
                flush=True,
            )
    finally:
        examiner.close()


def _memory() -> None:
    """Print what a fresh process takes for a thousand uploaded documents."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.signing", "1000"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        check=True,
        text=True,
    )
    print(done.stdout, end="", flush=True)


def _sign_many(count: int) -> None:
    data, seal = document(), pki.seal("p256")
    process = psutil.Process()
    seen = []
    for done in range(1, count + 1):
        sign_pdf(data, seal, WISH)
        if done in (count // 10, count):
            seen.append(f"{process.memory_info().rss / 2**20:.1f} MiB after {done:,}")
    print(f"memory (RSS) of who signs uploaded documents: {', '.join(seen)}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _sign_many(int(sys.argv[1]))
    else:
        main()
