"""
The columns a submission may have. The words are the Pocketbook wire's.

Intake refuses a file whose header breaks these rules; issuance reads rows by them.
"""

import re

NAME = "name"
DESCRIPTION = "description"
CATEGORY = "category"
RECIPIENT_EMAIL = "recipientEmail"
RECIPIENT_NAME = "recipientName"
EXPIRY_DAYS = "expiryDays"
#: Required unless a ZIP of images comes along.
IMAGE = "imageUrl"

#: What a certificate looks like that is a PDF of its issuer's: only our own dialects
#: fill it, and no file that is sent may have it.
DOCUMENT = "document"

#: What a certificate is called that was given its reference before it was issued:
#: likewise.
REFERENCE = "reference"

REQUIRED = (NAME, DESCRIPTION, CATEGORY, RECIPIENT_EMAIL)
OPTIONAL = (RECIPIENT_NAME, EXPIRY_DAYS)
KNOWN = frozenset((*REQUIRED, *OPTIONAL, IMAGE))

#: The cells of a row whose person was erased. No row is ever sent so.
ERASED = "{}"

#: What follows it is the attribute's name, its case kept.
ATTRIBUTE_PREFIX = "attribute_"
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{0,63}")

#: Names that mean something else where attributes end up: `id` and `type` are
#: JSON-LD keywords in a credential, the others live on every JavaScript object.
RESERVED = frozenset(
    (
        "id",
        "type",
        "constructor",
        "prototype",
        "__proto__",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
    )
)


def is_attribute_name(text: str) -> bool:
    """Say whether an attribute may be called *text* (without the prefix)."""
    return _ATTRIBUTE_NAME.fullmatch(text) is not None and text not in RESERVED
