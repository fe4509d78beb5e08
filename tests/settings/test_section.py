"""Sections: what is part of a result's identity, and names that are given once."""

import pytest

from fusion.datasets.nsynth import NSynth
from fusion.settings.section import each_once
from fusion.settings.training import TrainingSettings


def test_a_later_setting_is_part_of_the_identity_where_it_is_changed():
    before = TrainingSettings().identity()
    assert not {"mixes", "class_weights", "pretrain"} & set(before)
    assert TrainingSettings(mixes=2).identity() == {**before, "mixes": 2}
    assert TrainingSettings(epochs=50).identity() == before
    assert TrainingSettings(epochs=51).identity() == {**before, "epochs": 51}


def test_a_renamed_word_stays_the_old_one_in_the_identity():
    assert NSynth(protocol="course").identity()["protocol"] == "seed"
    assert NSynth().identity()["protocol"] == "official"


def test_sections_do_not_change_and_take_neither_other_types_nor_unknown_names():
    with pytest.raises(ValueError, match="frozen"):
        TrainingSettings().epochs = 3
    for wrong in ({"epochs": "3"}, {"epoch": 3}, {"learning_rate": float("inf")}):
        with pytest.raises(ValueError, match=r"epoch|learning_rate"):
            TrainingSettings(**wrong)


def test_names_are_put_in_order_and_each_is_given_once():
    assert each_once(("c", "a"), ("a", "b", "c")) == ("a", "c")
    assert each_once((), ("a",)) == ()
    with pytest.raises(ValueError, match="each once, found a, b, a"):
        each_once(("a", "b", "a"), ("a", "b"))
