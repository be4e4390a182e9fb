"""What people keep of a certificate: the picture that verifies, and the bundle."""

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

import orjson

from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.words import Certificate, StoredPicture
from testamur.issuance.published_list import Purpose
from testamur.verification.bundle import MAX_PART_BYTES, entries, packed
from testamur.verification.png import baked

from .issuers import document_of
from .log import log_reader, log_vkey
from .office import Office

#: Converting a picture of 25 megapixels takes about two seconds.
CONVERT_SECONDS = 20


@dataclass(frozen=True)
class Keepsakes:
    """`web.pages.CertificateFiles` for everything in *office*."""

    office: Office
    #: Each takes several times its size in memory while it is made, and a large
    #: one has ten megabytes.
    _turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(2))

    def png(self, certificate: Certificate) -> BinaryIO | None:
        """
        Return its picture with its credential inside; None if it has not both.

        Raises:
            Refusal: TOO_OFTEN, while too many are being made.
            Fault: the stored picture is gone or damaged.
        """
        return self._made(self._png, certificate)

    def bundle(self, certificate: Certificate) -> BinaryIO | None:
        """
        Return all that checking it needs, as a ZIP; None without a credential.

        Raises:
            Refusal: NOT_FOUND, while it is not in a published checkpoint; TOO_OFTEN,
                while too many are being made.
            Fault: the stored picture is gone or damaged.
        """
        return self._made(self._bundle, certificate)

    def pdf(self, certificate: Certificate) -> BinaryIO | None:
        """
        Return it as a PDF; None if it is none.

        Raises:
            Refusal: TOO_OFTEN, while too many are being made.
            Fault: it cannot be drawn, or what it is drawn with is gone or damaged.
        """
        return self._made(self._pdf, certificate)

    def signed(self, certificate: Certificate) -> BinaryIO | None:
        """Return it as its institution signed it; None if it did not."""
        return self._made(self.office.printing.signed, certificate)

    def is_signed(self, certificate: Certificate) -> bool:
        """Say whether there is such a file."""
        return self.office.printing.is_signed(certificate.id)

    def drawn(self, certificate: Certificate, kind: str) -> BinaryIO | None:
        """Return it as `png`, `jpeg` or `card`; as `pdf` otherwise."""
        draw = self.office.printing.picture
        return self._made(lambda one: draw(one, kind), certificate)

    def _made(
        self, make: Callable[[Certificate], bytes | None], certificate: Certificate
    ) -> BinaryIO | None:
        """Return what is made as a file that nobody else sees, gone when closed."""
        if not self._turns.acquire(timeout=CONVERT_SECONDS):
            raise Refusal(
                Kind.TOO_OFTEN,
                "keepsakes_busy",
                "Too many pictures and bundles are being made. Try again shortly.",
                retry_after_seconds=5,
            )
        try:
            data = make(certificate)
            if data is None:
                return None
            self.office.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = tempfile.TemporaryFile(dir=self.office.spool)  # noqa: SIM115 - sent later
            file.write(data)
            file.seek(0)
            return file
        finally:
            self._turns.release()

    def _pdf(self, certificate: Certificate) -> bytes | None:
        return self.office.printing.pdf(certificate)

    def _png(self, certificate: Certificate) -> bytes | None:
        picture = certificate.picture
        credential = self.office.credentials.find(certificate.id)
        if certificate.has_file and credential is not None:
            drawn = self.office.printing.picture(certificate, "png")
            return drawn and baked(drawn, credential.body)
        if picture is None or credential is None:
            return None
        data = self._picture(picture)
        if picture.media_type != "image/png":
            data = self._converted(data)
        return baked(data, credential.body)

    def _bundle(self, certificate: Certificate) -> bytes | None:
        credential = self.office.credentials.find(certificate.id)
        if credential is None:
            return None
        office, log = self.office, log_reader(self.office)
        # The picture of a row is not what a certificate that is a PDF looks like.
        picture = None if certificate.has_file else certificate.picture
        # What is too large for a bundle is at its own address.
        pdf = office.printing.pdf(certificate)
        if pdf is not None and len(pdf) > MAX_PART_BYTES:
            pdf = None
        said = orjson.loads(credential.body)
        did = said["issuer"]["id"]
        slug = did.rpartition(":")[2]
        document = document_of(office, slug)
        name = said["credentialStatus"]["statusListCredential"].rpartition("/")[2]
        lists = [office.published_lists.read(name, purpose) for purpose in Purpose]
        files = entries(
            credential=credential.body,
            page=said["id"],
            name=certificate.facts.name,
            issuer_url=f"{office.public_url.rstrip('/')}/t/{slug}/did.json",
            issuer=orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n",
            status=[one for one in lists if one is not None],
            log_proof=log.proof(credential.chunk_id, credential.digest),
            log_keys=[log_vkey(office)],
            checkpoint=log.checkpoint(),
            picture=(picture.media_type, self._picture(picture)) if picture else None,
            document=pdf,
        )
        return packed(files)

    def _picture(self, picture: StoredPicture) -> bytes:
        try:
            with self.office.blobs.open(picture.digest) as file:
                data = file.read()
        except OSError as error:
            raise Fault(
                f"stored picture {picture.digest} is gone", passing=False
            ) from error
        if hashlib.sha256(data).hexdigest() != picture.digest:
            raise Fault(f"stored picture {picture.digest} is damaged", passing=False)
        return data

    def _converted(self, data: bytes) -> bytes:
        try:
            converting = subprocess.run(
                [
                    *(sys.executable, "-I", "-m", "testamur.delivery.to_png"),
                    str(os.getpid()),
                ],
                input=data,
                capture_output=True,
                check=False,
                timeout=CONVERT_SECONDS,
                env={},
                cwd="/",
            )
        except subprocess.TimeoutExpired as error:
            raise Fault("a picture took too long to convert", passing=True) from error
        if converting.returncode:
            raise Fault("a picture could not be converted to PNG", passing=False)
        return converting.stdout
