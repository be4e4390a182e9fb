"""The examples in docstrings are true."""

import doctest
import importlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"

MODULES = sorted(
    ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    for path in SOURCE.rglob("*.py")
    if ">>> " in path.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_do_what_they_say(name):
    """
    Whoever copies an example from a docstring gets the answer printed below it.
    """
    result = doctest.testmod(importlib.import_module(name.removesuffix(".__init__")))

    assert result.attempted > 0
    assert result.failed == 0
