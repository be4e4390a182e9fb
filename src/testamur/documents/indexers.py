"""What a document is found by, and whether a value can be that."""

import re

from testamur.core.papers import Rule

from .addresses import is_address

_CPF = re.compile(r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}", re.ASCII)


def value_problem(rule: Rule, value: str) -> str | None:
    """Say what *value* is not, by *rule*; None when nothing is wrong with it."""
    if rule is Rule.CPF and not is_cpf(value):
        return "must be a valid CPF"
    if rule is Rule.EMAIL and not is_address(value):
        return "must be a valid email address"
    return None


def is_cpf(text: str) -> bool:
    """
    Say whether *text* is a Brazilian tax id, its two check digits included.

    >>> is_cpf("529.982.247-25"), is_cpf("52998224725"), is_cpf("529.982.247-26")
    (True, True, False)
    """
    if not _CPF.fullmatch(text):
        return False
    digits = [int(one) for one in text if one.isdigit()]
    if len(set(digits)) == 1:  # right by the sums, and never given to anybody
        return False
    return all(digits[count] == _check_digit(digits[:count]) for count in (9, 10))


def _check_digit(digits: list[int]) -> int:
    """Return what follows *digits*: their sum, weighted from the right by 2, 3, ..."""
    weights = range(len(digits) + 1, 1, -1)
    total = sum(digit * weight for digit, weight in zip(digits, weights, strict=True))
    return 0 if total % 11 < 2 else 11 - total % 11
