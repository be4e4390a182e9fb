"""
The program in which strangers' documents are read: on a short leash, alone.

It answers frames on standard input with frames on standard output: a question is
two lengths, a media type and a document; an answer is a length and an examination
(JSON). It opens no file and no socket once it has begun. What words mean is handed
over by whoever starts it (`wiring`).
"""

import json
import struct
import sys
from collections.abc import Callable

from testamur.core import leash

from . import bundle, pdf
from .examine import examine
from .ports import Words

QUESTION = struct.Struct(">II")
ANSWER = struct.Struct(">I")

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 8

#: A document larger than this leaves memory behind that is given back.
LARGE = 256 * 1024


def serve(prepare: Callable[[], Words]) -> None:
    """Answer until nobody asks any more; *prepare* imports all that is needed."""
    leash.take_leash(int(sys.argv[1]), memory_bytes=MEMORY_BYTES)
    words = prepare()
    # Whatever is imported on first use is imported now.
    examine(bundle.packed([(bundle.CREDENTIAL, b"{}")]), "", words)
    examine(b'["\\u00e9"', "", words)
    examine(pdf.SIGNATURE, "", words)
    leash.open_nothing_more()
    leash.write(leash.READY)
    while (head := leash.read(QUESTION.size)) is not None:
        type_length, length = QUESTION.unpack(head)
        media_type, data = leash.read(type_length), leash.read(length)
        if media_type is None or data is None:
            return
        leash.allow_time(CPU_SECONDS)
        found = examine(data, media_type.decode("ascii", "replace"), words)
        answer = json.dumps(found, separators=(",", ":")).encode()
        leash.write(ANSWER.pack(len(answer)) + answer)
        if len(data) > LARGE:
            del data, found, answer
            leash.give_back()
