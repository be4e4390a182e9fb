"""The results of a job, for web and command line."""

from testamur.core.download import Download
from testamur.core.words import Job
from testamur.delivery.downloads import Downloads
from testamur.issuance.issue import facts_of

from .office import Office


def downloaded(
    office: Office, job: Job, kind: str, *, patience: float | None = 25.0
) -> Download:
    """
    Return a job's results, `csv` or `zip`.

    Files that are made of a template are made first, all of them.

    Raises:
        Refusal: TOO_OFTEN, when that would take more than *patience* seconds (None:
            however long it takes); it says when to ask again.
    """
    profile = job.profile
    has_files = kind == "zip" and (profile.template is not None or profile.documents)
    if has_files:
        office.printing.complete(job, patience=patience)
    downloads = Downloads(
        office.results,
        office.blobs,
        facts_of,
        office.public_url,
        office.printing if has_files else None,
    )
    return downloads.csv(job) if kind == "csv" else downloads.zip(job)
