"""What a feature is, and where features come from.

`contract` is what a feature declares and gives; `registry` finds, loads and makes features.
"""

__all__ = ["contract", "listing", "registry"]
