"""
What Open Badges 3.0 demands of an achievement, beside VC Data Model 2.0.

Its context gives two spellings to one word (`criteria` and `Criteria`), so a
signature holds for either; only one is what readers of badges look for.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .form import Problem, items, types_of

#: A credential of one of these types is about an achievement (OB 3.0, B.1.2).
BADGES = frozenset({"AchievementCredential", "OpenBadgeCredential"})

#: What every achievement has (OB 3.0, B.1.1).
NEEDED = ("name", "description", "criteria")


def problems_with_badge(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what an achievement in *document* lacks, if it is a badge."""
    if not BADGES & set(types_of(document)):
        return
    for subject in items(document.get("credentialSubject")):
        if not isinstance(subject, Mapping):
            continue
        for achievement in items(subject.get("achievement")):
            if not isinstance(achievement, Mapping):
                continue
            for name in NEEDED:
                if name not in achievement:
                    yield Problem(
                        "achievement_incomplete",
                        f"An achievement has no {name}; Open Badges 3.0 demands it.",
                        f"credentialSubject.achievement.{name}",
                    )
