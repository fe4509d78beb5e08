"""Experiment files: every mistake is found before anything slow starts, and said where it was made."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.datasets.irmas import IRMAS
from fusion.datasets.nsynth import NSynth
from fusion.errors import FusionError
from fusion.plugins.registry import DATASETS, FUSIONS, discover
from fusion.search.trials import DIRECTIONS
from fusion.settings.arms import is_study, read_study
from fusion.settings.experiment import Experiment
from fusion.settings.model import FusionModel
from fusion.settings.reading import read_experiment, resolve
from fusion.settings.search_space import SearchSettings
from fusion.settings.strict_yaml import dump
from fusion.settings.training import TrainingSettings

SETS = ", ".join(discover(DATASETS))
BASE = "dataset: {name: nsynth}\nfeatures:\n  mfcc: {n_mfcc: 20}\n"
PLUGIN = """
import numpy as np
from fusion import Feature

class Loudness(Feature):
    power: float = 2.0

    def shape(self, samples, sr):
        return {shape}

    def extract(self, clip):
        return np.zeros(1, np.float32)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.yaml"


def accept(path: Path, text: str, **options: Any) -> Experiment:
    path.write_text(text)
    return read_experiment(path, **options)


def mistakes(path: Path, text: str, **options: Any) -> list[str]:
    """Return the lines of the error, with the file's name alone instead of its path."""
    path.write_text(text)
    with pytest.raises(FusionError) as error:
        read_experiment(path, **options)
    return str(error.value).replace(str(path), path.name).splitlines()


def test_defaults_are_complete(path):
    experiment = accept(path, "dataset: {name: nsynth}\nfeatures: {mfcc: }\n")
    assert experiment.name == "x"
    assert experiment.seeds == (1, 2, 3)
    assert experiment.shapes() == {"mfcc": (126, 20)}
    settings = experiment.settings()
    assert list(settings) == ["name", "dataset", "features", "model", "training", "seeds"]
    for name in ("dataset", "model", "training"):
        assert list(settings[name]) == list(type(getattr(experiment, name)).model_fields)
    assert list(settings["features"]["mfcc"]) == list(type(experiment.features["mfcc"]).model_fields)


NUMBERS = {
    NSynth: "train_groups None >=1, subset_seed 1 >=0, sr 16000 >=4000 <=192000, limit None >=1, "
    "folds 5 >=2 <=100, repeats 1 >=1 <=100",
    IRMAS: "train_groups None >=1, subset_seed 1 >=0, sr 22050 >=4000 <=192000, window 3.0 >=0.1 <=60, "
    "hop 1.5 >=0.05 <=60, folds 5 >=2 <=100, repeats 1 >=1 <=100",
    FusionModel: "embedding 64 >=1 <=4096, dropout 0.2 >=0 <1, auxiliary 0.0 >=0 <=100, branch_dropout 0.0 >=0 <1, "
    "time_masking 0.0 >=0 <1, frequency_masking 0.0 >=0 <1, noise 0.0 >=0 <=10",
    TrainingSettings: "epochs 50 >=1 <=100000, batch_size 32 >=1 <=65536, learning_rate 0.002 >0 <=10, "
    "patience 25 >=1, mixup 0.0 >=0 <=100, copies 0 >=0 <=100, mixes 0 >=0 <=100, label_smoothing 0.0 >=0 <1, "
    "weight_decay 0.0 >=0 <=1, threads 1 >=1 <=1024",
    SearchSettings: "trials 30 >=1 <=100000, folds 3 >=2 <=1000, seed 1 >=1 <2147483648",
}


@pytest.mark.parametrize("section", NUMBERS, ids=lambda section: section.__name__)
def test_numbers_have_these_defaults_and_bounds(section):
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    rows = []
    for name, field in section.model_fields.items():
        bounds = [f"{signs[at]}{getattr(each, at)}" for each in field.metadata for at in signs if hasattr(each, at)]
        rows += [" ".join([name, str(field.default), *bounds])] if bounds else []
    assert ", ".join(rows) == NUMBERS[section]


def test_a_near_match_is_given_with_file_and_line(path):
    text = "dataset: {name: nsynth}\nfeatures:\n  mfcc:\n    n_mfc: 20\n"
    assert mistakes(path, text) == ["x.yaml:4: features.mfcc.n_mfc: no such parameter; did you mean 'n_mfcc'?"]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("datset: {}", "datset: no such setting; did you mean 'dataset'?"),
        ("features2: {}", "features2: no such setting; did you mean 'features'?"),
        ("xyz: 1", "xyz: no such setting (known: name, dataset, features, model, training, search, ablation, seeds"),
        ("model: {dropot: 0.1}", "model.dropot: no such setting; did you mean 'dropout'?"),
        ("model: {xyz: 0.1}", "model.xyz: no such setting (known: activation, preset, fusion, sequences"),
        ("training: {epoch: 1}", "training.epoch: no such setting; did you mean 'epochs'?"),
        (
            "model: {preset: fusio}",
            "model.preset: should be one of fusion, course, naive, found 'fusio'; did you mean 'fusion'?",
        ),
        ("model: {preset: [course]}", "model.preset: should be one of fusion, course, naive, found ['course']"),
        ("model: {preset: }", "model.preset: should be one of fusion, course, naive, found nothing"),
        ("model: {preset: course, dropout: 0.1}", "model.dropout: no such setting (known: activation, preset)"),
        ("model: fusion", "model: should be a mapping, found text"),
        (
            "model: {fusion: conct}",
            "model.fusion: should be one of concat, cross_attention, gated, gated_residual, late, found 'conct'; did you mean 'concat'?",
        ),
        ("model: {dropout: on}", "model.dropout: should be a valid number, found 'on'"),
        ("model: {dropout: true}", "model.dropout: should be a valid number, found True"),
        ("model: {dropout: 1}", "model.dropout: should be less than 1, found 1"),
        ("model: {dropout: -1e-9}", "model.dropout: should be greater than or equal to 0, found -1e-09"),
        ("model: {embedding: true}", "model.embedding: should be a valid integer, found True"),
        ("model: {embedding: 4097}", "model.embedding: should be less than or equal to 4096, found 4097"),
        ("model: {conv_filters: 8}", "model.conv_filters: should be a valid array, found 8"),
        ("model: {conv_filters: []}", "model.conv_filters: should have at least 1 item, not 0, found []"),
        ("model: {conv_filters: [8, x]}", "model.conv_filters.1: should be a valid integer, found 'x'"),
        ("model: {conv_filters: [8, 0]}", "model: conv_filters: sizes go from 1 to 4096, found [8, 0]"),
        (f"model: {{dense_units: {[1] * 9}}}", "model.dense_units: should have at most 8 items, not 9"),
        ("training: []", "training: should be a mapping, found a list"),
        ("training: {epochs: 2.0}", "training.epochs: should be a valid integer, found 2.0"),
        ("training: {epochs: '20'}", "training.epochs: should be a valid integer, found '20'"),
        ("training: {epochs: }", "training.epochs: should be a valid integer, found None"),
        ("training: {epochs: 0}", "training.epochs: should be greater than or equal to 1, found 0"),
        ("training: {batch_size: 70000}", "training.batch_size: should be less than or equal to 65536, found 70000"),
        ("training: {learning_rate: 0}", "training.learning_rate: should be greater than 0, found 0"),
        ("training: {learning_rate: 1e999}", "training.learning_rate: should be a finite number, found inf"),
        ("training: {learning_rate: .nan}", "training.learning_rate: should be a valid number, found '.nan'"),
        ("training: {learning_rate: !!float nan}", "training.learning_rate: should be a finite number, found nan"),
        ("training: {patience: 0}", "training.patience: should be greater than or equal to 1, found 0"),
        (
            "training: {schedule: cosin}",
            "training.schedule: should be 'cosine', 'plateau' or 'constant', found 'cosin'",
        ),
        ("training: {threads: 0}", "training.threads: should be greater than or equal to 1, found 0"),
        ("plugins: here", "plugins: should be a list of folders, found 'here'"),
        ("plugins: ''", "plugins: should be a list of folders, found ''"),
        ("plugins: false", "plugins: should be a list of folders, found False"),
        ("plugins: [5]", "plugins: should be a list of folders, found [5]"),
        ('plugins: ["\\0"]', "plugins: should be a list of folders, found"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(path, text, mistake):
    found = mistakes(path, BASE + text + "\n")
    assert len(found) == 1
    assert found[0].startswith(f"x.yaml:4: {mistake}")


@pytest.mark.parametrize(
    ("dataset", "mistake"),
    [
        ("", "dataset: missing; write for example dataset: {name: folder}"),
        ("nsynth", "dataset: should be a mapping, found text; write for example dataset: {name: folder}"),
        ("[nsynth]", "dataset: should be a mapping, found a list; write for example dataset: {name: folder}"),
        ("{}", f"dataset.name: should be one of {SETS}, found nothing"),
        (
            "{name: nsinth}",
            f"dataset.name: should be one of {SETS}, found 'nsinth'; did you mean 'nsynth'?",
        ),
        ("{name: [nsynth]}", f"dataset.name: should be one of {SETS}, found ['nsynth']"),
        ("{name: {a: 1}}", f"dataset.name: should be one of {SETS}, found {{'a': 1}}"),
        ("{name: 5}", f"dataset.name: should be one of {SETS}, found 5"),
        ("{name: nsynth, protocl: seed}", "dataset.protocl: no such setting; did you mean 'protocol'?"),
        (
            "{name: nsynth, protocol: cours}",
            "dataset.protocol: should be 'course', 'official', 'cv' or 'sources', found 'cours'; did you mean",
        ),
        ("{name: nsynth, sources: []}", "dataset.sources: should have at least 1 item, not 0, found []"),
        ("{name: nsynth, sources: [acustic]}", "dataset.sources.0: should be 'acoustic', 'electronic' or 'synthetic'"),
        ("{name: nsynth, families: bass}", "dataset.families: should be a valid array, found 'bass'"),
        ("{name: nsynth, families: [bass, voice]}", "dataset.families.1: should be 'bass', 'brass', 'flute'"),
        ("{name: nsynth, limit: 0}", "dataset.limit: should be greater than or equal to 1, found 0"),
        ("{name: nsynth, skip_damaged: 1}", "dataset.skip_damaged: should be a valid boolean, found 1"),
        ("{name: nsynth, skip_damaged: yes}", "dataset.skip_damaged: should be a valid boolean, found 'yes'"),
        ("{name: nsynth, sr: 3999}", "dataset.sr: should be greater than or equal to 4000, found 3999"),
        ("{name: nsynth, sr: 16e3}", "dataset.sr: should be a valid integer, found 16000.0"),
    ],
)
def test_a_wrong_data_set_is_named_with_its_line(path, dataset, mistake):
    found = mistakes(path, f"# comment\ndataset: {dataset}\nfeatures: {{mfcc: {{}}}}\n")
    assert len(found) == 1
    assert found[0].startswith(f"x.yaml:2: {mistake}")


@pytest.mark.parametrize(
    ("features", "mistake"),
    [
        ("", "features: should name at least one feature"),
        ("{}", "features: should name at least one feature"),
        ("[]", "features: should name at least one feature"),
        ("[mfcc, mfcc]", "features: should name at least one feature, each once"),
        ("[mfcc, {tonnetz: {}}]", "features: should name at least one feature, each once"),
        ("[5]", "features: should name at least one feature"),
        ("[mfc]", "features.mfc: no such feature; did you mean 'mfcc'?"),
        ("mfcc", "features: should name at least one feature"),
        ("{mfccs: {}}", "features.mfccs: no such feature; did you mean 'mfcc'? (known: chroma, cqt, "),
        ("{mfcc: 20}", "features.mfcc: should be a mapping, found a whole number"),
        ("{mfcc: [20]}", "features.mfcc: should be a mapping, found a list"),
        ("{mfcc: {n_mfcc: 0}}", "features.mfcc.n_mfcc: should be greater than or equal to 1, found 0"),
        ("{mfcc: {n_mfcc: 20.0}}", "features.mfcc.n_mfcc: should be a valid integer, found 20.0"),
        ("{mfcc: {n_mfcc: '20'}}", "features.mfcc.n_mfcc: should be a valid integer, found '20'"),
        ("{mfcc: {xyz: 1}}", "features.mfcc.xyz: no such parameter (known: n_mfcc, n_fft"),
        ("{tonnetz: {chroma: cens}}", "features.tonnetz.chroma: should be 'stft' or 'cqt', found 'cens'"),
        (
            "{zero_crossing_rate: {statistics: [men]}}",
            "features.zero_crossing_rate.statistics: no statistic 'men'; did you mean 'mean'?",
        ),
    ],
)
def test_a_wrong_feature_is_named_with_its_line(path, features, mistake):
    found = mistakes(path, f"dataset: {{name: nsynth}}\nfeatures: {features}\n")
    assert len(found) == 1
    assert found[0].startswith(f"x.yaml:2: {mistake}")


@pytest.mark.parametrize(
    ("feature", "reason"),
    [
        ("mfcc: {deltas: 1, hop_length: 60000}", "deltas need 9 frames, 64000 samples give 2; take a smaller hop"),
        ("mfcc: {fmax: 8001}", "fmin=0 and fmax=8001 Hz do not fit below sr / 2 = 8000 Hz"),
        ("mfcc: {fmin: 9000}", "fmin=9000 and fmax=8000 Hz do not fit below sr / 2 = 8000 Hz"),
        ("mfcc: {n_mfcc: 50, n_mels: 40}", "n_mfcc=50 is more than n_mels=40"),
        ("tonnetz: {chroma: cqt, hop_length: 511}", "hop_length=511 with chroma: cqt; take a multiple of 64"),
    ],
)
def test_a_feature_that_does_not_fit_the_clips_is_refused(path, feature, reason):
    found = mistakes(path, f"dataset: {{name: nsynth}}\nfeatures:\n  {feature}\n")
    assert found == [f"x.yaml:3: features.{feature.split(':')[0]}: does not fit the clips: {reason}"]


def test_whether_a_feature_fits_depends_on_the_rate(path):
    text = "dataset: {name: nsynth, sr: 22050}\nfeatures:\n  mfcc: {fmax: 9000}\n  tonnetz: {chroma: cqt}\n"
    accept(path, text)
    found = mistakes(path, text, assignments=["dataset.sr=8000"])
    assert [line.split(": does")[0] for line in found] == ["x.yaml:3: features.mfcc", "x.yaml:4: features.tonnetz"]


def test_all_mistakes_are_reported_together(path):
    text = (
        "dataset: {name: nsynth, protocol: seeed, limit: -1}\n"
        "features:\n"
        "  mfcc: {n_mfc: 20, n_fft: 3}\n"
        "  tonetz:\n"
        "  tonnetz: {chroma: x}\n"
        "model:\n"
        "  dropout: 2\n"
        "  dense_units: []\n"
        "  conv_filters: [a, b]\n"
        "training: {epochs: 0}\n"
        "seeds: []\n"
        "serch: {}\n"
    )
    found = mistakes(path, text, assignments=["training.batch_size=many"])
    assert sorted(line.split(": ")[0] + " " + line.split(": ")[1] for line in found) == sorted(
        [
            *["x.yaml:1 dataset.protocol", "x.yaml:1 dataset.limit", "x.yaml:3 features.mfcc.n_mfc"],
            *["x.yaml:3 features.mfcc.n_fft", "x.yaml:4 features.tonetz", "x.yaml:5 features.tonnetz.chroma"],
            *["x.yaml:7 model.dropout", "x.yaml:8 model.dense_units"],
            *["x.yaml:9 model.conv_filters.0", "x.yaml:9 model.conv_filters.1"],
            *["x.yaml:10 training.epochs", "--set training.batch_size=many training.batch_size"],
            *["x.yaml:11 seeds", "x.yaml:12 serch"],
        ]
    )


@pytest.mark.parametrize(
    ("protocol", "validation"),
    [("course", "official"), ("course", "instruments"), ("official", "notes")],
)
def test_a_validation_goes_with_its_protocol_only(path, protocol, validation):
    text = f"dataset:\n  {{name: nsynth, protocol: {protocol}, validation: {validation}}}\nfeatures: {{mfcc: }}\n"
    (found,) = mistakes(path, text)
    assert found.startswith(
        f"x.yaml:1: dataset: validation: {validation} does not go with protocol: {protocol} (course"
    )


@pytest.mark.parametrize(
    ("dataset", "validation", "sources", "families"),
    [
        ("", "instruments", 3, 11),
        (", protocol: official", "instruments", 3, 11),
        (", validation: official", "official", 3, 11),
        (", protocol: course", "notes", 2, 9),
        (", protocol: course, validation: notes", "notes", 2, 9),
        (", protocol: course, sources: [synthetic]", "notes", 1, 9),
        (", protocol: course, families: [vocal, bass]", "notes", 2, 2),
    ],
)
def test_a_protocol_brings_its_defaults(path, dataset, validation, sources, families):
    found = accept(path, f"dataset: {{name: nsynth{dataset}}}\nfeatures: {{mfcc: }}\n").dataset
    assert (found.validation, len(found.sources), len(found.families)) == (validation, sources, families)


def test_the_course_protocol_is_the_course_projects(path):
    found = accept(path, "dataset: {name: nsynth, protocol: course}\nfeatures: {mfcc: }\n").dataset
    assert found.sources == ("acoustic", "electronic")
    nine = "bass brass flute guitar keyboard mallet organ reed string"
    assert found.families == tuple(nine.split())


@pytest.mark.parametrize(
    "seeds",
    ["", "0", "3", "[]", "[0]", "[-1]", "[1, 1]", "[true]", "[1.0]", "['1']", "[2147483648]", "{1: 2}", "[[1]]"],
)
def test_seeds_are_different_whole_numbers_from_one(path, seeds):
    if "{1" in seeds:
        seeds = "{a: 2}"
    (found,) = mistakes(path, f"{BASE}seeds: {seeds}\n")
    assert found.startswith(
        "x.yaml:4: seeds: should be a list of different whole numbers from 1 up, as in [1, 2, 3], found "
    )


def test_seeds_given_as_an_option_go_before_the_files(path):
    assert accept(path, BASE + "seeds: [7]\n", seeds=[4, 2]).seeds == (4, 2)
    (found,) = mistakes(path, BASE + "seeds: [7]\n", seeds=[4, 4])
    assert found.startswith("--seeds: seeds: should be")
    (found,) = mistakes(path, BASE, seeds=[])  # what `--seeds 0` asks for
    wanted = "should be a list of different whole numbers from 1 up, as in [1, 2, 3], found no seed"
    assert found == f"--seeds: seeds: {wanted}"


@pytest.mark.parametrize(
    ("model", "features", "mistake"),
    [
        (
            "",
            "{mfcc: {hop_length: 512}, tonnetz: {hop_length: 1024, statistics: null}}",
            "join: frames takes sequences with the same number of frames, found mfcc with 126 and tonnetz with 63; give both "
            "the same hop_length, or write join: pooled",
        ),
        (
            "",
            "[tonnetz, zero_crossing_rate]",
            "join: frames takes at least one feature of shape (frames, dims), found tonnetz (48,), zero_crossing_rate (8,); "
            "add one, give a feature statistics: null where it has that, or write join: pooled",
        ),
        (
            ", sequences: pooled",
            "[mfcc]",
            "join: frames is for a convolutional branch, and sequences: pooled has none; write sequences: both or convolved, "
            "or join: pooled",
        ),
    ],
)
def test_what_cannot_be_joined_frame_by_frame_is_said(path, model, features, mistake):
    found = mistakes(path, f"dataset: {{name: nsynth}}\nmodel: {{join: frames{model}}}\nfeatures: {features}\n")
    assert found == [f"x.yaml:2: model: {mistake}"]


@pytest.mark.parametrize(
    "model", ["{join: frames}", "{join: frames, sequences: both, fusion: gated}", "{sequences: pooled}"]
)
def test_what_can_be_joined_is_taken(path, model):
    features = "{mfcc: , tonnetz: {statistics: null}, zero_crossing_rate: }"
    experiment = accept(path, f"dataset: {{name: nsynth}}\nmodel: {model}\nfeatures: {features}\n")
    assert experiment.identity()["model"].items() >= {"preset": "fusion"}.items()


def test_the_shipped_search_knows_every_fusion_and_every_way_in():
    fields = FusionModel.model_fields
    shipped = Path(__file__).parents[2] / "experiments" / "nsynth_fusion.yaml"
    search = read_experiment(shipped, searching=True).search
    assert set(search.space["model.fusion"].values) == set(discover(FUSIONS))
    assert search.space["model.sequences"].values == get_args(fields["sequences"].annotation)
    assert {"model.noise", "training.weight_decay"} <= set(search.space)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("features: {tonnetz: }", "preset: course takes one feature of shape (frames, dims), found tonnetz"),
        (
            "features: {mfcc: , tonnetz: }",
            "preset: course takes one feature of shape (frames, dims), found mfcc, tonnetz",
        ),
        ("features: {mfcc: {n_mfcc: 4}}", "preset: course needs at least 5 frames and 5 coefficients, found 4"),
        ("features: {mfcc: {hop_length: 20000}}", "preset: course needs at least 5 frames and 5 coefficients, found 4"),
    ],
)
def test_the_course_model_takes_one_image(path, text, mistake):
    found = mistakes(path, f"dataset: {{name: nsynth}}\nmodel: {{preset: course}}\n{text}\n")
    assert found == [f"x.yaml:2: model: {mistake}"]


def test_the_course_model_takes_any_series(path):
    text = "dataset: {name: nsynth}\nmodel: {preset: course}\nfeatures: {tonnetz: {statistics: null}}\n"
    assert accept(path, text).shapes() == {"tonnetz": (126, 6)}


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("dataset: {name: nsynth, protocol: seed}", "dataset.protocol: 'seed' was renamed to course"),
        ("dataset: {name: nsynth}\nmodel: {preset: seed}", "model.preset: 'seed' was renamed to course"),
        (
            "dataset: {name: irmas, protocol: seed}",
            "dataset.protocol: should be 'official', 'single' or 'cv', found 'seed'",
        ),
    ],
)
def test_an_old_word_is_an_error_that_names_the_new_one(path, line, mistake):
    (found,) = mistakes(path, f"features: [mfcc]\n{line}\n")
    assert found == f"x.yaml:{line.count(chr(10)) + 2}: {mistake}"


@pytest.mark.parametrize("setting", ["dataset.protocol", "model.preset"])
def test_an_old_word_in_an_option_is_one_too(path, setting):
    assignment = f"{setting}=seed"
    assert mistakes(path, BASE, assignments=[assignment]) == [
        f"--set {assignment}: {setting}: 'seed' was renamed to course"
    ]


def test_features_may_be_a_list_where_the_defaults_will_do(path):
    listed = accept(path, "dataset: {name: nsynth}\nfeatures: [tonnetz, mfcc]\n")
    mapped = accept(path, "dataset: {name: nsynth}\nfeatures: {mfcc: , tonnetz: {}}\n")
    assert (listed.features, listed.settings()) == (mapped.features, mapped.settings())
    assert accept(path, BASE, assignments=["features=[tonnetz]"]).features == {"tonnetz": mapped.features["tonnetz"]}


def test_a_list_of_features_takes_options_like_a_mapping(path):
    text = "dataset: {name: nsynth}\nfeatures:\n  - mfcc\n  - tonnetz\n"
    experiment = accept(path, text, features=["mfcc"], assignments=["features.mfcc.n_mfcc=7"])
    assert experiment.shapes() == {"mfcc": (126, 7)}
    found = mistakes(path, text.replace("tonnetz", "tonets"), assignments=["features.mfcc.n_mfc=7"])
    assert [line.split(";")[0] for line in found] == [
        "--set features.mfcc.n_mfc=7: features.mfcc.n_mfc: no such parameter",
        "x.yaml:4: features.tonets: no such feature",
    ]


def test_a_name_in_the_file_goes_before_the_files_own(path, tmp_path):
    named = accept(path, "name: violin_v1.2\n" + BASE)
    assert named.name == "violin_v1.2"
    assert named.identity() == accept(path, BASE).identity()
    moved = tmp_path / "spec.yaml"
    moved.write_text(dump(named.settings()))
    assert read_experiment(moved).name == "violin_v1.2"
    assert accept(path, BASE, assignments=["name=other@home"]).name == "other@home"


@pytest.mark.parametrize(
    "name", ["", "''", "a/b", "'a\\b'", "..", ".", ".hidden", "a b", "'a\n'", "5", "[a]", '"\\0"', "a" * 201]
)
def test_a_name_is_one_that_a_folder_may_have(path, name):
    (found,) = mistakes(path, f"{BASE}name: {name}\n" if "\n" not in name else BASE + 'name: "a\\n"\n')
    assert found.startswith("x.yaml:4: name: should be letters, digits, _ . - and @ and begin with no dot")


def test_a_files_own_name_is_checked_like_a_written_one(tmp_path):
    (found,) = mistakes(tmp_path / "my notes.yaml", BASE)
    assert found.startswith("my notes.yaml: name: should be letters, digits")
    assert found.endswith("found 'my notes'; rename the file, or write another name: in it")
    assert accept(tmp_path / "my notes.yaml", BASE + "name: my_notes\n").name == "my_notes"


def test_changes_keep_the_name(path):
    experiment = accept(path, "name: violin\n" + BASE)
    changed = resolve(experiment.settings(), {"model.dropout": 0.4})
    assert (changed.name, changed.model.dropout) == ("violin", 0.4)
    assert changed.features == experiment.features


@pytest.mark.parametrize("item", ["[a]", "{a: 1}", "5", "null", "tonnetz"])
def test_a_set_of_an_ablation_has_features_of_the_experiment(path, item):
    (found,) = mistakes(path, f"{BASE}ablation: [[mfcc], [{item}]]\n", ablating=True)
    assert found.startswith("x.yaml:4: ablation: ")
    assert "is no feature of this experiment" in found


def test_a_wrong_plugin_folder_hides_no_other_mistake(path):
    found = mistakes(path, BASE + "plugins: [nope]\ntraining: {epochs: 0}\n")
    assert len(found) == 2


def test_assignments_change_settings(path):
    experiment = accept(
        path,
        BASE,
        assignments=[
            *["training.epochs=3", "training.learning_rate=1e-3", "model.conv_filters=[4, 8]", "seeds=[9]"],
            *["features.mfcc.n_mfcc=12", "features.tonnetz.chroma=cqt", "dataset={name: nsynth, limit: 5}"],
            "training.epochs=4",
        ],
    )
    assert (experiment.training.epochs, experiment.training.learning_rate) == (4, 1e-3)
    assert experiment.model.conv_filters == (4, 8)
    assert (experiment.seeds, experiment.dataset.limit) == ((9,), 5)
    assert experiment.settings()["features"]["mfcc"]["n_mfcc"] == 12
    assert experiment.settings()["features"]["tonnetz"]["chroma"] == "cqt"


@pytest.mark.parametrize(
    ("assignment", "mistake"),
    [
        ("training.epochs=abc", "training.epochs: should be a valid integer, found 'abc'"),
        ("training.epochs=", "training.epochs: should be a valid integer, found None"),
        ("model.dropot=0.2", "model.dropot: no such setting; did you mean 'dropout'?"),
        ("features.mfcc.n_mfc=3", "features.mfcc.n_mfc: no such parameter; did you mean 'n_mfcc'?"),
        ("features.mfc={}", "features.mfc: no such feature; did you mean 'mfcc'?"),
        ("nope.a.b=1", "nope: no such setting (known: name, dataset"),
        ("training={epochs: 0}", "training.epochs: should be greater than or equal to 1, found 0"),
        ("seeds.0=4", "seeds: should be a list of different whole numbers"),
        ("dataset.name.x=1", "dataset.name is not a mapping, nothing can be set inside it"),
        ("features.mfcc.n_mfcc.x=1", "features.mfcc.n_mfcc is not a mapping, nothing can be set inside it"),
        ("training.epochs=[1", "not valid YAML: "),
        ("training.epochs=*x", "not valid YAML: aliases are not used"),
        ("training.epochs", "write key.path=value, as in --set training.epochs=20"),
        ("dataset=", "dataset: missing; write for example dataset: {name: folder}"),
        ("dataset.name=5", f"dataset.name: should be one of {SETS}, found 5"),
    ],
)
def test_a_wrong_assignment_is_named_as_the_origin(path, assignment, mistake):
    found = mistakes(path, BASE, assignments=["training.batch_size=8", assignment])
    assert len(found) == 1
    assert found[0].startswith(f"--set {assignment}: {mistake}")


def test_features_given_as_an_option_keep_the_files_parameters(path):
    text = "dataset: {name: nsynth}\nfeatures:\n  mfcc: {n_mfcc: 7}\n  tonnetz: {statistics: null}\n"
    experiment = accept(path, text, features=["zero_crossing_rate", "mfcc"])
    assert list(experiment.features) == ["mfcc", "zero_crossing_rate"]
    assert experiment.shapes() == {"zero_crossing_rate": (8,), "mfcc": (126, 7)}


def test_a_wrong_parameter_of_a_feature_that_is_not_chosen_does_not_matter(path):
    accept(path, "dataset: {name: nsynth}\nfeatures: {mfcc: {n_mfc: 7}, tonnetz: }\n", features=["tonnetz"])


def test_an_unknown_feature_given_as_an_option_is_named_as_the_origin(path):
    found = mistakes(path, BASE + "search: {trials: 1}\n", features=["mfcc"], searching=True)
    assert [text.split(": ")[1] for text in found] == ["search.space"]
    found = mistakes(path, BASE, features=["mfcc", "tonnets"])
    assert len(found) == 1
    assert found[0].startswith("--features: features.tonnets: no such feature; did you mean 'tonnetz'? (known: chroma,")


def test_assignments_apply_to_features_given_as_an_option(path):
    experiment = accept(path, BASE, features=["tonnetz"], assignments=["features.tonnetz.statistics=null"])
    assert experiment.shapes() == {"tonnetz": (126, 6)}


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    folder = tmp_path / "inner" / "own"
    folder.mkdir(parents=True)
    (folder / "loudness.py").write_text(PLUGIN.format(shape="(1,)"))
    return folder


def test_plugins_are_found_relative_to_the_file(tmp_path, plugins, monkeypatch):
    monkeypatch.chdir("/")
    text = "dataset: {name: nsynth}\nfeatures: {loudness: {power: 1.0}}\nplugins: [own]\n"
    experiment = accept(tmp_path / "inner" / "x.yaml", text)
    assert experiment.shapes() == {"loudness": (1,)}
    assert experiment.sources["loudness"].file == plugins / "loudness.py"


def test_plugin_folders_given_as_an_option_join_the_files(path, plugins):
    text = "dataset: {name: nsynth}\nfeatures: {loudness: , mfcc: }\n"
    assert list(accept(path, text, plugins=[plugins]).features) == ["loudness", "mfcc"]
    accept(path, text + "plugins: [inner/own]\n", plugins=[plugins])


def test_a_missing_plugin_folder_is_named(path, tmp_path):
    (found,) = mistakes(path, BASE + "plugins: [nope]\n")
    assert found.startswith(f"{tmp_path}/nope: no such plug-in folder")


def test_what_names_features_is_not_called_wrong_for_a_missing_plugin_folder(path):
    text = BASE + "plugins: [nope]\nablation: [[mfcc]]\nsearch: {space: {features.mfcc.n_mfcc: [13, 20]}}\n"
    (found,) = mistakes(path, text)
    assert "no such plug-in folder" in found


def test_a_search_has_a_direction_for_each_objective_and_takes_each_that_has_one():
    assert set(get_args(SearchSettings.model_fields["objective"].annotation)) == set(DIRECTIONS)


@pytest.mark.parametrize("shape", ["5", "None", "[5]", "()", "(1, 2, 3)", "(0,)", "(2, -1)", "(2.0,)", "'ab'"])
def test_a_plugin_that_declares_no_shape_is_refused(path, plugins, shape):
    (plugins / "odd.py").write_text(PLUGIN.format(shape=shape))
    (found,) = mistakes(path, "dataset: {name: nsynth}\nfeatures:\n  odd:\n", plugins=[plugins])
    assert found.startswith("x.yaml:3: features.odd: declares the shape ")
    assert found.endswith("; (frames, dims) or (dims,) is needed")


@pytest.mark.parametrize(
    ("shape", "reason"),
    [("1 / 0", "ZeroDivisionError: division by zero"), ("exit(0)", "SystemExit: 0"), ("int('x')", "invalid literal")],
)
def test_a_plugin_that_raises_when_asked_for_its_shape_is_named(path, plugins, shape, reason):
    (plugins / "odd.py").write_text(PLUGIN.format(shape=shape))
    (found,) = mistakes(path, "dataset: {name: nsynth}\nfeatures:\n  odd:\n", plugins=[plugins])
    assert found.startswith(f"x.yaml:3: features.odd: does not fit the clips: {reason}")


SPEC = """\
dataset: {name: nsynth, protocol: official, limit: 100, sources: [acoustic], sr: 22050}
features:
  mfcc: {n_mfcc: 13, deltas: 2, fmax: 8.0e+3}
  tonnetz: {chroma: cqt, tuning: estimate, statistics: [mean, p10]}
  spectral_centroid: {statistics: null}
model: {conv_filters: [4], dropout: 0}
training: {learning_rate: 1e-5, patience: null}
seeds: [5, 1]
"""


def test_resolved_settings_are_an_experiment_file_with_the_same_identity(path, tmp_path):
    first = accept(path, SPEC)
    again = tmp_path / "again.yaml"
    again.write_text(yaml.safe_dump(first.settings(), sort_keys=False, allow_unicode=True))
    second = read_experiment(again)
    assert second.settings() == first.settings()
    assert second.identity() == first.identity()
    assert second.seeds == first.seeds
    assert second.features == first.features


def test_identity_is_plain_data(path):
    identity = accept(path, SPEC).identity()
    assert json.loads(json.dumps(identity, allow_nan=False)) == identity


@pytest.mark.parametrize(
    ("validates", "changes"),
    [
        (True, ["training.patience=25"]),
        (False, []),
        (True, ["training.schedule=plateau"]),
        (False, ["dataset={name: irmas, protocol: single}"]),
        (False, ["dataset={name: irmas, protocol: cv}"]),
        (True, ["dataset={name: irmas, protocol: official}"]),
        (True, ["dataset={name: irmas, protocol: official, threshold: 0.5}"]),
    ],
)
def test_validation_clips_choose_when_to_stop_the_learning_rate_or_a_threshold(path, validates, changes):
    assert accept(path, SPEC, assignments=changes).validates == validates


@pytest.mark.parametrize("change", ["seeds=[1]", "seeds=[8, 9]", "model.dropout=0.0", "training.patience=null"])
def test_identity_ignores_seeds_and_how_a_value_is_written(path, change):
    assert accept(path, SPEC).identity() == accept(path, SPEC, assignments=[change]).identity()


def test_identity_ignores_the_files_name_and_place(path, tmp_path):
    assert accept(path, SPEC).identity() == accept(tmp_path / "other.yaml", "# moved\n" + SPEC).identity()


@pytest.mark.parametrize(
    "change",
    [
        *["dataset.protocol=course", "dataset.validation=official", "dataset.sources=[acoustic, electronic]"],
        *["dataset.families=[bass, flute]", "dataset.limit=101", "dataset.limit=null", "dataset.skip_damaged=true"],
        *["dataset.sr=16000", "features.mfcc.n_mfcc=14", "features.mfcc.fmax=null", "features.tonnetz.tuning=0.0"],
        *["features.tonnetz.statistics=[mean]", "features.spectral_rolloff={}", "model.conv_filters=[4, 4]"],
        *["model.dense_units=[8]", "model.embedding=8", "model.dropout=0.1", "training.epochs=7"],
        *["training.batch_size=8", "training.learning_rate=1e-4", "training.schedule=constant"],
        *["training.patience=3", "training.threads=2"],
    ],
)
def test_identity_covers_every_other_setting(path, change):
    """Threads, too: another number of them gives other numbers."""
    assert accept(path, SPEC).identity() != accept(path, SPEC, assignments=[change]).identity()


def test_identity_covers_the_choice_of_features_and_model(path):
    whole = accept(path, SPEC)
    assert accept(path, SPEC, features=["mfcc"]).identity() != whole.identity()
    one = accept(path, SPEC, features=["mfcc"], assignments=["model={}"])
    assert accept(path, SPEC, features=["mfcc"], assignments=["model={preset: course}"]).identity() != one.identity()


def test_identity_covers_versions(path, monkeypatch):
    experiment = accept(path, SPEC)
    before = experiment.identity()
    monkeypatch.setattr(type(experiment.features["mfcc"]), "version", 99)
    assert experiment.identity() != before


def test_identity_covers_a_plugins_text(path, plugins):
    text = "dataset: {name: nsynth}\nfeatures: {loudness: }\n"
    before = accept(path, text, plugins=[plugins]).identity()
    file = plugins / "loudness.py"
    file.write_text(file.read_text() + "# edited\n")
    assert accept(path, text, plugins=[plugins]).identity() != before


@pytest.mark.parametrize(
    "file", sorted(Path(__file__).parents[2].joinpath("experiments").glob("*.yaml")), ids=lambda file: file.name
)
def test_experiments_of_the_project_are_valid(file):
    arms = [arm.experiment for arm in read_study(file).arms] if is_study(file) else [read_experiment(file)]
    for experiment in arms:
        assert experiment.seeds
        assert experiment.shapes()


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats()
    | st.sampled_from(["nsynth", "course", "official", "notes", "acoustic", "bass", "fusion", "stft", "mean", "cosine"])
    | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
settable = [
    *["dataset", "dataset.name", "dataset.protocol", "dataset.validation", "dataset.sources", "dataset.families"],
    *["dataset.limit", "dataset.sr", "features", "features.mfcc", "features.mfcc.n_mfcc", "features.mfcc.n_fft"],
    *["features.mfcc.hop_length", "features.mfcc.fmin", "features.mfcc.fmax", "features.mfcc.deltas"],
    *["features.tonnetz.tuning", "features.tonnetz.statistics", "model", "model.preset", "model.conv_filters"],
    *["model.dropout", "training", "training.epochs", "training.learning_rate", "seeds", "plugins", "name"],
]


@settings(max_examples=150, deadline=None)
@given(changes=st.lists(st.tuples(st.sampled_from(settable), values), min_size=1, max_size=3))
def test_whatever_the_values_an_experiment_or_messages_come_out(changes, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(BASE)
    assignments = [f"{key}={yaml.safe_dump(value, default_flow_style=True).strip()}" for key, value in changes]
    try:
        experiment = read_experiment(path, assignments=assignments)
    except FusionError as error:
        message = str(error)
    else:
        message = ""
        assert json.dumps(experiment.identity(), allow_nan=False)
    assert not re.search(r"Traceback|Pydantic|Invalid JSON", message)


def test_the_order_of_features_changes_nothing(path):
    experiments = [accept(path, SPEC, features=order) for order in (["mfcc", "tonnetz"], ["tonnetz", "mfcc"])]
    assert [list(experiment.features) for experiment in experiments] == [["mfcc", "tonnetz"]] * 2
    assert experiments[0].identity() == experiments[1].identity()


def test_resolved_settings_name_the_folders_of_the_plug_ins_used(path, tmp_path):
    folder, other = tmp_path / "plugins", tmp_path / "other"
    for place, name in ((folder, "mine"), (other, "unused")):
        place.mkdir()
        (place / f"{name}.py").write_text(
            "from fusion import Feature\n\n\nclass Mine(Feature):\n"
            "    def shape(self, samples, sr):\n        return (1,)\n\n"
            "    def extract(self, clip):\n        return clip.y[:1]\n"
        )
    experiment = accept(path, SPEC, plugins=[folder, other], features=["mfcc", "mine"])
    assert experiment.settings()["plugins"] == [str(folder)]
    assert "plugins" not in experiment.identity()
    assert "plugins" not in accept(path, SPEC, plugins=[folder]).settings()


def test_the_order_of_families_and_sources_changes_nothing(path):
    one = accept(path, SPEC, assignments=["dataset.families=[reed, bass]", "dataset.sources=[synthetic, acoustic]"])
    two = accept(path, SPEC, assignments=["dataset.families=[bass, reed]", "dataset.sources=[acoustic, synthetic]"])
    assert one.identity() == two.identity()
    assert any("each once" in text for text in mistakes(path, SPEC, assignments=["dataset.families=[bass, bass]"]))


def test_defaults_are_these(path):
    found = accept(path, "dataset: {name: nsynth}\nfeatures: {mfcc: }\n").settings()
    assert found["model"] == {
        "activation": "softmax",
        "preset": "fusion",
        "fusion": "concat",
        "sequences": "convolved",
        "join": "pooled",
        "time_pooling": "statistics",
        "conv_filters": [48, 64, 96],
        "dense_units": [64, 64],
        "embedding": 64,
        "dropout": 0.2,
        **dict.fromkeys(["auxiliary", "branch_dropout", "time_masking", "frequency_masking", "noise"], 0.0),
    }
    choices = {name: found["training"][name] for name in ("schedule", "distortions", "class_weights", "pretrain")}
    assert choices == {
        "schedule": "cosine",
        "distortions": ["equalise", "narrow", "cut", "noise", "delay", "level"],
        "class_weights": False,
        "pretrain": None,
    }


@pytest.mark.parametrize("name", ["folder", "table"])
def test_sounds_of_ones_own_have_these_defaults(path, name):
    found = accept(path, f"dataset: {{name: {name}}}\nfeatures: [mfcc]\n").settings()["dataset"]
    own = {"group": None} if name == "folder" else {"file": "manifest.csv", "columns": {}, "several": False}
    assert {key: value for key, value in found.items() if key != "threshold"} == {
        "protocol": "holdout",
        "classes": [],
        "test_share": 0.2,
        "test_seed": 1,
        "window": 3.0,
        "hop": 1.5,
        "aggregate": "mean",
        "folds": 5,
        "repeats": 1,
        "train_groups": None,
        "subset_seed": 1,
        "skip_damaged": False,
        "sr": 22050,
        "name": name,
        **own,
    }


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("test_share: 1.0e-9", "test_share: 0"),
        ("test_share: 0.99", "test_share: 1"),
        ("test_seed: 0", "test_seed: -1"),
        ("window: 0.1, hop: 0.1", "window: 0.09, hop: 0.05"),
        ("window: 60", "window: 60.1"),
        ("hop: 0.05", "hop: 0.04"),
        ("window: 60, hop: 60", "window: 60, hop: 60.1"),
        ("window: 2, hop: 2", "window: 2, hop: 2.1"),
        ("protocol: cv, folds: 2", "protocol: cv, folds: 1"),
        ("protocol: cv, folds: 100", "protocol: cv, folds: 101"),
        ("protocol: cv, repeats: 100", "protocol: cv, repeats: 101"),
        ("sr: 4000", "sr: 3999"),
        ("sr: 192000", "sr: 192001"),
    ],
)
def test_sounds_of_ones_own_have_these_limits(path, right, wrong):
    text = "dataset: {{name: folder, {}}}\nfeatures: [zero_crossing_rate]\n"
    accept(path, text.format(right))
    assert len(mistakes(path, text.format(wrong))) == 1


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("{name: nsynth}", (64000, 2.0, 16000, False, False, True)),
        ("{name: nsynth, protocol: course, sr: 8000}", (32000, 2.0, 16000, True, False, True)),
        ("{name: nsynth, protocol: cv}", (64000, 2.0, 16000, False, False, True)),
        ("{name: irmas}", (66150, 1.5, 44100, False, True, False)),
        ("{name: irmas, hop: 3.0}", (66150, 3.0, 44100, False, True, False)),
        ("{name: irmas, protocol: single, window: 2.0}", (44100, 1.5, 44100, False, False, False)),
        ("{name: irmas, protocol: cv}", (66150, 1.5, 44100, False, False, False)),
        ("{name: irmas, protocol: cv, grouped: false}", (66150, 1.5, 44100, True, False, False)),
        ("{name: folder, protocol: cv, sr: 16000}", (48000, 1.5, None, False, False, False)),
        ("{name: table, several: true, protocol: given}", (66150, 1.5, None, False, True, False)),
    ],
)
def test_what_a_data_set_is_follows_from_its_settings(path, dataset, expected):
    found = accept(path, f"dataset: {dataset}\nfeatures: [zero_crossing_rate]\n").dataset
    assert (
        found.samples,
        found.hop,
        found.rate,
        found.known_groups,
        found.several_labels,
        found.single_notes,
    ) == expected


@pytest.mark.parametrize("threshold", [1.0e-9, 0.5, 1 - 1e-9])
def test_a_threshold_lies_between_0_and_1(path, threshold):
    text = "dataset: {{name: irmas, threshold: {}}}\nfeatures: [mfcc]\n"
    assert accept(path, text.format(threshold)).dataset.decision == threshold
    for end in ("0.0", "1.0"):
        (found,) = mistakes(path, text.format(end))
        assert "a threshold lies between 0 and 1" in found


def test_seeds_go_up_to_the_largest_that_libraries_take(path):
    assert accept(path, BASE + f"seeds: [1, {2**31 - 1}]\n").seeds == (1, 2**31 - 1)


def test_an_ablation_is_read_where_it_is_used_alone(path):
    text = BASE + "ablation: [[nothing]]\n"
    assert accept(path, text).ablation is None
    assert len(mistakes(path, text, ablating=True)) == 1


@pytest.mark.parametrize("wrong", ["model: {dropout: 2}", "training: {epochs: 0}", "dataset: {name: x}"])
def test_a_wrong_section_is_one_mistake_and_no_crash(path, wrong):
    text = f"{wrong}\nfeatures: [mfcc]\n" + ("" if wrong.startswith("dataset") else "dataset: {name: nsynth}\n")
    assert len(mistakes(path, text, searching=True, ablating=True)) == 1


def test_identity_says_by_which_version_copies_mixtures_and_lost_branches_are_made(path):
    plain = accept(path, BASE).identity()["versions"]
    assert list(plain) == ["mfcc"]
    found = accept(path, BASE, assignments=["training.copies=1", "training.mixes=1"]).identity()["versions"]
    assert found == {**plain, "distortion": 1, "mixing": 1}
    lost = ["features.tonnetz={}", "model.branch_dropout=0.1"]
    assert accept(path, BASE, assignments=lost).identity()["versions"]["branch_dropout"] == 2
    assert "branch_dropout" not in accept(path, BASE, assignments=lost[1:]).identity()["versions"]


@pytest.mark.parametrize(
    ("dataset", "mistake"),
    [
        (
            "{name: nsynth, protocol: cv, validation: official}",
            "official does not go with protocol: cv (cv, sources: instruments)",
        ),
        ("{name: nsynth, folds: 3}", "folds is for protocol: cv, this is official"),
        ("{name: irmas, merge: {guitar: [gac]}}", "at least two instruments are needed, found guitar: ['gac']"),
        ("{name: irmas, merge: {gac: [gac, gel]}}", "a new name and at least two instruments are needed, found gac"),
        (
            "{name: irmas, merge: {2 guitars: [gac, gel]}}",
            "a new name and at least two instruments are needed, found 2",
        ),
        ("{name: irmas, merge: {a: [gac, gel], b: [gel, voi]}}", "each once"),
        (
            "{name: irmas, merge: {guitar: [gac, gel]}, classes: [gac, voi]}",
            "merge names gel, which classes leaves out",
        ),
        ("{name: irmas, hop: 3.1}", "hop 3.1 is longer than window 3"),
    ],
)
def test_settings_of_data_that_make_no_sense_together_are_one_mistake(path, dataset, mistake):
    (found,) = mistakes(path, f"dataset: {dataset}\nfeatures: [mfcc]\n")
    assert found.startswith("x.yaml:1: dataset")
    assert mistake in found


def test_merged_classes_have_one_order(path):
    text = "dataset: {{name: irmas, merge: {{{}}}}}\nfeatures: [mfcc]\n"
    one = accept(path, text.format("strings: [vio, cel], guitar: [gel, gac]")).dataset
    assert one.merge == {"guitar": ("gac", "gel"), "strings": ("cel", "vio")}
    assert list(one.merge) == ["guitar", "strings"]
