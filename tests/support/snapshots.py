"""All that a server keeps, to be compared; and what must leave it as it was."""

import hashlib
from collections.abc import Mapping
from typing import Any

from .server import Server, Tenant


def rehearsed(
    tenant: Tenant, files: Mapping[str, tuple[str, bytes]], **data: str
) -> Any:
    """Return the report on a form."""
    answer = tenant.client.post("/v1/rehearsals", files=files, data=data)
    assert answer.status_code == 200, answer.text
    return answer.json()


def everything(server: Server) -> dict[str, str]:
    """Return digests of all that the server keeps: files, and what tables hold."""
    server.rest()
    kept = {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in ("blobs", "spool", "log")
        for path in sorted((server.data / folder).rglob("*"))
        if path.is_file()
    }
    with server.office.database.reading() as connection:
        tables = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).scalars()
        for table in list(tables):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall()
            digest = hashlib.sha256(repr(sorted(map(repr, rows))).encode())
            kept[table] = digest.hexdigest()
    return kept
