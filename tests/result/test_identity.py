"""What a result's digest is: the same from release to release, and another one whenever the numbers may be others."""

from dataclasses import replace
from pathlib import Path

import pytest

from fusion.datasets.corpus import fingerprint
from fusion.datasets.data import read_data
from fusion.datasets.roots import sample_root
from fusion.result.identity import digest
from fusion.runtime.progress import Progress
from fusion.runtime.workplace import Workplace
from fusion.settings.arms import is_study, read_study
from fusion.settings.reading import read_experiment
from fusion.sound import distortion, mixing

EXPERIMENTS = Path(__file__).parents[2] / "experiments"

# digests of the embedded sample's results; who changes one of these makes every stored result another one
GOLDEN = {
    "irmas_cv": "fafcee25fb1e",
    "irmas_followup.course_known_notes": "e48cd054031b",
    "irmas_followup.course_unknown_notes": "c11fec4254c7",
    "irmas_followup.course_music_folds": "c0fe84e2bfd2",
    "irmas_followup.course_music": "7b9a23e920db",
    "irmas_followup.naive_fusion": "839ca3f2c05a",
    "irmas_followup.mfcc": "4504d04d61f5",
    "irmas_followup.spectral_centroid": "69bf541318d7",
    "irmas_followup.spectral_rolloff": "0e5cfb69d541",
    "irmas_followup.tonnetz": "109eca793d78",
    "irmas_followup.zero_crossing_rate": "413628737c14",
    "irmas_followup.scalars": "933d2ec5f617",
    "irmas_followup.fused": "9b1c38377e0b",
    "irmas_followup.fused_mixed": "51e169bff09d",
    "irmas_followup.notes_for_pretraining": "ea3927e9815f",
    "irmas_followup.fused_mixed_official": "60eb1ebff136",
    "irmas_fusion": "b0018a4d0bbe",
    "irmas_mfcc": "ef6639f47322",
    "nsynth_fusion": "fe211ba0147a",
    "nsynth_mfcc": "37c7124b5e81",
    "nsynth_naive_fusion": "c0d9a5eb3338",
    "nsynth_timbre": "e667a620fda7",
    "nsynth_course": "1b71e0dd2579",
    "font_study.mfcc": "e57a599591d8",
    "font_study.mfcc_of_five": "47f67c8b1560",
    "font_study.five": "0941b75e6afd",
    "font_study.timbre": "f3f3015d9060",
    "font_study.timbre_log_mel": "f000df41ad9b",
    "font_study.pooled": "cdd14ca5ed67",
    "font_study.recorded": "42e496b20724",
    "fusion_study.concat": "5f45137b1636",
    "fusion_study.gated": "931d6cd3bb52",
    "fusion_study.late": "697f3fb10df9",
    "fusion_study.cross_attention": "0fb9badf36e8",
    "fusion_study.gated_residual": "0d681350f647",
    "fusion_study.frames": "6fbdff44dc8e",
    "music_study.mfcc_mixed": "f9a52999be6e",
    "music_study.fused_mixed": "b0018a4d0bbe",
    "music_study.fused": "35a4e03e7f9b",
    "music_study.notes_for_pretraining": "a0c38d5994ea",
    "notes_study.known_course": "1b71e0dd2579",
    "notes_study.known_naive": "c0d9a5eb3338",
    "notes_study.known_mfcc": "5847d8baf013",
    "notes_study.known_scalars": "2d5943f8a609",
    "notes_study.known_fused": "73bf67f198cb",
    "notes_study.unknown_course": "0d227607b822",
    "notes_study.unknown_mfcc": "5ae94d9093c7",
    "notes_study.unknown_scalars": "87293d698269",
    "notes_study.unknown_fused": "fe211ba0147a",
    "notes_study.unknown_timbre": "e667a620fda7",
    "timbre_study.mfcc": "a846cc23f68f",
    "timbre_study.five": "8f146c24abc9",
    "timbre_study.log_mel": "d98ee02ab4ca",
    "timbre_study.timbre": "fc675620f991",
    "timbre_study.timbre_log_mel": "3a2cf5d2faf9",
    "timbre_study.pooled": "a60d6d2c509f",
    "descriptor_families": "4dfe2f955e87",
    "nsynth_real": "42e496b20724",
    "real_study.plain_five": "fe211ba0147a",
    "real_study.mfcc": "9c04ba8b4d5f",
    "real_study.five": "bf45c0b0f798",
    "real_study.recorded": "42e496b20724",
    "solo_study.plain_mfcc": "daff39e08f45",
    "solo_study.plain_five": "0d30d40f707d",
    "solo_study.mfcc": "11066aef5855",
    "solo_study.five": "7d2f8ca0f55f",
    "solo_study.recorded": "01fe48efbe97",
    "medley_solos": "c61c0068726d",  # without data: no sample of it is embedded
}
SAMPLES = ("nsynth", "irmas")
COPIES_AND_MIXTURES = "9de0731450e6"


@pytest.fixture(scope="module")
def digest_of(tmp_path_factory):
    """Return an experiment's digest on the embedded sample; each data set is read once."""
    cache = tmp_path_factory.mktemp("cache")
    known = {}

    def of(experiment):
        settings = experiment.dataset
        key = settings.model_dump_json()
        if key not in known:
            known[key] = ""
            if settings.name in SAMPLES:
                workplace = Workplace(sample_root(settings.name), True, cache, cache, 2, Progress(quiet=True))
                known[key] = read_data(settings, workplace).fingerprint
        return digest(experiment, known[key], True)

    return of


@pytest.fixture(scope="module")
def small():
    return read_experiment(EXPERIMENTS / "irmas_fusion.yaml", assignments=["training.copies=2", "training.mixes=2"])


def test_the_shipped_experiments_keep_their_digests(digest_of):
    found = {}
    for path in sorted(EXPERIMENTS.glob("*.yaml")):
        arms = read_study(path).arms if is_study(path) else ()
        # an arm that starts from another's networks has a digest that covers those, which are not there
        every = [arm.experiment for arm in arms if not arm.source] if arms else [read_experiment(path)]
        found.update({experiment.name: digest_of(experiment) for experiment in every})
    assert found == GOLDEN


def test_copies_and_mixtures_keep_their_digest(digest_of, small):
    assert digest_of(small) == COPIES_AND_MIXTURES


@pytest.mark.parametrize("module", [distortion, mixing])
def test_versions_of_copies_and_mixtures_are_covered(module, digest_of, small, monkeypatch):
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    assert digest_of(small) != COPIES_AND_MIXTURES
    plain = read_experiment(EXPERIMENTS / "irmas_fusion.yaml", assignments=["training.mixes=0"])
    before = digest_of(plain)
    monkeypatch.undo()
    assert digest_of(plain) == before  # who uses neither keeps the result


@pytest.mark.parametrize(
    "assignment",
    [
        "training.mixes=1",
        "training.class_weights=true",
        "training.pretrain=elsewhere",
        "model.activation=softmax",
        "model.sequences=both",
        "model.join=frames",
        "model.time_pooling=attention",
        "training.copies=1",
        "training.epochs=59",
        "dataset.hop=1.0",
        "features.mfcc.n_mfcc=19",
    ],
)
def test_settings_are_covered_those_added_later_too(assignment, digest_of, monkeypatch, tmp_path):
    path = EXPERIMENTS / "irmas_fusion.yaml"
    if "pretrain" in assignment:
        monkeypatch.setattr(
            "fusion.result.identity.read_pretrained", lambda folder: type("R", (), {"folder": tmp_path})()
        )
    assert digest_of(read_experiment(path, assignments=[assignment])) != GOLDEN["irmas_fusion"]


@pytest.mark.parametrize(
    ("name", "both"), [("nsynth_mfcc", False), ("irmas_fusion", False), ("irmas_cv", True), ("nsynth_fusion", True)]
)
def test_that_validation_clips_train_is_covered_and_nothing_else(name, both, digest_of, monkeypatch):
    experiment = read_experiment(EXPERIMENTS / f"{name}.yaml")
    monkeypatch.setattr(type(experiment), "validates", True)
    assert (digest_of(experiment) != GOLDEN[name]) == both


@pytest.mark.parametrize(
    ("settings", "features", "loses"),
    [
        ({}, ["mfcc", "spectral_centroid"], True),
        ({"branch_dropout": 0.0}, ["mfcc", "spectral_centroid"], False),
        ({}, ["mfcc"], False),
        ({}, ["spectral_centroid", "zero_crossing_rate"], False),
        ({"sequences": "pooled"}, ["mfcc", "spectral_centroid"], False),
        ({"sequences": "both"}, ["mfcc"], True),
        ({"join": "frames"}, ["mfcc", "spectral_centroid"], False),
        ({"join": "frames", "sequences": "both"}, ["mfcc"], True),
    ],
)
def test_how_a_missing_branch_is_replaced_is_covered_where_one_can_be_missing(settings, features, loses):
    assignments = [f"model.{name}={value}" for name, value in {"branch_dropout": 0.4, **settings}.items()]
    experiment = read_experiment(EXPERIMENTS / "nsynth_fusion.yaml", features=features, assignments=assignments)
    assert ("branch_dropout" in experiment.identity()["versions"]) == loses


def test_seeds_and_names_are_not_covered(digest_of):
    experiment = read_experiment(EXPERIMENTS / "nsynth_mfcc.yaml")
    other = replace(experiment, name="other", seeds=(7,))
    assert digest_of(other) == GOLDEN["nsynth_mfcc"]


@pytest.mark.parametrize("column", ["id", "start", "duration", "labels", "group", "split", "content"])
def test_every_column_of_the_table_is_in_the_fingerprint(column, nsynth, tmp_path):
    settings = read_experiment(EXPERIMENTS / "nsynth_mfcc.yaml").dataset
    data = read_data(settings, Workplace(nsynth, False, tmp_path, tmp_path, 1, Progress(quiet=True)))
    table = data.dataset.table.copy()
    before = fingerprint(table)
    values = list(table[column])
    values[0] = values[0] + 1 if column in ("start", "duration") else f"{values[0]}x"
    assert fingerprint(table.assign(**{column: values})) != before


def test_the_backend_is_covered_unless_it_is_tensorflow(digest_of, monkeypatch):
    experiment = read_experiment(EXPERIMENTS / "nsynth_mfcc.yaml")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert digest_of(experiment) == GOLDEN["nsynth_mfcc"]
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr("fusion.runtime.backend.find_spec", lambda name: name)  # it need not be installed
    assert digest_of(experiment) != GOLDEN["nsynth_mfcc"]


def test_what_a_finished_result_started_from_may_be_gone(digest_of, monkeypatch, tmp_path):
    path = EXPERIMENTS / "irmas_fusion.yaml"
    named = [
        digest_of(read_experiment(path, assignments=[f"training.pretrain={folder}/0123456789ab"]))
        for folder in ("results/gone", tmp_path)
    ]
    assert named[0] == named[1] != GOLDEN["irmas_fusion"]
