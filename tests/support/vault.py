"""A client of VEC's Business API, in a tenant of a running server."""

import io
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from PIL import Image

from testamur.adapters.sql.schema import vault_files
from testamur.core.clock import DAY

from .foreign_pdfs import page, show
from .server import Tenant

VAULT = "/business/certificate-vault"


def scroll(text: str) -> bytes:
    """Return a PDF that says *text*, as another program made it."""
    return page(show(120, 300, text))


def picture(kind: str, size: tuple[int, int] = (640, 400)) -> bytes:
    """Return a picture."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 40, 60)).save(out, kind)
    return out.getvalue()


@dataclass
class VaultClient:
    """What a client does that knows the service's documentation."""

    tenant: Tenant
    client: httpx.Client = field(init=False)
    _count: int = 0

    def __post_init__(self) -> None:
        self.client = self.client_with(self.tenant.key)

    def client_with(self, credential: str) -> httpx.Client:
        """Return a client that sends *credential*."""
        return httpx.Client(
            base_url=self.tenant.server.url,
            headers={"Authorization": f"Bearer {credential}"},
            timeout=60,
        )

    def upload(
        self,
        content: bytes | None = None,
        name: str = "certificate.pdf",
        kind: str = "application/pdf",
    ) -> str:
        """Upload a file; return its id. Without *content* it is like no other."""
        self._count += 1
        content = content or scroll(f"Scroll {self._count}")
        answer = self.client.post(
            f"{VAULT}/upload-file", files={"file": (name, content, kind)}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["file_id"])

    def seeded(self, count: int) -> list[str]:
        """Return ids of files that are as if they had been uploaded, all alike."""
        office = self.tenant.server.office
        owner = office.tenants.find(self.tenant.slug).id
        digest = office.blobs.put(scroll("Alike"))
        now = office.clock()
        ids = [str(uuid.uuid4()) for _ in range(count)]
        columns = (
            *("id", "tenant_id", "digest", "pdf_digest", "name", "media_type", "size"),
            *("document", "created_at", "expires_at"),
        )
        rest = ("a.pdf", "application/pdf", 9, f"{digest} 842 595", now, now + DAY)
        with office.database.writing() as connection:
            office.database.bulk_insert(
                connection,
                vault_files,
                columns,
                ((one, owner, digest, digest, *rest) for one in ids),
            )
        return ids

    def entry(self, file_id: str | None = None, **fields: Any) -> dict[str, Any]:
        """Return an entry with which nothing is wrong, but for *fields*."""
        self._count += 1
        return {
            "certificate_title": "Certificate of Achievement",
            "full_name": f"Recipient {self._count}",
            "applicant_email": f"recipient{self._count}@example.com",
            "file_id": file_id or self.upload(),
            **fields,
        }

    def bulk(self, *entries: Any) -> httpx.Response:
        """Send entries."""
        return self.client.post(f"{VAULT}/bulk", json={"entries": list(entries)})

    def listed(self, **query: Any) -> list[dict[str, Any]]:
        """Return what a list has."""
        answer = self.client.get(VAULT, params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    def done(self, *entries: Any) -> list[dict[str, Any]]:
        """Send entries, and return them in their order when none is on its way."""
        answer = self.bulk(*entries)
        assert answer.status_code == 202, answer.text
        batch = answer.json()["data"]["batch_id"]
        end = time.monotonic() + 60
        while True:
            found = self.listed(batch_id=batch, per_page=100)
            waiting = [
                one
                for one in found
                if one["status"]["value"] in ("pending", "processing")
            ]
            if not waiting:
                return found[::-1]
            assert time.monotonic() < end, waiting
            time.sleep(0.05)

    def shown(self, uuid: str) -> dict[str, Any]:
        """Return everything about a certificate."""
        answer = self.client.get(f"{VAULT}/{uuid}")
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def verified(self, uuid: str) -> bytes:
        """Return the verified PDF of a certificate."""
        answer = self.client.get(f"{VAULT}/{uuid}/download")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        return answer.content
