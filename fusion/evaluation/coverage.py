"""From how many groups on intervals keep their promise: what a reader of few groups must know.

``pytest -m slow tests/evaluation/test_coverage.py`` simulates how often they miss the truth; the figures are in
``docs/explanation/groups_and_intervals.md``.
"""

from __future__ import annotations

ENOUGH_GROUPS = 42
"""From so many groups on, no warning is given."""


def coverage_warnings(groups: int, noun: str = "test groups") -> list[str]:
    """Return a warning for few groups."""
    return [] if groups >= ENOUGH_GROUPS else [f"few-groups: only {groups} {noun}: take the intervals as rough"]
