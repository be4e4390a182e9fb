"""
Records: what an academic directory consists of, described as data.

A `Definition` says what a kind of record has; reading, checking, storing, listing
and spelling follow from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from functools import cached_property

from .refusals import Refusal
from .text import nfc, trim


class Holds(StrEnum):
    """What a field can hold, and in which form it is stored."""

    LINE = auto()  #: text of one line
    TEXT = auto()  #: text, which may have line breaks
    EMAIL = auto()  #: an address; a second column has it as addresses are compared
    URL = auto()  #: an address in the web
    CHOICE = auto()  #: one of a few words
    DATE = auto()  #: a day, as YYYY-MM-DD
    WHOLE = auto()  #: a whole number
    HUNDREDTHS = auto()  #: a number with two decimal places, stored as a whole one
    TRUTH = auto()  #: true or false
    RECORD = auto()  #: another record of the tenant, stored as its `seq`
    ELSEWHERE = auto()  #: the UUID of something that is no record


class Found(StrEnum):
    """How records are found by the value of a field."""

    NOT = auto()  #: they are not
    BY_INDEX = auto()  #: few have the same value
    BY_TALLY = auto()  #: many have the same value: they are counted as they come


@dataclass(frozen=True)
class Field:
    """One thing that is said of a record."""

    name: str
    holds: Holds
    is_required: bool = False
    #: What it is when nothing is said.
    default: str | int | bool | None = None
    #: How many characters it may have.
    longest: int = 255
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 0
    #: The resource of the record it refers to, or what there is elsewhere.
    target: str = ""
    #: A field that the record it refers to has as well: both must say the same.
    agrees_on: str = ""
    #: A truth that is only possible together with this field.
    needed_for: str = ""
    found: Found = Found.NOT
    is_sortable: bool = False

    @property
    def column(self) -> str:
        """Where it is stored."""
        return f"{self.name}_seq" if self.holds is Holds.RECORD else self.name

    @property
    def said_as(self) -> str:
        """What those call it who say it."""
        is_named = self.holds is Holds.RECORD
        return f"{self.name}_uuid" if is_named else self.name

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        return self.said_as.replace("_", " ")

    @property
    def compared_in(self) -> str:
        """The column that values are compared in."""
        return f"{self.name}_folded" if self.holds is Holds.EMAIL else self.column


@dataclass(frozen=True)
class Unique:
    """No two records of a tenant have the same in all *fields*."""

    #: Without the last one nothing is compared; an empty one before it is a value.
    fields: tuple[str, ...]

    @property
    def at(self) -> str:
        """The field that a second one is refused for."""
        return self.fields[-1]


@dataclass(frozen=True)
class Referrer:
    """A column of another table that refers to records: they cannot be deleted."""

    table: str
    column: str
    #: What its rows are called, in the plural.
    words: str
    #: Whether the column has the record's `seq`, or else its UUID.
    by_seq: bool = True


@dataclass(frozen=True)
class Definition:
    """One kind of record."""

    #: The plural: its table, and what addresses begin with.
    resource: str
    #: The singular.
    one: str
    fields: tuple[Field, ...]
    #: What a record that refers to it tells of it, besides its UUID.
    told_as: str = "name"
    unique: tuple[Unique, ...] = ()
    #: What refers to it besides other records.
    referrers: tuple[Referrer, ...] = ()
    #: Tables and columns of what is part of it, and deleted with it.
    parts: tuple[tuple[str, str], ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by their names."""
        return {one.name: one for one in self.fields}

    @cached_property
    def said(self) -> Mapping[str, Field]:
        """The fields by what those call them who say them."""
        return {one.said_as: one for one in self.fields}

    @cached_property
    def tallied(self) -> Sequence[str]:
        """The names of the fields that are tallied."""
        return [one.name for one in self.fields if one.found is Found.BY_TALLY]

    @property
    def filterable(self) -> Sequence[str]:
        """What records may be looked for by."""
        return [one.said_as for one in self.fields if one.found is not Found.NOT]

    @property
    def sortable(self) -> Sequence[str]:
        """What records may be sorted by."""
        named = [one.said_as for one in self.fields if one.is_sortable]
        return ["created_at", "updated_at", *named]


@dataclass(frozen=True, slots=True)
class Mention:
    """Another record, as one that refers to it tells of it."""

    uuid: str
    told: str | None
    #: Which of its fields that is.
    told_as: str = "name"


#: What a field has: a `Mention` where another record is meant.
Said = str | int | bool | Mention | None


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it is stored."""

    seq: int
    uuid: str
    values: Mapping[str, Said]
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What a record is to say, as somebody sent it."""

    #: By the name of the field; another record by its UUID.
    values: Mapping[str, str | int | bool | None]
    #: What is wrong with the fields that are not there.
    wrong: Sequence[Refusal] = field(default=())


@dataclass(frozen=True, slots=True)
class ModuleGroup:
    """Modules of a course that belong together."""

    uuid: str
    name: str
    modules: Sequence[Mention]


@dataclass(frozen=True, slots=True)
class Curriculum:
    """The modules of a course, in their order, and its groups of them."""

    modules: Sequence[Mention] = ()
    groups: Sequence[ModuleGroup] = ()


def folded(address: str) -> str:
    """
    Return an e-mail address as addresses are compared.

    >>> folded(" Ada@Example.org")
    'ada@example.org'
    """
    return nfc(trim(address)).lower()
