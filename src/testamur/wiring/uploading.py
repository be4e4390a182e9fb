"""Uploaded files, for DokStamp's clients."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from testamur.core.download import Download
from testamur.core.words import KeptFile
from testamur.uploads.files import ArrivedFile, download_name

from .office import Office

#: Files are read in pieces of this size.
PIECE = 256 * 1024


@dataclass(frozen=True)
class SiteFiles:
    """`web.routes.dokstamp.files.FileVerbs` by the uploads room."""

    office: Office

    def keep(
        self, tenant_id: str, arrived: Sequence[tuple[Path, str, int, str]]
    ) -> Sequence[KeptFile]:
        """Keep files (path, SHA-256, size, name), all or none; or refuse."""
        files = [ArrivedFile(*one) for one in arrived]
        return self.office.uploaded_files.keep(tenant_id, files)

    def find(self, tenant_id: str, file_id: str) -> KeptFile:
        """Return the tenant's file, or refuse."""
        return self.office.uploaded_files.find(tenant_id, file_id)

    def listing(
        self,
        tenant_id: str,
        where: Mapping[str, object],
        is_used: bool | None,
        sort: tuple[str, bool] | None,
        start: int,
        limit: int,
    ) -> tuple[Sequence[KeptFile], int]:
        """Return one page of the tenant's files, and how many there are."""
        return self.office.uploaded_files.listing(
            tenant_id, where, is_used=is_used, sort=sort, start=start, limit=limit
        )

    def rename(self, tenant_id: str, file_id: str, name: str) -> KeptFile:
        """Give the tenant's file another name, or refuse."""
        return self.office.uploaded_files.rename(tenant_id, file_id, name)

    def remove(self, tenant_id: str, file_id: str) -> None:
        """Remove the tenant's file, or refuse."""
        self.office.uploaded_files.remove(tenant_id, file_id)

    def remove_all(self, tenant_id: str, file_ids: Sequence[str]) -> None:
        """Remove the tenant's files, all or none, or refuse."""
        self.office.uploaded_files.remove_all(tenant_id, file_ids, at="uuids")

    def download(self, file_id: str) -> Download | None:
        """Return the file, whoever's it is; None when there is none."""
        found = self.office.uploaded_files.open(file_id)
        if found is None:
            return None
        kept, opened = found
        opened.close()
        path = self.office.blobs.path(kept.digest)

        def chunks(start: int) -> Iterator[bytes]:
            with path.open("rb") as file:
                file.seek(start)
                while piece := file.read(PIECE):
                    yield piece

        return Download(
            filename=download_name(kept),
            media_type=kept.media_type,
            size=kept.size,
            etag=f'"{kept.digest}"',
            chunks=chunks,
        )
