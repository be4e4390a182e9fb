"""A student system of a university, as it is written against DokStamp."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from .foreign_pdfs import page, show
from .server import Tenant


def diploma(name: str) -> bytes:
    """Return the PDF of a diploma, as another program made it."""
    return page(show(120, 300, f"Diploma of {name}"))


@dataclass
class University:
    """One institution with one course, in a tenant of a running server."""

    tenant: Tenant
    client: httpx.Client = field(init=False)
    institution: str = field(init=False)
    course: str = field(init=False)
    _count: int = 0

    def __post_init__(self) -> None:
        self.client = self.client_with(self.tenant.key)
        self.institution = self.made(
            "/institutions", name="University of the Azores", country="PT"
        )["uuid"]
        self.course = self.made(
            "/courses",
            name="Marine Biology",
            code="MB-1",
            workload_hours=120,
            institution_uuid=self.institution,
        )["uuid"]

    def client_with(self, credential: str) -> httpx.Client:
        """Return a client that sends *credential*, and what this wire asks for."""
        return httpx.Client(
            base_url=self.tenant.server.url,
            headers={
                "Authorization": f"Bearer {credential}",
                "Accept": "application/json",
                "X-Tenant": self.tenant.slug,
            },
            timeout=60,
            limits=httpx.Limits(max_connections=400, max_keepalive_connections=400),
        )

    def made(self, path: str, **body: Any) -> dict[str, Any]:
        """Return what a POST has created."""
        answer = self.client.post(path, json=body)
        assert answer.status_code == 201, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def student(self, name: str = "Inês Furtado", **more: Any) -> str:
        """Return the UUID of a new student."""
        self._count += 1
        body = {
            "name": name,
            "email": f"student{self._count}@example.org",
            "date_of_birth": "2001-05-17",
            **more,
        }
        return str(self.made("/students", **body)["uuid"])

    def uploaded(self, *contents: bytes) -> list[str]:
        """Return the UUIDs of files that were uploaded in one request."""
        answer = self.client.post(
            "/files",
            files=[
                ("files[]", (f"diploma-{number}.pdf", content, "application/pdf"))
                for number, content in enumerate(contents, 1)
            ],
        )
        assert answer.status_code == 201, answer.text
        return [one["uuid"] for one in answer.json()["data"]]

    def wish(self, **more: Any) -> dict[str, Any]:
        """Return the body of a request for a certificate of a student of its own."""
        body = {
            "institution_uuid": self.institution,
            "course_uuid": self.course,
            "status": "issued",
            **more,
        }
        if "student_uuid" not in body:
            body["student_uuid"] = self.student()
        if "file_uuid" not in body:
            self._count += 1
            [body["file_uuid"]] = self.uploaded(diploma(f"nobody {self._count}"))
        return body

    def certificate(self, **more: Any) -> dict[str, Any]:
        """Return a certificate that was created."""
        return self.made("/certificates", **self.wish(**more))


def days_from_now(days: int) -> str:
    """Spell a moment as a client in JavaScript does."""
    at = datetime.now(UTC) + timedelta(days=days)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
