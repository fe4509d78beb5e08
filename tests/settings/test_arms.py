"""Studies: how arms are read, what is the study's own, and mistakes that its arms share."""

import re
from pathlib import Path

import pytest

from fusion.errors import FusionError
from fusion.settings.arms import Study, is_study, read_study

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
    changes = ["name=fable", "question=Why?", "answered_by=[a]"]
    study = read(tmp_path, BASE + "  a: {}\n", assignments=changes)
    assert (study.name, study.question, study.arms[0].experiment.name) == ("fable", "Why?", "fable.a")
    assert study.answered_by == ("a",)
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


def test_an_arm_changes_what_it_names_alone(tmp_path):
    study = read(tmp_path, BASE + "  same:\n  longer: {training: {epochs: 9}}\n")
    assert is_study(tmp_path / "story.yaml")
    (tmp_path / "plain.yaml").write_text("dataset: {name: nsynth}\nfeatures: [mfcc]\n")
    assert not is_study(tmp_path / "plain.yaml")
    assert (study.name, study.question, study.datasets) == ("story", "Is it better?", ("irmas",))
    same, longer = (arm.experiment for arm in study.arms)
    assert (same.name, longer.name) == ("story.same", "story.longer")
    assert (same.training.epochs, longer.training.epochs, longer.training.batch_size) == (4, 9, 8)
    assert (same.dataset, same.model, same.seeds) == (longer.dataset, longer.model, (1, 2))


def test_another_data_set_or_preset_takes_nothing_from_the_base(tmp_path):
    study = read(
        tmp_path,
        BASE + "  notes: {dataset: {name: nsynth, protocol: course}}\n  folds: {dataset: {protocol: cv}}\n"
        "  naive: {model: {preset: naive}}\n  wide: {model: {embedding: 16}}\n",
    )
    notes, folds, naive, wide = (arm.experiment for arm in study.arms)
    assert (notes.dataset.name, notes.dataset.protocol) == ("nsynth", "course")
    assert (folds.dataset.name, folds.dataset.protocol, folds.dataset.sr) == ("irmas", "cv", 16000)
    assert (naive.model.preset, wide.model.preset) == ("naive", "fusion")
    assert (wide.model.embedding, wide.model.dropout) == (16, 0.5)
    assert study.datasets == ("nsynth", "irmas")


def test_features_as_a_list_keep_parameters_and_as_a_mapping_do_not(tmp_path):
    study = read(
        tmp_path,
        BASE + "  one: {features: [mfcc]}\n  two: {features: {mfcc: {}}}\n  new: {features: [zero_crossing_rate]}\n",
    )
    one, two, new = (arm.experiment.features for arm in study.arms)
    assert (list(one), one["mfcc"].n_mfcc) == (["mfcc"], 12)
    assert (list(two), two["mfcc"].n_mfcc) == (["mfcc"], 20)
    assert list(new) == ["zero_crossing_rate"]


def test_options_reach_every_arm(tmp_path):
    study = read(
        tmp_path,
        BASE + "  a: {}\n  b: {training: {epochs: 9}}\n",
        assignments=["training.epochs=3"],
        seeds=[7],
        plugins=[],
    )
    assert [(arm.experiment.training.epochs, arm.experiment.seeds) for arm in study.arms] == [(3, (7,)), (3, (7,))]


def test_an_arm_starts_from_another_ones_networks(tmp_path):
    study = read(tmp_path, BASE + "  a: {}\n  b: {training: {pretrain: a}, before: a}\n")
    assert [(arm.source, arm.before) for arm in study.arms] == [(None, None), ("a", "a")]


@pytest.mark.parametrize(
    ("arms", "message"),
    [
        ("  a: {modle: {}}\n", "story.yaml:8: arms.a.modle: no such part of an arm; did you mean 'model'?"),
        ("  a: {}\n  b: {before: c}\n", "story.yaml:9: arms.b.before: no arm 'c' above"),
        ("  a: {before: b}\n  b: {}\n", "story.yaml:8: arms.a.before: no arm 'b' above"),
        (
            "  first: {}\n  b: {before: frist}\n",
            "story.yaml:9: arms.b.before: no arm 'frist' above; did you mean 'first'?",
        ),
        ("  a: {}\n  b: {before: [a]}\n", "story.yaml:9: arms.b.before: no arm ['a'] above"),
        ("  a: {}\n  b: {before: a, dataset: {protocol: cv}}\n", "story.yaml:9: arms.b.before: a has other test clips"),
        ("  a: [mfcc]\n", "story.yaml:8: arms.a: an arm is a name (letters, digits, _ and -) with a mapping"),
        ("  a b: {}\n", "story.yaml:8: arms.a b: an arm is a name"),
        ("  1: {training: {epochs: two}}\n", "story.yaml:8: "),
        ("  a:\n    training:\n      epochs: many\n", "story.yaml:10: training.epochs: "),
        ("  a: {features: [mfc]}\n", "story.yaml:8: features.mfc: no such feature; did you mean 'mfcc'?"),
        ("  a: {model: {embeding: 4}}\n", "story.yaml:8: model.embeding: no such setting; did you mean 'embedding'?"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path, arms, message):
    found = mistakes(tmp_path, BASE + arms)
    assert len(found) == 1, found
    assert found[0].startswith(message), found


def test_mistakes_of_all_arms_are_told_at_once(tmp_path):
    arms = "  a: {training: {epochs: -1}}\n  b: {model: {embeding: 4}, before: a}\n  c: {nothing: 1}\n"
    assert [line.split(":")[1] for line in mistakes(tmp_path, BASE + arms)] == ["8", "9", "10"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BASE.replace("Is it better?", "[a, b]") + "  a: {}\n", "story.yaml:1: question: should be text, found a list"),
        *(
            ("answered_by: " + found + "\n" + BASE + "  a: {}\n", "answered_by: should be a list of arms (a), found")
            for found in ("a", "[b]", "[[a]]", "[1]", "{a: 1}")
        ),
        (BASE.replace("arms:\n", "arms: [a, b]\n"), "story.yaml:7: arms: should name at least one arm, found a list"),
        (BASE, "story.yaml:7: arms: should name at least one arm, found nothing"),
        (BASE.replace("Is it better?", "a\nextra: 1") + "  a: {}\n", "story.yaml:2: extra: no such setting"),
    ],
)
def test_mistakes_of_the_study_itself(tmp_path, text, message):
    (tmp_path / "story.yaml").write_text(text)
    with pytest.raises(FusionError, match=re.escape(message)):
        read_study(tmp_path / "story.yaml")


def test_the_follow_up_is_a_study():
    path = Path(__file__).parents[2] / "experiments" / "irmas_followup.yaml"
    assert is_study(path)
    study = read_study(path)
    assert study.datasets == ("nsynth", "irmas")
    sources = {arm.name: arm.source for arm in study.arms if arm.source}
    assert sources == {"fused_mixed_pretrained": "notes_for_pretraining"}


def test_arms_are_trained_with_equally_many_threads(tmp_path):
    text = BASE + "  a:\n  b: {training: {threads: 4}}\n"
    (mistake,) = mistakes(tmp_path, text)
    assert mistake == "story.yaml:7: arms: training.threads should be the same in all arms, found 1, 4"
    assert read(tmp_path, text, assignments=["training.threads=2"]).arms[1].experiment.training.threads == 2
