"""
The program in which signature records are drawn and laid behind documents.

`python -m testamur.rendering.record.record_child PARENT` answers frames on its
standard input with frames on its standard output until either is closed. Documents
are strangers': it has no environment, no network, may start no programs, has bounded
memory and time, writes no file, and dies with its parent.
"""

import json
import os
import struct
import sys

from testamur.core import leash
from testamur.core.parent import die_with
from testamur.core.solitude import cut_off

#: (seconds of processor it may take, lengths of what is said, a folder, a document)
QUESTION = struct.Struct(">HIII")

#: (length of the record, length of the document with it; none of both: it failed)
ANSWER = struct.Struct(">II")

#: Of addresses: fonts and libraries are mapped, and take 300 MB of it.
MEMORY_BYTES = 1280 * 1024 * 1024
#: Of memory that is its own, where the system counts that.
OWN_BYTES = 768 * 1024 * 1024


def main() -> None:
    """Answer until nobody asks any more."""
    parent = int(sys.argv[1])
    os.environ["RAYON_NUM_THREADS"] = "1"
    cut_off()
    leash.take_leash(parent, memory_bytes=MEMORY_BYTES, has_threads=True)
    # Users of its own (`cut_off`) make a process forget whom it dies with.
    die_with(parent)
    leash.limit_own(OWN_BYTES)
    leash.write(leash.READY)
    draughtsman = None
    while (head := leash.read(QUESTION.size)) is not None:
        seconds, *lengths = QUESTION.unpack(head)
        parts = [leash.read(length) for length in lengths]
        said, folder, document = parts
        if said is None or folder is None or document is None:
            return
        leash.allow_time(seconds)
        from .drawing import Draughtsman, laid_behind

        if draughtsman is None:
            from pathlib import Path

            from ..text.font_house import use_folder

            use_folder(Path(os.fsdecode(folder)) if folder else None)
            draughtsman = Draughtsman()
        try:
            record, part = draughtsman.record(json.loads(said))
            whole = laid_behind(document, part) if document else None
        except (ValueError, RecursionError):
            record, whole = b"", None
        except MemoryError:
            return
        whole = whole or b""
        leash.write(ANSWER.pack(len(record), len(whole)))
        leash.write(record)
        leash.write(whole)


if __name__ == "__main__":
    main()
