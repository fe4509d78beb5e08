"""Recognising musical instruments from sound with several kinds of features fused in one network."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("fusion-mir")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+uninstalled"
