"""A tenant with documents to sign, and signatories who open their mail."""

import email
import email.policy
import io
import re
import time
from typing import Any

import httpx
import pikepdf

from .server import Server, Tenant

_LINK = re.compile(r"https?://\S+/sign/[A-Za-z0-9_-]{43}")


def pdf(text: str = "", pages: int = 1) -> bytes:
    """Return a small PDF that no other is like."""
    made = pikepdf.new()
    for _ in range(pages):
        made.add_blank_page(page_size=(595, 842))
    with made.open_metadata() as metadata:
        metadata["dc:title"] = text
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


class Paperwork:
    """What one tenant does with documents, over HTTP."""

    def __init__(self, server: Server, tenant: Tenant) -> None:
        self.server = server
        self.tenant = tenant
        self.client = tenant.client
        self.client.headers["X-Tenant"] = tenant.slug
        self._count = 0

    def ok(self, answer: httpx.Response, status: int = 200) -> Any:
        """Return what an answer has in its envelope."""
        assert answer.status_code == status, answer.text
        return answer.json()["data"]

    def post(self, path: str, body: object, status: int = 201) -> Any:
        """Make something; return it."""
        return self.ok(self.client.post(path, json=body), status)

    def kind(self, **fields: object) -> int:
        """Make a document type; return its id."""
        made = self.post("/document-types", {"description": "Contract", **fields})
        return int(made["id"])

    def file(self, data: bytes | None = None, name: str = "a.pdf") -> str:
        """Upload a file; return its UUID."""
        self._count += 1
        data = data or pdf(f"{self.tenant.slug} {self._count}")
        files = [("files[]", (name, data, "application/pdf"))]
        [kept] = self.ok(self.client.post("/files", files=files), 201)
        return str(kept["uuid"])

    def document(self, data: bytes | None = None, **fields: object) -> dict[str, Any]:
        """Make a document; return it."""
        body = {"description": "Contract of Ada", "file_uuid": self.file(data)}
        if "document_type_id" not in fields:
            fields["document_type_id"] = self.kind()
        made: dict[str, Any] = self.post("/documents", {**body, **fields})
        return made

    def asked(self, *addresses: str, **fields: object) -> dict[str, Any]:
        """Make a document and ask people at *addresses* to sign it; return it."""
        order = fields.pop("order", None)
        document = self.document(**fields)  # type: ignore[arg-type]
        signers = [{"name": one.partition("@")[0], "email": one} for one in addresses]
        path = f"/documents/{document['id']}"
        self.post(f"{path}/signers", {"signers": signers, "order": order})
        self.post(f"{path}/signatures", {}, 200)
        return document

    def statuses(self, document: dict[str, Any]) -> dict[str, str]:
        """Return the status of each signature request by address."""
        found = self.ok(self.client.get(f"/documents/{document['id']}/signatures"))
        return {one["email"]: one["status"] for one in found}

    def mails(self, address: str, count: int = 1) -> list[Any]:
        """Return all mails to *address*, once there are *count*."""
        end = time.monotonic() + 15
        while True:
            found = [
                mail
                for path in sorted((self.server.data / "mail").glob("*.eml"))
                if (mail := _read(path.read_bytes()))["to"].addresses[0].addr_spec
                == address
                and mail["from"].addresses[0].display_name == self.tenant.slug.title()
            ]
            if len(found) >= count and not self._queued():
                return found
            assert time.monotonic() < end, f"{len(found)} of {count} mails"
            time.sleep(0.05)

    def _queued(self) -> int:
        """Return how many of the tenant's mails are not known to be sent."""
        with self.server.office.database.reading() as connection:
            found = connection.exec_driver_sql(
                "SELECT count(*) FROM outbox o JOIN tenants t ON t.id = o.tenant_id "
                f"WHERE t.slug = '{self.tenant.slug}' AND o.state = 'queued'"
            )
            return int(found.scalar() or 0)

    def link(self, address: str, count: int = 1) -> str:
        """Return the link in the newest mail to *address*."""
        mail = self.mails(address, count)[-1]
        return link_in(mail)

    def sign(self, link: str, name: str = "Ada Lovelace") -> httpx.Response:
        """Sign as the page's form does."""
        return answer(link, decision="sign", name=name)

    def refuse(self, link: str, reason: str = "") -> httpx.Response:
        """Refuse as the page's form does."""
        return answer(link, decision="refuse", reason=reason)


def answer(link: str, **fields: str) -> httpx.Response:
    """Open the page and send its form with *fields*."""
    page = httpx.get(link)
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', page.text)
    form = {"seen": seen[1] if seen else "", **fields}
    return httpx.post(link, data=form, headers={"User-Agent": "Browser/1.0"})


def link_in(mail: Any) -> str:
    """Return the link in a mail."""
    found = _LINK.search(mail.get_body(("plain",)).get_content())
    assert found is not None
    return found[0]


def _read(data: bytes) -> Any:
    return email.message_from_bytes(data, policy=email.policy.default)
