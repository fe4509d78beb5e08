"""How often intervals miss the truth, by simulation: what a reader of few groups must know.

Measured by ``pytest -m slow tests/evaluation/test_coverage.py``, which simulates two arms with three seeds, unequal
groups, effects of instruments, of classes and of seeds; each number is of 4,000 runs.
"""

from __future__ import annotations

MISSES = ((10, "5 to 6"), (19, "4 to 6"), (42, "4 to 6"), (77, "4 to 6"))
"""Numbers of groups, and how many of a hundred 95 % intervals missed the truth in simulations with so many."""

ENOUGH_GROUPS = 42
"""From so many groups on, no warning is given."""


def coverage_warnings(groups: int, noun: str = "test groups") -> list[str]:
    """Return a warning for few groups, with what was simulated for about so many."""
    if groups >= ENOUGH_GROUPS:
        return []
    nearest, misses = min(MISSES, key=lambda row: abs(row[0] - groups))
    simulated = f"in simulations with {nearest} groups, {misses} of a hundred 95 % intervals miss the truth"
    if groups < MISSES[0][0]:
        simulated = f"so few were not simulated: {simulated}"
    return [f"few-groups: {groups} {noun}; {simulated}"]
