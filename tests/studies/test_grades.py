"""Which distortions and levels a stress test has."""

import pytest

from fusion.errors import FusionError
from fusion.settings.training import TrainingSettings
from fusion.sound.graded import GRADED, IMPULSE
from fusion.studies.grades import choose_grades, trained_with


def levels(kinds, count=None, impulse=None):
    return [(grade.kind, grade.level) for grade in choose_grades(kinds, count, impulse)]


def test_all_levels_of_all_distortions_but_those_of_a_recorded_room():
    chosen = levels(None)
    assert chosen == [(kind, level) for kind in GRADED if kind != IMPULSE for level in GRADED[kind].levels]


def test_so_many_levels_go_from_the_mildest_to_the_most_severe():
    assert levels({"noise": None}, 2) == [("noise", 40), ("noise", 0)]
    assert levels({"noise": None}, 3) == [("noise", 40), ("noise", 24), ("noise", 0)]
    assert len(levels({"noise": None}, 1)) == 1
    assert len(levels({"noise": None}, 6)) == 6


def test_levels_of_ones_own_go_from_mild_to_severe_whatever_their_order():
    assert levels({"noise": [0, 30, 30]}) == [("noise", 30), ("noise", 0)]
    assert levels({"delay": [1, 0.5]}) == [("delay", 0.5), ("delay", 1)]
    assert levels({"level": [40, 0, 6]}) == [("level", 0), ("level", 6), ("level", 40)]
    assert levels({"level": [-30, 6, -12]}) == [("level", 6), ("level", -12), ("level", -30)]


def test_an_impulse_response_adds_a_distortion(tmp_path):
    chosen = choose_grades({"noise": [10]}, None, tmp_path / "room.wav")
    assert {grade.kind for grade in chosen} == {"noise", IMPULSE}
    assert {grade.impulse for grade in chosen if grade.kind == IMPULSE} == {tmp_path / "room.wav"}


@pytest.mark.parametrize(
    ("kinds", "count", "said"),
    [
        ({"niose": None}, None, "did you mean 'noise'"),
        ({"noise": [500]}, None, "levels go from -40 to 120 dB"),
        ({"noise": ["a"]}, None, "--with noise=a: levels are numbers, in dB"),
        ({"noise": [float("nan")]}, None, "levels go from"),
        ({"noise": []}, None, "no level"),
        ({"noise": None}, 0, "from 1 to 6"),
        ({"noise": None}, 7, "from 1 to 6"),
        ({IMPULSE: None}, None, "--impulse FILE"),
        ({}, None, "name distortions"),
    ],
)
def test_what_cannot_be_is_a_message(kinds, count, said):
    with pytest.raises(FusionError, match=said):
        choose_grades(kinds, count, None)


def test_a_network_is_trained_with_what_its_copies_had():
    assert not trained_with(TrainingSettings(), "noise")
    assert trained_with(TrainingSettings(copies=1), "noise")
    assert not trained_with(TrainingSettings(copies=1), "mp3")
    assert trained_with(TrainingSettings(copies=1, distortions=("mp3",)), "mp3")
