"""The academic directory, put together."""

from fastapi import APIRouter
from sqlalchemy import Connection

from testamur.adapters.sql import uploaded_files
from testamur.adapters.sql.records.store import SqlRecords
from testamur.records.curricula import Curricula
from testamur.records.definitions import DEFINITIONS
from testamur.records.directory import Directory
from testamur.web.routes.dokstamp.records import record_routes
from testamur.web.verbs import Verbs

from .office import Office


def directory_of(office: Office) -> tuple[Directory, Curricula]:
    """Return the directory of an installation, and the modules of its courses."""
    records = SqlRecords(office.database, DEFINITIONS, {"files": _is_file})
    directory = Directory(records, DEFINITIONS, office.clock)
    return directory, Curricula(records, directory)


def _is_file(connection: Connection, tenant_id: str, uuid: str) -> bool:
    return uploaded_files.find(connection, tenant_id, uuid) is not None


def routes_of(office: Office, verbs: Verbs) -> APIRouter:
    """Return the directory's routes."""
    directory, curricula = directory_of(office)
    return record_routes(verbs, DEFINITIONS, directory, curricula)
