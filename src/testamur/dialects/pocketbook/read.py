"""What a Pocketbook client sends, in our words."""

from collections.abc import Mapping
from typing import TypeVar

from testamur.core.lifecycle import JobState
from testamur.core.refusals import Kind, Refusal

#: Its names of the statuses are ours.
STATUSES = {str(state): state for state in JobState}

File = TypeVar("File")


def create_batch(text: str | None) -> bool:
    """
    Read the form field createBatch.

    Raises:
        Refusal: INVALID, when it is neither true nor false.
    """
    match text:
        case None | "" | "false":
            return False
        case "true":
            return True
    raise Refusal(
        Kind.INVALID,
        "parameter_invalid",
        "createBatch is neither true nor false. Send one of these words.",
        at="createBatch",
    )


def template(text: str | None) -> str | None:
    """
    Read the form field template, which this interface adds to the documented ones.

    Raises:
        Refusal: INVALID, when it cannot be the id or the name of a template.
    """
    if not text:
        return None
    if len(text) > 255 or not text.isprintable():
        raise Refusal(
            Kind.INVALID,
            "parameter_invalid",
            "template is the id or the name of a template.",
            at="template",
        )
    return text


def status(text: str | None) -> JobState | None:
    """
    Read the query parameter status.

    Raises:
        Refusal: INVALID, naming the statuses there are.
    """
    if text is None:
        return None
    if text not in STATUSES:
        raise Refusal(
            Kind.INVALID,
            "parameter_invalid",
            f"There is no such status. Use one of {', '.join(STATUSES)}.",
            at="status",
        )
    return STATUSES[text]


def download_type(text: str) -> str:
    """
    Read which download is wanted.

    Raises:
        Refusal: NOT_FOUND, when it is neither csv nor zip.
    """
    if text not in ("csv", "zip"):
        raise Refusal(
            Kind.NOT_FOUND,
            "download_type_unknown",
            "There are two downloads: csv and zip.",
            at="type",
        )
    return text


def required_file(files: Mapping[str, File]) -> File:
    """
    Return the CSV among the uploaded *files*.

    Raises:
        Refusal: INVALID `parameter_missing`, when there is none.
    """
    if "metadata" not in files:
        raise Refusal(
            Kind.INVALID,
            "parameter_missing",
            "The CSV is missing. Send it as the form file metadata.",
            at="metadata",
        )
    return files["metadata"]
