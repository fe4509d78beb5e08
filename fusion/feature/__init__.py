"""What a feature is, and where features come from.

`contract` is what a feature declares and gives, `spectral` what most have in common; `registry` finds and makes them.
"""

__all__ = ["contract", "listing", "registry", "spectral"]
