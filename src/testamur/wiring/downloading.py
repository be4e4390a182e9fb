"""The results of a job, for web and command line."""

from testamur.core.download import Download
from testamur.core.words import Job
from testamur.delivery.downloads import Downloads
from testamur.issuance.issue import facts_of

from .office import Office


def downloaded(office: Office, job: Job, kind: str) -> Download:
    """
    Return a job's results, `csv` or `zip`.

    Files that are made of a template are made first, all of them.

    Raises:
        Refusal: TOO_OFTEN, while so many are being made that asking again is better
            than waiting; it says when.
    """
    has_files = kind == "zip" and job.profile.template is not None
    if has_files:
        office.printing.complete(job)
    downloads = Downloads(
        office.results,
        office.blobs,
        facts_of,
        office.public_url,
        office.printing if has_files else None,
    )
    return downloads.csv(job) if kind == "csv" else downloads.zip(job)
