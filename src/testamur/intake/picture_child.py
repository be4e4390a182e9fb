"""
The program in which pictures are decoded: one at a time, on a short leash.

`python -m testamur.intake.picture_child PARENT` answers frames on its standard
input with frames on its standard output until either is closed. It has no
environment, may not write files or start programs, has bounded memory and time,
and dies with its parent. Whatever a decoder does wrong, it does wrong in here.

A question is a length and a picture. An answer is a head (`ANSWER`) and two
parts: picture and thumbnail, or the code and the sentence of what is wrong.
"""

import struct
import sys

from testamur.core import leash

QUESTION = struct.Struct(">I")

#: (b"P" or b"R", width, height, formats of both parts, lengths of both parts)
ANSWER = struct.Struct(">cHHBBII")

#: Formats are sent as their place in this list.
FORMATS = ("JPEG", "PNG")

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 10


def main() -> None:
    """Answer until nobody asks any more."""
    leash.take_leash(int(sys.argv[1]), memory_bytes=MEMORY_BYTES)
    from .picture_codec import arm, normalise
    from .picture_formats import Wrong

    arm()
    leash.write(leash.READY)
    while (head := leash.read(QUESTION.size)) is not None:
        (length,) = QUESTION.unpack(head)
        data = leash.read(length)
        if data is None:
            return
        leash.allow_time(CPU_SECONDS)
        try:
            width, height, form, image, small_form, small = normalise(data)
        except Wrong as wrong:
            code, message = wrong.code.encode(), wrong.message.encode()
            leash.write(ANSWER.pack(b"R", 0, 0, 0, 0, len(code), len(message)))
            leash.write(code + message)
            continue
        forms = FORMATS.index(form), FORMATS.index(small_form)
        leash.write(ANSWER.pack(b"P", width, height, *forms, len(image), len(small)))
        leash.write(image)
        leash.write(small)
        large = width * height > 4_000_000
        del data, image, small
        if large:
            leash.give_back()


if __name__ == "__main__":
    main()
