"""The registry as text."""

from fusion.feature import listing

OWN = """
import numpy as np
from pydantic import Field

from fusion import Feature


class Own(Feature):
    '''One number.'''

    size: int = Field(default_factory=lambda: 7, description="made by a factory")

    def shape(self, samples, sr):
        return (1,)

    def extract(self, clip):
        return np.zeros(1, np.float32)
"""


def test_a_default_made_by_a_factory_is_listed(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    (parameter,) = listing.feature("own", [tmp_path])["parameters"]
    assert parameter == {"name": "size", "default": 7, "description": "made by a factory"}
