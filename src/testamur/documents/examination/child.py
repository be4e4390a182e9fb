"""
The program in which uploaded PDFs are read: on a short leash, alone.

`python -m testamur.documents.examination.child PARENT` answers frames on standard
input with frames on standard output: a question is a length and a PDF; an answer is a
length and what was found (JSON). It opens no file and no socket once it has begun.
"""

import json
import struct
import sys
from typing import Any

from testamur.core import leash
from testamur.core.refusals import Refusal

QUESTION = struct.Struct(">I")
ANSWER = struct.Struct(">I")

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 8

#: A file larger than this leaves memory behind that is given back.
LARGE = 1024 * 1024


def main() -> None:
    """Answer until nobody asks any more."""
    leash.take_leash(int(sys.argv[1]), memory_bytes=MEMORY_BYTES)
    # Whatever is imported on first use is imported now.
    from .examine import examine
    from .warm import SIGNED

    examine(SIGNED)
    leash.open_nothing_more()
    leash.write(leash.READY)
    while (head := leash.read(QUESTION.size)) is not None:
        (length,) = QUESTION.unpack(head)
        data = leash.read(length)
        if data is None:
            return
        leash.allow_time(CPU_SECONDS)
        found: dict[str, Any]
        try:
            facts = examine(data)
            found = {
                "page_sizes": facts.page_sizes,
                "signatures": facts.signatures,
                "docmdp": facts.docmdp,
                "has_form": facts.has_form,
            }
        except Refusal as no:
            found = {"refusal": [no.code, no.detail]}
        answer = json.dumps(found).encode()
        leash.write(ANSWER.pack(len(answer)) + answer)
        if length > LARGE:
            del data
            leash.give_back()


if __name__ == "__main__":
    main()
