"""What this room's modules give to each other stays as it was made, so that it can be shared and be a key."""

from tests.support.values import changeable


def test_values_do_not_change():
    assert changeable("fusion.datasets") == []
