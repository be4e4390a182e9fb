"""What this room needs of the outside."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from testamur.core.refusals import Refusal
from testamur.core.words import KeptFile


class Blobs(Protocol):
    """Bytes under the name of their SHA-256. What is stored survives power loss."""

    def adopt(self, path: Path, digest: str) -> None:
        """Take the file at *path*, whose SHA-256 is *digest*, into the store."""
        ...

    def open(self, digest: str) -> BinaryIO:
        """Open stored bytes for reading; the file is seekable."""
        ...

    def path(self, digest: str) -> Path:
        """Return a path at which the stored bytes can be read."""
        ...


class FileShelf(Protocol):
    """Files that were uploaded before it is said what for."""

    def put(self, files: Sequence[KeptFile]) -> Sequence[KeptFile]:
        """
        Keep *files*, all or none; return them in this order.

        Where a tenant has the same bytes already, that file is returned instead.
        """
        ...

    def find(self, tenant_id: str, file_id: str) -> KeptFile | None:
        """Return the tenant's file; None for another's, or one that is not there."""
        ...

    def find_any(self, file_id: str) -> KeptFile | None:
        """Return the file, whoever's it is; None when there is none."""
        ...

    def listing(
        self,
        tenant_id: str,
        where: Mapping[str, object],
        *,
        is_used: bool | None,
        sort: tuple[str, bool] | None,
        start: int,
        limit: int,
    ) -> tuple[Sequence[KeptFile], int]:
        """
        Return *limit* of the tenant's files from the *start*-th on, and their number.

        *where*: what fields must be. *sort*: a field, and whether the largest comes
        first; otherwise the oldest do.
        """
        ...

    def rename(self, tenant_id: str, file_id: str, name: str) -> KeptFile | None:
        """Give the tenant's file another name; None when there is no such file."""
        ...

    def remove(
        self,
        tenant_id: str,
        file_ids: Sequence[str],
        refuse: Callable[[Sequence[tuple[int, KeptFile | None]]], Refusal | None],
    ) -> None:
        """
        Forget the tenant's files, all or none.

        *refuse* is shown each, by its place in *file_ids*, as it is now, and may say
        no: nobody spends one meanwhile.

        Raises:
            Refusal: what *refuse* returned.
        """
        ...

    def sweep(self, now: int) -> int:
        """Forget files that were to go by *now* and that nothing uses; say how many."""
        ...
