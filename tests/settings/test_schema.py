"""The JSON schema of experiment files: it takes what the check takes, and refuses what it refuses."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from fusion.errors import FusionError
from fusion.settings.document import read
from fusion.settings.schema import experiment_schema

ROOT = Path(__file__).parents[2]
SHIPPED = [*sorted(ROOT.glob("experiments/*.yaml")), *ROOT.glob("fusion/skeletons/experiment/*.yaml")]


@pytest.fixture(scope="module")
def validator():
    schema = experiment_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_stored_one_is_what_the_program_prints(fusion):
    code, out, err = fusion("schema")
    assert code == 0, err
    stored = json.loads((ROOT / "docs" / "experiment.schema.json").read_text())
    assert json.loads(out) == stored, "write it anew: fusion schema > docs/experiment.schema.json"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_it_takes_every_shipped_experiment(path, validator):
    assert [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text()))] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_it_takes_what_a_result_stores(path, validator):
    """A result's spec.yaml has all features written out."""
    assert not list(validator.iter_errors(read(path).data))


BASE = {"dataset": {"name": "nsynth"}, "features": ["mfcc"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"features": ["mfcc"]},  # no dataset
        {**BASE, "modle": {}},
        {**BASE, "dataset": {"name": "nsinth"}},
        {**BASE, "dataset": {"name": "nsynth", "window": 2.0}},  # a setting of another data set
        {**BASE, "dataset": {"name": "nsynth", "protocol": "seed"}},
        {**BASE, "features": ["mfc"]},
        {**BASE, "features": {"mfcc": {"n_mfc": 20}}},
        {**BASE, "features": {"mfcc": {"n_mfcc": 0}}},
        {**BASE, "features": {}},
        {**BASE, "features": {"embedding": {}}},  # needs a file
        {**BASE, "features": {"fusion:five": {"n_mfcc": 20}}},
        {**BASE, "model": {"fusion": "sum"}},
        {**BASE, "model": {"preset": "course", "dropout": 0.1}},
        {**BASE, "training": {"epochs": "many"}},
        {**BASE, "seeds": [1, 1]},
        {**BASE, "seeds": []},
        {**BASE, "search": {"trials": 3}},
        {**BASE, "search": {"space": {"model.dropout": 0.1}}},
        {**BASE, "ablation": ["mfcc"]},
        {**BASE, "arms": {"one": {"modle": {}}}},
        {**BASE, "name": "a/b"},
    ],
    ids=str,
)
def test_it_refuses_what_the_check_refuses(wrong, validator):
    assert not validator.is_valid(wrong)


@pytest.mark.parametrize(
    "right",
    [
        BASE,
        {**BASE, "features": {"fusion:timbre": None, "log_mel": {}}},
        {**BASE, "model": None, "training": {"patience": None}},
        {**BASE, "ablation": {"a": ["mfcc"]}},
        {**BASE, "search": {"space": {"model.dropout": [0.1, 0.2], "training.epochs": {"min": 2, "max": 9}}}},
        {**BASE, "arms": {"one": None, "two": {"before": "one", "dataset": {"protocol": "cv"}}}},
    ],
    ids=str,
)
def test_it_takes_what_the_check_takes(right, validator):
    assert [error.message for error in validator.iter_errors(right)] == []


def test_plug_ins_are_known_where_their_folder_is_named(tmp_path):
    (tmp_path / "own.py").write_text(
        "from fusion import Feature\n\nclass Own(Feature):\n    size: int = 3\n"
        "    def shape(self, samples, sr):\n        return (self.size,)\n    def extract(self, clip):\n        return clip.y\n"
    )
    spec = {**BASE, "features": {"own": {"size": 2}}}
    assert not jsonschema.Draft202012Validator(experiment_schema()).is_valid(spec)
    assert jsonschema.Draft202012Validator(experiment_schema([tmp_path])).is_valid(spec)
    with pytest.raises(FusionError, match="no such plug-in folder"):
        experiment_schema([tmp_path / "nowhere"])
