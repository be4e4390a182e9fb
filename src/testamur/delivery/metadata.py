"""
What the ZIP says of each certificate, as a JSON file.

The keys are those that markets of tokens read (`name`, `description`, `image`,
`external_url`, `attributes`), and our own beside them. Values are what the
certificate says, to the letter: JSON is not a spreadsheet.
"""

import orjson

from testamur.core.clock import rfc3339
from testamur.core.words import Facts, Job

from .ports import ResultRow

_STYLE = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def metadata_name(row: int, reference: str, total: int) -> str:
    """
    Return the path in the ZIP; numbers are padded so that names sort like rows.

    >>> metadata_name(7, "PB-ABC123", 1_000)
    'metadata/0007-PB-ABC123.json'
    """
    return f"metadata/{row:0{len(str(total))}d}-{reference}.json"


def metadata(
    job: Job,
    row: ResultRow,
    facts: Facts,
    *,
    image: str | None,
    document: str | None,
    page_url: str,
) -> bytes:
    """
    Return the file for the certificate of *row*.

    *image* is the picture's path in the ZIP, and *document* that of the file made of
    a template (without one there is no such key); *page_url* is where the certificate
    can be looked at. The same certificate gives the same bytes.
    """
    assert row.issued_at is not None
    expires_at = row.voucher_expires_at
    return orjson.dumps(
        {
            "name": facts.name,
            "description": facts.description,
            "image": image,
            **({} if document is None else {"document": document}),
            "external_url": page_url,
            "attributes": [
                {"trait_type": name, "value": value} for name, value in facts.attributes
            ],
            "category": facts.category,
            "recipientName": facts.recipient_name,
            "recipientEmail": facts.recipient_email,
            "certificateId": row.certificate_id,
            "voucherId": row.voucher_id,
            "referenceNumber": row.reference,
            "issuedAt": rfc3339(row.issued_at),
            "expiresAt": None if expires_at is None else rfc3339(expires_at),
            "jobId": job.id,
            "row": row.number,
        },
        option=_STYLE,
    )
