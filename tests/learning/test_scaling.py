import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.learning.scaling import moments


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(0, 2**20), st.floats(-1e4, 1e4))
def test_moments_of_batches_are_those_of_the_whole(sizes, seed, offset):
    random = np.random.default_rng(seed)
    batches = [(offset + random.normal(size=(size, 6, 3))).astype(np.float32) for size in sizes]
    whole = np.concatenate(batches).reshape(-1, 3).astype(np.float64)
    found = moments("x", batches)
    assert np.allclose(found.mean, whole.mean(axis=0), rtol=1e-6, atol=1e-6)
    assert np.allclose(found.variance, whole.var(axis=0), rtol=1e-4, atol=1e-6)


def test_constant_dimension_is_centred_not_blown_up():
    constant = np.full((10, 4), 7.3, dtype=np.float32)
    found = moments("x", [constant, constant])
    assert np.allclose(found.variance, 1)
    assert np.allclose(found.mean, 7.3)
