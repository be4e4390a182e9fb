"""
What a PDF can do by itself: scripts, actions, films, files within the file.

A first look at each object is at its text, as qpdf spells it, whatever the file's own
spelling is (`/J#61vaScript`): most objects have none of the words that matter, and
only the others are taken apart.
"""

import json
import re
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, Stream, String

from .facts import refusal
from .walk import dictionaries_in

#: Types of actions (ISO 32000-1, 12.6.4), but for those that move within the file,
#: and links that are clicked.
_ACTIONS = {
    "/JavaScript": "a script.",
    "/Launch": "an action that starts a program.",
    "/GoToE": "an action that opens another file.",
    "/GoToR": "an action that opens another file.",
    "/GoToDp": "an action that opens another file.",
    "/SubmitForm": "an action that sends its form away.",
    "/ResetForm": "an action that empties its form.",
    "/ImportData": "an action that fills in its form.",
    "/Hide": "an action that hides part of it.",
    "/SetOCGState": "an action that hides part of it.",
    "/Rendition": "an action that plays something.",
    "/Sound": "an action that plays something.",
    "/Movie": "an action that plays something.",
    "/Trans": "an action that changes what is shown.",
    "/GoTo3DView": "an action that changes what is shown.",
    "/RichMediaExecute": "an action that plays something.",
}
_ANNOTATIONS = {
    "/RichMedia": "a film, or a program.",
    "/Screen": "a film.",
    "/Movie": "a film.",
    "/Sound": "a sound.",
    "/3D": "a model that moves.",
    "/FileAttachment": "a file within the file.",
}
#: Keys whose mere presence says it.
_KEYS = {
    "/AA": "actions that happen by themselves.",
    "/JS": "a script.",
    "/JavaScript": "a script.",
    "/XFA": "an XFA form, which is drawn by a program.",
    "/Collection": "a collection of files.",
    "/RichMediaContent": "a film, or a program.",
    "/RichMediaSettings": "a film, or a program.",
}
_WORDS = re.compile(
    rb"/(?:URI|EF|OpenAction|Ref|F|FFilter|OPI|"
    + b"|".join(
        re.escape(word[1:].encode())
        for word in sorted({*_ACTIONS, *_ANNOTATIONS, *_KEYS}, reverse=True)
    )
    + rb")(?![^\s/()<>\[\]{}%])"
)
#: Where links may lead.
_SCHEMES = re.compile(rb"(?:https?|mailto|tel):", re.IGNORECASE)
_ANY_SCHEME = re.compile(rb"\s*[a-z][a-z0-9+.\s-]*:", re.IGNORECASE)

#: A file within the file is let pass when it is data that says what the PDF says:
#: JSON, as certificates have their credential attached.
MAX_ATTACHED = 1024 * 1024


def check_active(thing: Any, text: bytes) -> None:
    """
    Raise if *thing*, an object of a PDF, does something; qpdf spells it as *text*.

    Raises:
        Refusal: INVALID `pdf_active_content`.
    """
    if not _WORDS.search(text):
        return
    if isinstance(thing, Stream):
        entries = thing.stream_dict
        if "/F" in entries or "/FFilter" in entries:
            raise refusal("pdf_active_content", "part of it lies in another file.")
        if entries.get("/Subtype") == Name.Form and ("/Ref" in entries):
            raise refusal("pdf_active_content", "part of it lies in another file.")
        if "/OPI" in entries:
            raise refusal("pdf_active_content", "part of it lies in another file.")
        thing = entries
    for each in dictionaries_in(thing):
        _check(each)


def check_opening(catalog: Any) -> None:
    """
    Raise if something happens when the file is opened, beyond showing a page.

    Raises:
        Refusal: INVALID `pdf_active_content`.
    """
    opening = catalog.get("/OpenAction")
    if isinstance(opening, Dictionary) and opening.get("/S") != Name.GoTo:
        raise refusal("pdf_active_content", "something happens when it is opened.")


def _check(entries: Any) -> None:
    for key, what in _KEYS.items():
        if key in entries:
            raise refusal("pdf_active_content", what)
    kind = entries.get("/S")
    if isinstance(kind, Name):
        what = _ACTIONS.get(str(kind), "")
        if what:
            raise refusal("pdf_active_content", what)
        if kind == Name.URI:
            _check_link(entries.get("/URI"))
    subtype = entries.get("/Subtype")
    if isinstance(subtype, Name) and "/Rect" in entries:
        what = _ANNOTATIONS.get(str(subtype), "")
        if what:
            raise refusal("pdf_active_content", what)
    if "/EF" in entries:
        _check_attached(entries)


def _check_link(address: Any) -> None:
    said = bytes(address) if isinstance(address, String) else b""
    if _ANY_SCHEME.match(said) and not _SCHEMES.match(said):
        raise refusal("pdf_active_content", "a link that leads to no web page.")


def _check_attached(specification: Any) -> None:
    files = specification.get("/EF")
    streams = list(files.values()) if isinstance(files, Dictionary) else [None]
    for each in streams:
        if not isinstance(each, Stream) or not _is_json(each):
            raise refusal("pdf_active_content", "a file within the file.")


def _is_json(stream: Any) -> bool:
    try:
        data = stream.read_bytes()
        if len(data) > MAX_ATTACHED:
            return False
        json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError, RuntimeError, pikepdf.PdfError):
        return False
    return True
