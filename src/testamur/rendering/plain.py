"""Dataclasses as what JSON has, and back: told apart by name where several fit."""

import base64
import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar

_T = TypeVar("_T")


def to_plain(value: Any) -> Any:
    """Return *value* as lists, mappings, texts and numbers."""
    if is_dataclass(value) and not isinstance(value, type):
        plain = {"": type(value).__name__}
        return plain | {
            field.name: to_plain(getattr(value, field.name)) for field in fields(value)
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.b85encode(value).decode()
    return value


def from_plain(kind: type[_T], plain: Any) -> _T:
    """Return the *kind* that `to_plain` made *plain* of."""
    reader: Callable[[Any], _T] = _reader(kind)  # type: ignore[arg-type]
    return reader(plain)


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """Return what makes a *kind* of what is plain."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _choice(arguments)
    if origin is tuple:
        if arguments[1:] == (...,):
            return lambda plain: tuple(map(_reader(arguments[0]), plain))
        readers = [_reader(argument) for argument in arguments]
        return lambda plain: tuple(
            read(item) for read, item in zip(readers, plain, strict=True)
        )
    if isinstance(kind, type) and is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        made = {field.name: _reader(hints[field.name]) for field in fields(kind)}
        # What was made plain before there was a field has that field's default.
        return lambda plain: kind(
            **{name: read(plain[name]) for name, read in made.items() if name in plain}
        )
    if isinstance(kind, type) and issubclass(kind, tuple):  # a NamedTuple
        return lambda plain: kind(*plain)
    if kind is bytes:
        return base64.b85decode
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return lambda plain: plain


def _choice(kinds: tuple[Any, ...]) -> Callable[[Any], Any]:
    """Return what reads one of several *kinds*; only dataclasses need telling."""
    by_name = {
        kind.__name__: _reader(kind)
        for kind in kinds
        if isinstance(kind, type) and is_dataclass(kind)
    }

    def read(plain: Any) -> Any:
        return by_name[plain[""]](plain) if isinstance(plain, dict) else plain

    return read
