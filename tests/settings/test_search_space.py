"""The ``search`` section: which settings may be open, and what is said of a space that makes no sense."""

import pytest

from fusion.errors import FusionError
from fusion.settings.reading import read_experiment
from fusion.settings.search_space import Choices, Range
from tests.support.command import SEARCH

HEAD = SEARCH.split("    model.dropout")[0]


@pytest.fixture
def read(tmp_path):
    def read(text, **options):
        (tmp_path / "x.yaml").write_text(text)
        return read_experiment(tmp_path / "x.yaml", **options)

    return read


def space(read, line):
    """Return what one line of a space becomes."""
    (opened,) = read(f"{HEAD}    {line}\n", searching=True).search.space.values()
    return opened


def refusal(read, line):
    with pytest.raises(FusionError) as error:
        space(read, line)
    return str(error.value)


def test_run_ignores_the_search(read):
    with_it, without = read(SEARCH), read(SEARCH.split("search:")[0])
    assert with_it.identity() == without.identity()
    assert read(SEARCH.replace("model.dropout: [", "model.nothing: [")).search is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("model.dropout: [0.1, 1.5]", "search.space.model.dropout: should be less than 1, found 1.5"),
        ("model.droput: [0.1, 0.5]", "no such setting to search; did you mean 'model.dropout'?"),
        ("features.mfcc.n_mfc: [10, 20]", "did you mean 'features.mfcc.n_mfcc'?"),
        ("features.tonnetz.tuning: [0.0, 0.1]", "no such setting to search"),
        ("model.preset: [seed, fusion]", "no such setting to search"),
        ("model.dropout: [0.1]", "at least two values"),
        ("model.dropout: [0.1, 0.1]", "all different"),
        ("model.dropout: 0.1", "should be a list of choices or {min, max}, found a number"),
        ("model.dropout: {min: 0.5, max: 0.1}", "min should be below max"),
        ("model.dropout: {min: 0.1, max: 0.5, step: 0.1, log: true}", "step and log exclude each other"),
        ("model.dropout: {min: 0.5, max: 0.5}", "min should be below max"),
        ("model.dropout: {min: 0, max: 0.5, log: true}", "log needs a min above 0"),
        ("model.noise: {min: 0, max: 1, log: true}", "log needs a min above 0"),
        ("model.embedding: {min: 8, max: 64, step: 0.5}", "needs a whole step"),
        ("model.embedding: {min: 8, max: 64, stp: 2}", "did you mean 'step'?"),
        ("model.embedding: {min: 8, max: 64, step: 57}", "step 57 is wider than the range from 8 to 64"),
        ("model.embedding: {min: 0, max: 64}", "should be greater than or equal to 1, found 0"),
        ("features.spectral_centroid.statistics: [[mean], [men]]", "did you mean 'mean'?"),
    ],
)
def test_a_wrong_space_is_said_with_its_line(read, line, said):
    message = refusal(read, line)
    assert said in message
    assert f"x.yaml:{len(HEAD.splitlines()) + 1}:" in message


def test_a_list_has_two_values_at_least_and_a_step_may_be_as_wide_as_the_range(read):
    assert space(read, "model.dropout: [0.1, 0.2]") == Choices(values=(0.1, 0.2))
    assert space(read, "model.embedding: {min: 8, max: 64, step: 56}") == Range(min=8, max=64, step=56)


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("model.noise: {min: 0, max: 1}", False),
        ("training.learning_rate: {min: 9, max: 10}", False),
        ("model.embedding: {min: 8, max: 64}", True),
        ("model.embedding: {min: 4095, max: 4096}", True),
        ("model.dropout: {min: 0, max: 0.5}", False),
        ("model.noise: {min: 0.5, max: 1}", False),
    ],
)
def test_whole_ends_of_a_real_setting_span_real_numbers(read, line, whole):
    opened = space(read, line)
    assert opened.whole == whole
    assert {type(end) for end in opened.examples} == {int if whole else float} or "0.5" in line


def test_a_range_is_whole_where_both_ends_are():
    ends = [(1, 2), (1, 2.0), (1.0, 2), (1.0, 2.0)]
    assert [Range(min=low, max=high).whole for low, high in ends] == [True, False, False, False]


def test_features_left_out_leave_the_space_too(read):
    experiment = read(SEARCH, features=["spectral_centroid"], searching=True)
    assert "features.mfcc.n_mfcc" not in experiment.search.space
    assert "model.dropout" in experiment.search.space


@pytest.mark.parametrize("search", ["5", "[a]", "{space: 5}", "{trials: 2}"])
def test_a_search_that_is_none_is_said_with_other_features_too(read, search):
    text = f"dataset: {{name: nsynth}}\nfeatures: [mfcc]\nsearch: {search}\n"
    for features in (None, ["tonnetz"]):
        with pytest.raises(FusionError, match=r"^\S*x\.yaml:3: search"):
            read(text, features=features, searching=True)


def test_an_empty_space_is_a_message(read):
    with pytest.raises(FusionError, match="space"):
        read("dataset: {name: nsynth}\nfeatures: {mfcc: }\nsearch: {space: {}}\n", searching=True)


@pytest.mark.parametrize("wrong", ["model: {dropout: 2}", "training: {epochs: 0}", "plugins: [nope]"])
def test_where_a_section_is_wrong_that_alone_is_said(read, wrong):
    """What could be open is not known then, and all that the search names would be called wrong."""
    text = "dataset: {name: nsynth}\nfeatures: [mfcc]\nsearch: {space: {features.mfcc.n_mfcc: [13, 20]}}\n"
    with pytest.raises(FusionError) as error:
        read(f"{text}{wrong}\n", searching=True)
    assert len(str(error.value).splitlines()) == 1
    assert "search" not in str(error.value)


def test_threads_and_presets_are_not_searched(tmp_path):
    path = tmp_path / "open.yaml"
    for setting in ("training.threads", "model.preset"):
        path.write_text(
            "dataset: {name: nsynth, protocol: official}\nfeatures: [mfcc]\n"
            f"search: {{trials: 2, space: {{{setting}: [1, 2]}}}}\n"
        )
        with pytest.raises(FusionError, match=f"{setting}: no such setting to search"):
            read_experiment(path, searching=True)
