"""What a feature is.

`contract` is what a feature declares and gives, `spectral` what most have in common; `registry` makes them.
"""

__all__ = ["contract", "listing", "parameter_file", "registry", "spectral", "value_names"]
