"""The downloads of a job, as verbs for the edges."""

from collections.abc import Iterator
from dataclasses import dataclass

from testamur.core.download import Download
from testamur.core.words import Job

from .bundle import bundle
from .ports import Blobs, FactsOf, Prints, Results
from .results_csv import results_csv


@dataclass(frozen=True, slots=True)
class Downloads:
    """What an owner can take home of a job, in whatever state it is."""

    results: Results
    blobs: Blobs
    facts_of: FactsOf
    #: Where certificates can be looked at, such as `https://certificates.example`.
    public_url: str
    #: None where no certificate has a file of its own.
    prints: Prints | None = None

    def csv(self, job: Job) -> Download:
        """Return the results as CSV. It is made as it is read, from its beginning."""

        def chunks(start: int) -> Iterator[bytes]:
            assert start == 0, "what has no tag has no parts"
            return results_csv(job, self.results)

        return Download(
            media_type="text/csv; charset=utf-8; header=present",
            filename=f"job-{job.id}.csv",
            size=None,
            etag=None,
            chunks=chunks,
        )

    def zip(self, job: Job) -> Download:
        """
        Return certificates, pictures and results as a ZIP.

        Every row is read before this returns; see `bundle`.

        Raises:
            Fault: when a row cannot be read.
        """
        return bundle(
            job,
            results=self.results,
            blobs=self.blobs,
            prints=self.prints,
            facts_of=self.facts_of,
            public_url=self.public_url,
        )
