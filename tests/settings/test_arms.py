"""Studies: what is the study's own, and mistakes that its arms share."""

import pytest

from fusion.errors import FusionError
from fusion.settings.arms import Study, read_study

BASE = """question: Is it better?
dataset: {name: irmas, protocol: single, sr: 16000}
features: {mfcc: {n_mfcc: 12}, tonnetz: {chroma: stft}}
model: {embedding: 8, dropout: 0.5}
training: {epochs: 4, batch_size: 8}
seeds: [1, 2]
arms:
"""


def read(tmp_path, text, **options) -> Study:
    (tmp_path / "story.yaml").write_text(text)
    return read_study(tmp_path / "story.yaml", **options)


def mistakes(tmp_path, text, **options) -> list[str]:
    with pytest.raises(FusionError) as error:
        read(tmp_path, text, **options)
    return [line.removeprefix(f"{tmp_path}/") for line in str(error.value).splitlines()]


def test_a_list_of_features_in_the_base_is_a_mapping_without_parameters(tmp_path):
    text = BASE.replace("{mfcc: {n_mfcc: 12}, tonnetz: {chroma: stft}}", "[mfcc, tonnetz]")
    text += "  all:\n  one: {features: [mfcc]}\n  own: {features: {mfcc: {n_mfcc: 5}}}\n"
    arms = [arm.experiment for arm in read(tmp_path, text, assignments=["features.mfcc.deltas=1"]).arms]
    assert [list(arm.features) for arm in arms] == [["mfcc", "tonnetz"], ["mfcc"], ["mfcc"]]
    assert [(arm.features["mfcc"].n_mfcc, arm.features["mfcc"].deltas) for arm in arms] == [(20, 1), (20, 1), (5, 1)]


@pytest.mark.parametrize("features", ["[mfcc, mfcc]", "[{mfcc: {}}]", "[]"])
def test_an_arms_list_of_features_names_each_once(tmp_path, features):
    (line,) = mistakes(tmp_path, BASE + f"  a:\n    features: {features}\n")
    assert line.startswith("story.yaml:9: features: should name at least one feature, each once")


def test_a_feature_in_an_arms_list_has_the_line_that_it_stands_in(tmp_path):
    (line,) = mistakes(tmp_path, BASE + "  a:\n    features:\n      - mfcc\n      - tonets\n")
    assert line.startswith("story.yaml:11: features.tonets: no such feature")


def test_a_name_in_the_file_is_the_studys(tmp_path):
    study = read(tmp_path, "name: tale\n" + BASE + "  a: {}\n")
    assert (study.name, study.arms[0].experiment.name) == ("tale", "tale.a")
    study = read(tmp_path, BASE + "  a: {}\n", assignments=["name=fable", "question=Why?"])
    assert (study.name, study.question, study.arms[0].experiment.name) == ("fable", "Why?", "fable.a")
    (line,) = mistakes(tmp_path, "name: a/b\n" + BASE + "  a: {}\n")
    assert line.startswith("story.yaml:1: name: should be letters, digits")


def test_a_mistake_that_all_arms_share_is_told_once(tmp_path):
    arms = "  a: {}\n  b: {training: {epochs: 9}}\n  c: {features: [mfcc]}\n"
    (line,) = mistakes(tmp_path, BASE + arms, assignments=["model.dropout=2"])
    assert line.startswith("--set model.dropout=2: model.dropout: should be less than 1")
    text = (BASE + arms).replace("dropout: 0.5", "dropuot: 0.5")
    assert [line.split(": ")[:2] for line in mistakes(tmp_path, text, seeds=[])] == [
        ["story.yaml:4", "model.dropuot"],
        ["--seeds", "seeds"],
    ]


def test_an_old_word_in_an_arm_is_an_error_that_names_the_new_one(tmp_path):
    (line,) = mistakes(tmp_path, BASE + "  a: {dataset: {name: nsynth, protocol: seed}}\n")
    assert line == "story.yaml:8: dataset.protocol: 'seed' was renamed to course"
