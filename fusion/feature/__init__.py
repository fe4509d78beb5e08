"""What a feature is, and where features come from.

`contract` is what a feature declares and gives, `spectral` what most share; `registry` finds and makes them.
"""

__all__ = ["contract", "listing", "parameter_file", "registry", "spectral"]
