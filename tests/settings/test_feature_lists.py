"""Named lists of features: what they become, and what is said of those that cannot."""

import hashlib
import json
from collections.abc import Callable

import pytest

from fusion.api.sounds import features as registry
from fusion.errors import FusionError
from fusion.settings.arms import read_study
from fusion.settings.document import Document
from fusion.settings.experiment import Experiment
from fusion.settings.feature_lists import LISTS
from fusion.settings.reading import read_experiment
from fusion.settings.strict_yaml import parse

Fusion = Callable[..., tuple[int, str, str]]

FIVE = ["mfcc", "spectral_centroid", "spectral_rolloff", "tonnetz", "zero_crossing_rate"]
NSYNTH = "dataset: {name: nsynth}\n"


def read(tmp_path, text: str, **options) -> Experiment:
    (tmp_path / "x.yaml").write_text(NSYNTH + text)
    return read_experiment(tmp_path / "x.yaml", **options)


def refusal(tmp_path, text: str, **options) -> str:
    with pytest.raises(FusionError) as error:
        read(tmp_path, text, **options)
    return str(error.value).replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    "text", ["features: [fusion:five]", "features: {fusion:five: }", "features:\n  fusion:five: {}"]
)
def test_five_are_the_five_by_default(tmp_path, text):
    listed, named = read(tmp_path, text), read(tmp_path, f"features: [{', '.join(FIVE)}]")
    assert list(listed.features) == FIVE
    assert listed.settings() == named.settings()


def test_a_result_names_plain_features(tmp_path):
    assert list(read(tmp_path, "features: [fusion:five, log_mel]").settings()["features"]) == sorted([*FIVE, "log_mel"])


def test_a_list_stands_beside_names(tmp_path):
    several = read(tmp_path, "features: [log_mel, fusion:five]")
    assert sorted(several.features) == sorted([*FIVE, "log_mel"])
    own = read(tmp_path, "features:\n  fusion:five:\n  log_mel: {n_mels: 40}\n")
    assert own.features["log_mel"].n_mels == 40


@pytest.mark.parametrize("name", LISTS)
def test_features_of_a_list_are_built_in_and_fit_notes(tmp_path, name):
    known = set(registry()["name"])
    text = "features:\n" + "".join(
        f"  {feature}: {json.dumps(parameters)}\n" for feature, parameters in LISTS[name].items() if feature in known
    )
    settings = read(tmp_path, text).settings()
    for feature, parameters in LISTS[name].items():
        assert parameters.items() <= settings["features"].get(feature, parameters).items()


def test_every_scalar_of_the_timbre_list_has_the_statistics_that_helped():
    four = ["mean", "std", "delta_mean", "delta_std"]
    for feature, parameters in LISTS["fusion:timbre"].items():
        assert feature in ("harmonics", "envelope") or parameters["statistics"] == four


def test_an_option_changes_a_feature_of_a_list(tmp_path):
    experiment = read(tmp_path, "features: [fusion:five]", assignments=["features.mfcc.n_mfcc=13"])
    assert experiment.features["mfcc"].n_mfcc == 13
    assert list(experiment.features) == FIVE
    assert "n_mfcc" in refusal(tmp_path, "features: [fusion:five]", assignments=["features.mfcc.n_mfcc=0"])


def test_an_option_changes_no_other_feature_of_a_list():
    document = Document("x.yaml", {"features": ["fusion:timbre"]})
    document.set("features.spectral_crest.n_fft=2048")
    expected = {**LISTS["fusion:timbre"], "spectral_crest": {**LISTS["fusion:timbre"]["spectral_crest"], "n_fft": 2048}}
    assert document.data["features"] == expected
    assert LISTS["fusion:timbre"]["spectral_crest"]["n_fft"] == 1024


def test_a_list_may_be_given_as_an_option(tmp_path):
    text = "features: {log_mel: }\nsearch: {trials: 1, space: {features.mfcc.n_mfcc: [13, 20]}}\n"
    experiment = read(tmp_path, text, features=["fusion:five"], searching=True)
    assert list(experiment.features) == FIVE
    assert list(experiment.search.space) == ["features.mfcc.n_mfcc"]
    assert list(read(tmp_path, text, assignments=["features=[fusion:five]"]).features) == FIVE
    assert list(read(tmp_path, "features: [fusion:five]", features=["tonnetz"]).features) == ["tonnetz"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "features: [fusion:timbr]",
            {},
            "x.yaml:2: features.fusion:timbr: no such list of features; did you mean 'fusion:timbre'? "
            "(known: fusion:five, fusion:timbre, fusion:recorded)",
        ),
        (
            "features:\n  - mfcc\n  - fusion:five\n",
            {},
            "x.yaml:4: features.fusion:five: fusion:five has mfcc (also at x.yaml:3); "
            "name a feature once, by a list or by itself",
        ),
        (
            "features:\n  tonnetz: {}\n  mfcc: {}\n  fusion:five: {}\n",
            {},
            "x.yaml:5: features.fusion:five: fusion:five has mfcc (also at x.yaml:4), tonnetz (also at x.yaml:3); "
            "name a feature once, by a list or by itself",
        ),
        (
            "features: {fusion:five: {mfcc: {n_mfcc: 13}}}",
            {},
            "x.yaml:2: features.fusion:five: a list of features takes no parameters, found {'mfcc': {'n_mfcc': 13}}; "
            "name its features to change one",
        ),
        (
            "features: [mfcc]",
            {"features": ["fusion:four"]},
            "--features: features.fusion:four: no such list of features; did you mean 'fusion:five'? "
            "(known: fusion:five, fusion:timbre, fusion:recorded)",
        ),
    ],
)
def test_what_cannot_become_features_is_refused(tmp_path, text, options, message):
    assert refusal(tmp_path, text, **options) == message


def test_two_lists_with_one_feature_name_both(tmp_path):
    message = refusal(tmp_path, "features:\n  - fusion:five\n  - fusion:timbre\n")
    assert message.startswith(
        "x.yaml:4: features.fusion:timbre: fusion:timbre has spectral_centroid (also at x.yaml:3)"
    )


def test_a_feature_of_a_list_that_does_not_fit_says_the_lists_line(tmp_path):
    (tmp_path / "x.yaml").write_text("dataset: {name: nsynth, sr: 8000}\nfeatures:\n  - fusion:timbre\n")
    with pytest.raises(FusionError, match=r"x.yaml:3: features.spectral_contrast: does not fit the clips: the last of"):
        read_experiment(tmp_path / "x.yaml")


def test_arms_name_lists(tmp_path):
    text = NSYNTH + "features: {mfcc: {n_mfcc: 13}}\narms:\n  a: {features: [mfcc, tonnetz]}\n"
    (tmp_path / "x.yaml").write_text(text + "  b: {features: [fusion:five]}\n  c: {features: [mfcc, log_mel]}\n")
    a, b, c = (arm.experiment.features for arm in read_study(tmp_path / "x.yaml").arms)
    assert (a["mfcc"].n_mfcc, b["mfcc"].n_mfcc, c["mfcc"].n_mfcc) == (13, 20, 13)
    assert list(b) == FIVE


def test_lists_are_shown(fusion: Fusion):
    code, out, err = fusion("features")
    assert (code, err) == (0, "")
    assert f"fusion:five: {', '.join(FIVE)} fusion:timbre: " in " ".join(out.split())
    code, out, err = fusion("features", "fusion:timbre")
    assert (code, err, parse(out, "out")) == (0, "", {"features": LISTS["fusion:timbre"]})
    code, out, err = fusion("features", "fusion:timbre", "--json")
    assert (code, err, json.loads(out)) == (0, "", LISTS["fusion:timbre"])


@pytest.mark.parametrize(
    ("name", "digest"),
    [("fusion:five", "65248f425b5b"), ("fusion:timbre", "68ad2c0edff8"), ("fusion:recorded", "ad6d283a1cd7")],
)
def test_a_published_list_stays_what_it_is(tmp_path, name, digest):
    resolved = json.dumps(read(tmp_path, f"features: [{name}]").settings()["features"], sort_keys=True)
    assert hashlib.sha256(resolved.encode()).hexdigest()[:12] == digest
