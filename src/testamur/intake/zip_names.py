"""
What an entry of a ZIP may be called, and the key we know it by.

A name is a key and never a path: nothing is ever written where it points. Names
that only make sense as an attack, or that readers of ZIP files disagree about,
are refused all the same, because whoever made them is not sending pictures.
"""

import re
import unicodedata

from testamur.core.refusals import Kind, Refusal

#: The longest name of a file that file systems in use can hold.
MAX_NAME_BYTES = 255

IMAGE_EXTENSIONS = ("png", "jpg", "jpeg", "webp")

#: Left behind by file managers, never meant for us.
LITTER = frozenset({".ds_store", "thumbs.db", "desktop.ini"})

# Names that need no second look: plain ASCII, no part that starts with a dot.
_PLAIN = re.compile(
    rb"(?:[A-Za-z0-9_ ()+,=@&'-][A-Za-z0-9_ ()+,=@&'.-]*/)*"
    rb"(?:[A-Za-z0-9_ ()+,=@&'-][A-Za-z0-9_ ()+,=@&'.-]*)?"
)
# C0, DEL, C1; the line and paragraph separators.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# The characters of UAX #9 that turn text around.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DRIVE = re.compile(r"[A-Za-z]:")


def key_of(raw: bytes) -> str:
    r"""
    Return the name that *raw* spells, with "/" between its parts.

    Some tools on Windows write "\" between folders, and some on Unix put "./"
    in front: both are spelt our way. The flag that says "this is UTF-8" (APPNOTE
    4.4.4, bit 11) is not asked, because macOS leaves it out.

    Raises:
        Refusal: zip_name or zip_path.
    """
    if len(raw) > MAX_NAME_BYTES:
        raise _refused(
            "zip_name", raw, f"is longer than {MAX_NAME_BYTES} bytes; shorten it"
        )
    if raw and _PLAIN.fullmatch(raw):
        return raw.decode("ascii")
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused(
            "zip_name",
            raw,
            "is not written in UTF-8; rename the file with plain letters, or make "
            "the ZIP with a tool that writes UTF-8 names",
        ) from None
    if not name:
        raise _refused("zip_name", raw, "is empty")
    if _CONTROL.search(name):
        raise _refused("zip_name", raw, "contains a control character; rename the file")
    if _BIDI.search(name):
        raise _refused(
            "zip_name", raw, "contains a character that reverses text; rename the file"
        )
    name = name.replace("\\", "/")
    while name.startswith("./"):
        name = name[2:]
    parts = name.removesuffix("/").split("/")
    if _DRIVE.match(name) or any(part in ("", ".", "..") for part in parts):
        raise _refused(
            "zip_path",
            raw,
            "leads out of the ZIP or to a place on a disk; make the ZIP from a "
            "folder of pictures, with relative names",
        )
    return name


def fold(name: str) -> str:
    """
    Return what two names have in common when a person would call them the same.

    >>> fold("JOSE\u0301.PNG") == fold("jos\u00e9.png")
    True
    """
    return name.lower() if name.isascii() else nfc(nfc(name).casefold())


def nfc(name: str) -> str:
    """Return a name with its accents written the one usual way (UAX #15)."""
    return unicodedata.normalize("NFC", name)


def base_of(name: str) -> str:
    """Return the last part of a name."""
    return name.rpartition("/")[2]


def is_ignored(name: str) -> bool:
    """Say whether an entry is a folder, or litter that a file manager left."""
    if name.endswith("/") or name.startswith("__MACOSX/"):
        return True
    base = base_of(name)
    return base.startswith("._") or base.lower() in LITTER


def is_image(name: str) -> bool:
    """Say whether a name promises a picture of a kind we read."""
    stem, dot, extension = base_of(name).rpartition(".")
    return bool(stem and dot) and extension.lower() in IMAGE_EXTENSIONS


def row_number(name: str) -> int | None:
    """
    Return the row that a picture's name stands for, if it is a number.

    >>> row_number("photos/007.jpg")
    7
    """
    stem = base_of(name).rpartition(".")[0]
    # Rows have at most seven digits; a hundred digits name no row.
    if stem.isascii() and stem.isdigit() and len(stem) <= 12:
        return int(stem)
    return None


def shown(name: str | bytes) -> str:
    """Return a name in quotes, harmless to print and not too long."""
    text = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name
    text = "".join(
        letter if letter.isprintable() else f"\\u{ord(letter):04x}"
        for letter in text[:80]
    ) + ("..." if len(text) > 80 else "")
    return f'"{text}"'


def _refused(code: str, raw: bytes, fault: str) -> Refusal:
    return Refusal(
        Kind.INVALID,
        code,
        f"The name {shown(raw)} in the ZIP {fault}.",
        at="images",
    )
