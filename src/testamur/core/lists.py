"""Which part of a list is wanted."""

from dataclasses import dataclass

#: The order in which things were made: everything has it, and nothing is quicker.
CREATED = "created_at"

#: What a value can be that things are looked for by.
Value = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Query:
    """Which entries of a list are wanted, in which order, and which page of them."""

    #: Field and value, all of which must hold. None: the field must be empty.
    where: tuple[tuple[str, Value], ...] = ()
    #: Field, and whether the largest comes first. None: as they were made.
    sort: tuple[str, bool] | None = None
    page: int = 1
    per_page: int = 15
