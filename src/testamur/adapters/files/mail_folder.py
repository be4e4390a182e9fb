"""
Mails as files in a folder, where there is no mail server: `delivery.ports.Post`.

Each is an `.eml`, which every mail program opens. Written to a temporary name,
synced and renamed: a mail that is sent again after a crash replaces itself.
"""

import os
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from testamur.core.refusals import Fault
from testamur.delivery.ports import Mail

from .blobs import sync_folder


class MailFolder:
    """The folder *root*."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def round(self) -> Iterator[Callable[[Mail], None]]:
        """Lend what writes mails."""
        yield self._put

    def remove(self, ids: Collection[str]) -> None:
        """
        Remove the mails with these ids, as far as they are there.

        Raises:
            Fault: passing, when one cannot be removed.
        """
        try:
            for path in self._root.glob("*.eml"):
                if path.stem.rpartition("-")[2] in ids:
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise Fault(f"mail folder: {error.strerror}", passing=True) from error

    def _put(self, mail: Mail) -> None:
        path = self._root / f"{mail.written_at}-{mail.id}.eml"
        temporary = self._root / f".{secrets.token_hex(8)}"
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                file.write(mail.data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(self._root)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise Fault(f"mail folder: {error.strerror}", passing=True) from error
