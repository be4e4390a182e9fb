"""
The program in which uploaded documents are made into verified ones.

`python -m testamur.rendering.verified.verified_child PARENT` answers frames on its
standard input with frames on its standard output until either is closed. Documents
and pictures are strangers': it has no environment, no network, may start no programs,
has bounded memory and time, writes no file, and dies with its parent.
"""

import json
import os
import struct
import sys

from testamur.core import leash
from testamur.core.parent import die_with
from testamur.core.solitude import cut_off

#: (seconds of processor, lengths of: what is said, a folder, what was uploaded, the
#: PDF that it is shown as, the credential). No credential: the PDF is wanted.
QUESTION = struct.Struct(">HIIIII")

#: How long the answer is. None: it could not be made.
ANSWER = struct.Struct(">I")

#: Of addresses: fonts and libraries are mapped, and take 300 MB of it.
MEMORY_BYTES = 1536 * 1024 * 1024
#: Of memory that is its own, where the system counts that.
OWN_BYTES = 1024 * 1024 * 1024


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
    draws = None
    while (head := leash.read(QUESTION.size)) is not None:
        seconds, *lengths = QUESTION.unpack(head)
        parts = [leash.read(length) for length in lengths]
        said, folder, data, pdf, credential = (one or b"" for one in parts)
        if None in parts:
            return
        leash.allow_time(seconds)
        told = json.loads(said)
        try:
            if credential:
                from .assembling import Uploaded, draughtsman, verified

                if draws is None:
                    from pathlib import Path

                    from ..text.font_house import use_folder

                    use_folder(Path(os.fsdecode(folder)) if folder else None)
                    draws = draughtsman()
                uploaded = Uploaded(told["file"], told["media_type"], data, pdf or data)
                answer = verified(draws, told, uploaded, credential)
            else:
                from .picture import paged

                answer = paged(data, told["file"], told["media_type"])
        except (ValueError, RecursionError, RuntimeError):
            answer = b""
        except MemoryError:
            return
        leash.write(ANSWER.pack(len(answer)))
        leash.write(answer)
        del parts, data, pdf, answer
        leash.give_back()


if __name__ == "__main__":
    main()
