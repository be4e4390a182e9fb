"""Reading a job out of its row, for every query that returns one."""

from dataclasses import asdict
from functools import lru_cache
from typing import Any

import orjson

from testamur.core.lifecycle import JobState
from testamur.core.words import (
    Job,
    Letterhead,
    MailOrder,
    Profile,
    SigningOrder,
    TemplateUse,
)

#: What a query selects to make a job of, in the order `job_from` reads it.
JOB = (
    "j.seq, j.id, j.tenant_id, j.verb, j.dialect, j.state, j.total, j.profile, "
    "j.wave, j.created_at, j.updated_at, j.started_at, j.finished_at, b.id"
)

#: Where from.
FROM_JOBS = "jobs j LEFT JOIN batches b ON b.job_seq = j.seq"

#: How many columns `JOB` is.
JOB_WIDTH = 14


def job_from(row: Any) -> Job:
    """Make a job of the first columns of *row*, selected as `JOB`."""
    return Job(
        seq=row[0],
        id=row[1],
        tenant_id=row[2],
        verb=row[3],
        dialect=row[4],
        state=JobState(row[5]),
        total=row[6],
        profile=read_profile(row[7]),
        wave=row[8],
        created_at=row[9],
        updated_at=row[10],
        started_at=row[11],
        finished_at=row[12],
        batch_id=row[13],
    )


@lru_cache(maxsize=256)
def read_profile(text: str) -> Profile:
    """Read a profile as `write_profile` wrote it."""
    fields = orjson.loads(text)
    fields["columns"] = tuple(fields["columns"])
    if letterhead := fields.get("letterhead"):
        fields["letterhead"] = Letterhead(**letterhead)
    if template := fields.get("template"):
        template["columns"] = tuple(template["columns"])
        fields["template"] = TemplateUse(**template)
    if signing := fields.get("signing"):
        fields["signing"] = SigningOrder(**signing)
    if mail := fields.get("mail"):
        fields["mail"] = MailOrder(**mail)
    return Profile(**fields)


def write_profile(profile: Profile) -> str:
    """Spell a profile for its column."""
    return orjson.dumps(asdict(profile)).decode()
