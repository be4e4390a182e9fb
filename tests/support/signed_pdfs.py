"""What other software says of signed PDFs: poppler with NSS, pyHanko, OpenSSL."""

import io
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pikepdf
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import (
    validate_pdf_signature,
    validate_pdf_timestamp,
)
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext

from . import pki
from .capabilities import lacking

REMEDY = "`make poppler` installs it, or: apt-get install poppler-utils libnss3-tools"


@dataclass(frozen=True)
class Said:
    """What `pdfsig` says of one signature."""

    is_valid: bool
    is_trusted: bool
    #: Whether nothing follows what it signed.
    is_total: bool
    text: str


def pdfsig(data: bytes) -> list[Said]:
    """Return what poppler says of every signature, the test root being trusted."""
    program = shutil.which("pdfsig")
    if program is None:
        lacking("poppler-utils", REMEDY)
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(data)
        file.flush()
        done = subprocess.run(
            [program, "-nssdir", f"sql:{_trust()}", file.name],
            capture_output=True,
            timeout=30,
        )
    text = done.stdout.decode(errors="replace")
    return [
        Said(
            "Signature is Valid." in part,
            "Certificate is Trusted." in part,
            "Total document signed" in part and "Not total" not in part,
            part,
        )
        for part in re.split(r"^Signature #\d+:", text, flags=re.M)[1:]
    ]


@cache
def _trust() -> Path:
    """Return a database of NSS that trusts the test root."""
    program = shutil.which("certutil")
    if program is None:
        lacking("NSS's certutil", REMEDY)
    folder = Path(tempfile.mkdtemp(prefix="nss"))
    for words in (
        ["-N", "--empty-password"],
        ["-A", "-n", "root", "-t", "CT,C,C", "-i", str(_root_file())],
    ):
        subprocess.run([program, *words, "-d", f"sql:{folder}"], check=True, timeout=30)
    return folder


@cache
def _root_file() -> Path:
    path = Path(tempfile.mkdtemp(prefix="pki")) / "root.pem"
    path.write_bytes(pki.root().pem)
    return path


@dataclass(frozen=True)
class Judged:
    """What pyHanko says of one signature."""

    #: Intact, valid and trusted, and nothing after it is against the rules.
    is_good: bool
    covers_all: bool
    has_timestamp: bool
    text: str


def trusting() -> ValidationContext:
    """Return pyHanko's trust in the test root, for one validation."""
    return ValidationContext(
        trust_roots=[x509.Certificate.load(pki.root().der)], allow_fetching=False
    )


def pyhanko(data: bytes) -> list[Judged]:
    """Return what pyHanko says of every signature, and every document timestamp."""
    found = []
    # Strict as it is by itself, but for hybrid files, which it would not look at.
    reader = PdfFileReader(io.BytesIO(data), strict=b"/XRefStm" not in data)
    for each in reader.embedded_signatures:
        if each.sig_object_type == "/DocTimeStamp":
            stamp = validate_pdf_timestamp(each, trusting())
            found.append(
                Judged(
                    stamp.valid and stamp.intact and stamp.trusted,
                    stamp.coverage.name == "ENTIRE_FILE",
                    True,
                    stamp.summary(),
                )
            )
            continue
        status = validate_pdf_signature(each, trusting(), trusting())
        stamped = status.timestamp_validity
        found.append(
            Judged(
                status.bottom_line,
                status.coverage.name == "ENTIRE_FILE",
                stamped is not None and stamped.valid and stamped.trusted,
                status.pretty_print_details(),
            )
        )
    return found


def openssl(data: bytes) -> bool:
    """Say whether OpenSSL accepts the first signature, as CAdES."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        value = next(
            each.V for each in pdf.Root.AcroForm.Fields if each.get("/FT") == "/Sig"
        )
        a, b, c, d = (int(each) for each in value.ByteRange)
        contents = bytes(value.Contents)
    with tempfile.TemporaryDirectory() as folder:
        signature, content = Path(folder, "signature"), Path(folder, "content")
        signature.write_bytes(contents)
        content.write_bytes(data[a : a + b] + data[c : c + d])
        done = subprocess.run(
            [
                *("openssl", "cms", "-verify", "-cades", "-inform", "DER"),
                *("-in", str(signature), "-content", str(content), "-binary"),
                *("-CAfile", str(_root_file()), "-purpose", "any", "-out", "/dev/null"),
            ],
            capture_output=True,
            timeout=30,
        )
    return done.returncode == 0


def is_accepted(data: bytes, count: int = 1) -> bool:
    """
    Say whether poppler and pyHanko accept all of *count* signatures, and trust them.

    The last of them covers the whole file.
    """
    said, judged = pdfsig(data), pyhanko(data)
    return (
        len(said) == len(judged) == count
        and all(each.is_valid and each.is_trusted for each in said)
        and all(each.is_good for each in judged)
        and said[-1].is_total
        and judged[-1].covers_all
    )


def is_lasting(data: bytes) -> bool:
    """
    Say whether the first signature holds by what is in the file, revocation included,
    and whether a timestamp that holds is over that; its own evidence may follow.
    """
    reader = PdfFileReader(io.BytesIO(data))
    trust = {
        "trust_roots": [x509.Certificate.load(pki.root().der)],
        "allow_fetching": False,
        "revocation_mode": "require",
    }
    store = DocumentSecurityStore.read_dss(reader)
    first, *_, last = reader.embedded_signatures
    signature = validate_pdf_signature(
        first, store.as_validation_context(trust), store.as_validation_context(trust)
    )
    over_all = validate_pdf_timestamp(last, trusting())
    return (
        signature.bottom_line
        and over_all.valid
        and over_all.trusted
        and over_all.coverage.name in {"ENTIRE_FILE", "ENTIRE_REVISION"}
    )
