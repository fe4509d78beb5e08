"""Pure functions on arrays: figures of merit, intervals, tests, from windows to clips.

Everything but `convergence` works on counts by group that add up.
"""

__all__ = ["aggregate", "convergence", "decisions", "effects", "intervals", "multi_label", "single_label"]
