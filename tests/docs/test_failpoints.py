"""The places at which a process can be broken on purpose."""

import re
from pathlib import Path

import testamur

CYCLE = Path(__file__).resolve().parents[2] / "docs" / "issuing-cycle.md"


def test_every_failpoint_is_in_the_story_of_the_issuing_cycle():
    """
    Whoever reads what happens at each step finds the step's name, to break it.
    """
    names = {
        name
        for path in Path(testamur.__file__).parent.rglob("*.py")
        for name in re.findall(r'\bfp\("([^"]+)"\)', path.read_text())
    }
    story = CYCLE.read_text(encoding="utf-8")

    assert names
    assert [name for name in sorted(names) if f"`{name}`" not in story] == []
