"""What a verification page says: all its words, for whoever translates them."""

WORDS = {
    "lang": "en",
    "heading": "Verify this certificate",
    "explain": "This certificate is signed by its issuer and entered in a public log. "
    "The page below says whether it is still valid. Only that page counts: what is "
    "printed here anybody could print.",
    "title": "Certificate",
    "recipient": "Issued to",
    "issuer": "Issued by",
    "awarded": "Awarded on",
    "issued": "Issued at (UTC)",
    "reference": "Reference",
    "details": "Details",
    "qr": "QR code of the page on which this can be verified",
    "check": "Verify it here",
    "file": "Uploaded document",
    "digest": "Its SHA-256",
    "pdf_digest": "SHA-256 of it as a PDF",
    "address": "Verification page",
    "attached": "Attached to this file are the signed credential (credential.json) and "
    "the document as its issuer uploaded it, byte for byte. The credential names the "
    "SHA-256 of the document, so that both can be checked without this house.",
    "cover": "The document carries signatures of its own, which pages added to it "
    "would break. So it is attached and not shown here: open it from the attachments.",
}
