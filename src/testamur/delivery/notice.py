"""What the recipient of a certificate is written. All its words are here."""

from .letter import Letter

LANGUAGE = "en"


def notice(issuer: str, recipient: str, title: str, url: str) -> Letter:
    """Return the letter that tells *recipient* where their certificate is."""
    return Letter(
        from_name=issuer,
        to_name=recipient,
        subject=f"Your certificate: {title}",
        heading=f"{issuer} issued you a certificate",
        lines=(
            f"Dear {recipient},",
            f"{issuer} issued you the certificate “{title}”.",
            "The page below shows it. Anybody whom you send its address can see that "
            "it is genuine. You need no account.",
        ),
        link=("See the certificate", url),
        closing=("If you did not expect this, you need not do anything.",),
        language=LANGUAGE,
        is_bulk=True,
    )
