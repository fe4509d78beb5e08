"""Which features a network can take, and when clips can lose a branch."""

import pytest

from fusion.settings.model import CourseModel, FusionModel, NaiveModel

SEQUENCE, VECTOR = (10, 6), (8,)


def shapes(kinds):
    """Return a shape for each letter: s a sequence, v a vector."""
    return {f"f{number}": SEQUENCE if kind == "s" else VECTOR for number, kind in enumerate(kinds)}


@pytest.mark.parametrize(
    ("kinds", "settings", "loses"),
    [
        *[("s", {}, False), ("v", {}, False), ("vv", {}, False), ("ss", {}, True), ("sv", {}, True)],
        *[("sv", {"sequences": "pooled"}, False), ("s", {"sequences": "both"}, True)],
        *[("ss", {"join": "frames"}, False), ("sv", {"join": "frames"}, False)],
        *[("s", {"join": "frames", "sequences": "both"}, True), ("ss", {"sequences": "pooled"}, False)],
    ],
)
def test_a_branch_that_is_alone_is_never_lost(kinds, settings, loses):
    assert FusionModel(branch_dropout=0.01, **settings).loses_branches(shapes(kinds)) == loses
    assert not FusionModel(**settings).loses_branches(shapes(kinds))


@pytest.mark.parametrize("sizes", ["conv_filters", "dense_units"])
def test_there_are_one_to_eight_layers_of_1_to_4096(sizes):
    for right in ((1,), (4096,), (1,) * 8):
        assert getattr(FusionModel(**{sizes: right}), sizes) == right
    for wrong in ((), (0,), (4097,), (8, 0), (1,) * 9):
        with pytest.raises(ValueError, match=sizes):
            FusionModel(**{sizes: wrong})


def test_sequences_that_are_joined_frame_by_frame_are_of_one_length():
    model = FusionModel(join="frames")
    assert model.misfit({"a": (10, 6), "b": (8,), "c": (10, 2)}) == ""
    assert "found a with 10 and c with 11" in model.misfit({"a": (10, 6), "b": (10, 8), "c": (11, 2)})
    assert FusionModel().misfit({"a": (10, 6), "c": (11, 2)}) == ""
    assert FusionModel().misfit({}) == "no features"


@pytest.mark.parametrize(
    ("model", "kinds", "fits"),
    [
        *[(CourseModel(), "s", True), (CourseModel(), "v", False), (CourseModel(), "ss", False)],
        *[(NaiveModel(), "s", False), (NaiveModel(), "sv", True), (NaiveModel(), "svv", True)],
        *[(NaiveModel(), "ssv", False), (NaiveModel(), "vv", False)],
    ],
)
def test_presets_take_one_sequence_alone_or_beside_vectors(model, kinds, fits):
    assert (model.misfit(shapes(kinds)) == "") == fits


@pytest.mark.parametrize(("model", "more"), [(CourseModel(), {}), (NaiveModel(), {"v": VECTOR})])
def test_an_image_has_five_frames_and_five_coefficients_at_least(model, more):
    assert model.misfit({"s": (5, 5), **more}) == ""
    for image in ((4, 9), (9, 4)):
        assert model.misfit({"s": image, **more}).endswith("needs at least 5 frames and 5 coefficients, found 4")
