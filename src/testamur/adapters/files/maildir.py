"""
A Maildir into which a mail server puts messages, and what is taken out of it.

Only what is in `new` was delivered whole. A message stays there until it was dealt
with: whoever dies meanwhile has it dealt with again.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from testamur.core.refusals import Fault

#: Messages that are looked at in one go.
AT_ONCE = 100

#: Flag of a message that somebody has seen.
SEEN = ":2,S"


class Maildir:
    """The Maildir at *root*."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def take(self, deal: Callable[[bytes], bool], limit: int) -> int:
        """
        Hand the first *limit* bytes of each new message to *deal*; return how many.

        Those of which it returns True are removed, others are moved to `cur`, for a
        person to look at.

        Raises:
            Fault: passing, when the folder cannot be read or changed, or from *deal*:
                that message and those after it stay.
        """
        try:
            names = sorted(os.listdir(self._root / "new"))[:AT_ONCE]
        except OSError as error:
            raise self._fault(error) from error
        count = 0
        for name in names:
            if name.startswith("."):
                continue
            path = self._root / "new" / name
            data = self._read(path, limit)
            is_done = data is not None and deal(data)
            try:
                if is_done:
                    path.unlink(missing_ok=True)
                else:
                    (self._root / "cur").mkdir(mode=0o700, exist_ok=True)
                    path.replace(self._root / "cur" / f"{name.split(':')[0]}{SEEN}")
            except FileNotFoundError:
                continue  # a twin of this call was quicker
            except OSError as error:
                raise self._fault(error) from error
            count += 1
        return count

    def _read(self, path: Path, limit: int) -> bytes | None:
        """Return the beginning of a message; None for what is none."""
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None  # a link, or gone
        with os.fdopen(file, "rb") as opened:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return None
            try:
                return opened.read(limit)
            except OSError as error:
                raise self._fault(error) from error

    def _fault(self, error: OSError) -> Fault:
        return Fault(f"Maildir {self._root}: {error.strerror}", passing=True)
