"""The languages in which people are written to and shown pages."""

#: The first one is what everybody gets who asks for none of them.
LANGUAGES = ("en", "es", "fr", "pt", "ar", "zh")

RIGHT_TO_LEFT = frozenset({"ar"})


def language_of(wish: str | None) -> str:
    """
    Return the language to use for *wish*, a tag as BCP 47 has them.

    >>> language_of("pt-BR"), language_of("ZH_hant"), language_of("tlh")
    ('pt', 'zh', 'en')
    """
    primary = (wish or "").replace("_", "-").partition("-")[0].lower()
    return primary if primary in LANGUAGES else LANGUAGES[0]


def direction_of(language: str) -> str:
    """
    Return how *language* is written, as HTML's `dir` says it.

    >>> direction_of("ar")
    'rtl'
    """
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"
