"""Features computed elsewhere, from the experiment file to the ablation: vectors of a file, and an encoder's output."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.command import command
from tests.support.features import make_encoder, make_vectors, onnx
from tests.support.own_sounds import make

pytestmark = pytest.mark.long

EXPERIMENT = """
dataset: {name: folder, group: parent, sr: 16000, window: 0.5, hop: 0.5}
features: {mfcc: {n_mfcc: 8}, FEATURE}
model: {conv_filters: [8], dense_units: [8], embedding: 8, auxiliary: 0.0}
training: {epochs: 2, batch_size: 16}
seeds: [1]
"""
EMBEDDING = "embedding: {file: given/vectors.npz, key: id}"
ENCODER = "onnx: {model: given/encoder.onnx, sr: 8000}"


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """A folder of sounds, and beside it an experiment with vectors of them."""
    folder = tmp_path_factory.mktemp("elsewhere")
    root = make(folder / "sounds", recordings=4)
    (folder / "given").mkdir()
    names = [path.relative_to(root).as_posix() for path in sorted(root.glob("*/*/*.wav"))]
    make_vectors(folder / "given" / "vectors.npz", [*names, "another clip"])
    write(folder, "vectors", EMBEDDING)
    return folder


def write(folder: Path, name: str, feature: str, text: str = EXPERIMENT) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text.replace("FEATURE", feature))
    return path


def run(folder: Path, name: str, *words: object, code: int = 0, verb: str = "run"):
    return command(folder, verb, f"{name}.yaml", "--data", folder / "sounds", *words, code=code)


def stored(folder: Path, feature: str) -> dict[str, np.ndarray]:
    """Return the stored values of a feature's clips, by the window's name."""
    values = {}
    for shard in folder.glob(f".fusion/cache/features/folder/{feature}-*/*.csv"):
        with shard.open(newline="") as file:
            rows = list(csv.reader(file))[1:]
        values |= dict(zip([name for _, name in rows], np.load(shard.with_suffix(".npy")), strict=True))
    return values


def test_an_ablation_says_what_mfccs_bring_beside_an_embedding(sounds):
    ablated = command(sounds, "ablate", "vectors.yaml", "--data", sounds / "sounds", "--mode", "leave-one-out")
    folder = sounds / ablated.stdout.splitlines()[-1]
    arms = json.loads((folder / "ablation.json").read_text())["arms"]
    assert sorted(arm["features"] for arm in arms) == [["embedding"], ["embedding", "mfcc"], ["mfcc"]]
    vectors = np.load(sounds / "given" / "vectors.npz")
    by_name = dict(zip(vectors["id"].tolist(), vectors["vectors"], strict=True))
    values = stored(sounds, "embedding")
    assert len({name.partition(" at ")[0] for name in values}) == 24  # clips, of several windows each
    assert len(values) > 48
    for name, value in values.items():
        np.testing.assert_array_equal(value, by_name[name.partition(" at ")[0]])


def test_an_encoder_is_a_feature_and_predicts(sounds):
    onnx()
    make_encoder(sounds / "given" / "encoder.onnx")
    write(sounds, "encoder", ENCODER)
    result = sounds / run(sounds, "encoder", "--jobs", 2).stdout.splitlines()[-1]
    spec = (result / "spec.yaml").read_text()
    assert f"model: {sounds / 'given' / 'encoder.onnx'}\n" in spec  # where it was found
    assert next(iter(stored(sounds, "onnx").values())).shape == (11, 5)
    soundfile.write(sounds / "other.wav", np.sin(np.arange(30000) / 9), 44100)
    done = command(sounds, "predict", result, "other.wav", "--json")
    assert sum(json.loads(done.stdout)[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    make_encoder(sounds / "given" / "encoder.onnx", size=6)
    done = command(sounds, "predict", result, "other.wav", code=2)
    assert "its networks were trained with version [1, 'fusion_features.onnx', '" in done.stderr
    (sounds / "given" / "encoder.onnx").unlink()
    make_encoder(sounds / "given" / "moved.onnx")
    done = command(sounds, "predict", result, "other.wav", code=2)
    assert "features.onnx.model: " in done.stderr
    assert "given/encoder.onnx: no such file" in done.stderr
    moved = run(sounds, "encoder", "--set", "features.onnx.model=given/moved.onnx")  # relative to the experiment file
    assert "complete, nothing to train" in moved.stderr  # wherever the same content lies


def test_a_result_of_vectors_predicts_the_files_that_have_one(sounds):
    names = [path.relative_to(sounds / "sounds").as_posix() for path in (sounds / "sounds").glob("*/*/*.wav")]
    make_vectors(sounds / "given" / "paths.npz", names, key="path")
    write(sounds, "paths", "embedding: {file: given/paths.npz, key: path}")
    result = sounds / run(sounds, "paths").stdout.splitlines()[-1]
    clip = f"sounds/{names[0]}"
    done = command(sounds, "predict", result, clip, "--json")
    assert json.loads(done.stdout)[0]["file"].endswith(clip)
    (sounds / "elsewhere.wav").write_bytes((sounds / clip).read_bytes())
    done = command(sounds, "predict", result, "elsewhere.wav", code=2)
    assert "feature embedding on clip elsewhere.wav: " in done.stderr
    assert "paths.npz: has no vector for this path; how its vectors were computed is not known here" in done.stderr


def test_clips_without_a_vector_are_listed_before_anything_is_extracted(sounds, tmp_path):
    names = [path.relative_to(sounds / "sounds").as_posix() for path in (sounds / "sounds").glob("*/*/*.wav")]
    make_vectors(tmp_path / "v.npz", names[3:])
    write(tmp_path, "few", "embedding: {file: v.npz}")
    done = command(tmp_path, "run", "few.yaml", "--data", sounds / "sounds", code=2)
    assert "feature embedding: " in done.stderr
    assert "v.npz: has no vector for 3 of 24 clips; add rows with these as id" in done.stderr
    assert all(f"  {name}\n" in done.stderr for name in names[:3])
    assert not (tmp_path / ".fusion" / "cache" / "features").exists()


def test_clips_of_one_sound_have_their_own_vectors(sounds, tmp_path):
    root = shutil.copytree(sounds / "sounds", tmp_path / "sounds")
    twin = root / "voi" / "voi3" / "1.wav"
    shutil.copy(root / "voi" / "voi3" / "0.wav", twin)
    names = [path.relative_to(root).as_posix() for path in root.glob("*/*/*.wav")]
    make_vectors(tmp_path / "v.npz", names)
    write(tmp_path, "twins", "embedding: {file: v.npz}")
    run(tmp_path, "twins", verb="extract")
    values = stored(tmp_path, "embedding")
    same = [value[0] for name, value in values.items() if name.startswith("voi/voi3/")]
    assert len(set(same)) == 2
    make_vectors(tmp_path / "v.npz", [*names, "more"])  # another file: nothing that is stored counts
    done = run(tmp_path, "twins", verb="extract")
    assert f"embedding: {len(values)} clips extracted" in done.stdout
    assert "mfcc: all clips were stored" in done.stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("training: {copies: 1}", "has values of the clips themselves, none of distorted copies and mixtures"),
        ("training: {mixes: 1}", "set training.copies and training.mixes to 0"),
        ("dataset: {name: table, several: true, protocol: given}", "take data with one label a clip"),
    ],
)
def test_copies_and_mixtures_have_no_vectors(sounds, tmp_path, change, message):
    shutil.copytree(sounds / "given", tmp_path / "given")
    base = {"dataset": "dataset: {name: folder}", "training": "training: {epochs: 1}"}
    base[change.split(":")[0]] = change
    text = "\n".join([*base.values(), f"features:\n  {EMBEDDING}\n"])
    (tmp_path / "x.yaml").write_text(text)
    done = command(tmp_path, "run", "x.yaml", code=2)
    assert done.stderr.startswith("error: x.yaml:4: features.embedding: ")
    assert message in done.stderr


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ("embedding: {}", "features.embedding.file: Field required"),
        ("embedding: {file: none.npz}", "features.embedding.file: FOLDER/none.npz: no such file"),
        ("embedding: {file: x.npz}", "features.embedding: FOLDER/x.npz: cannot be used as .npz: "),
        ("onnx: {model: x.onnx}", "features.onnx.sr: Field required"),
        ("onnx: {model: x.onnx, sr: 16000}", "features.onnx: FOLDER/x.onnx: cannot be used as an ONNX model ("),
        ("onnx: {model: x.onnx, sr: 10}", "features.onnx.sr: should be greater than or equal to 1000, found 10"),
        ("onnx: {model: [x], sr: 16000}", "features.onnx.model: should be the path of a file, found ['x']"),
        (
            "onnx: {model: fixed.onnx, sr: 16000}",
            "features.onnx: does not fit the clips: FOLDER/fixed.onnx: takes 4000 s",
        ),
    ],
)
def test_mistakes_are_said_where_they_are_made(tmp_path, feature, message):
    if "onnx" in feature:
        from tests.support.features import save_model

        axes = {"x": [1, 4000]}
        nodes = [onnx().helper.make_node("Identity", ["x"], ["y"])]
        save_model(tmp_path / "fixed.onnx", nodes, axes, {"y": [1, 4000]})
    for name in ("x.npz", "x.onnx"):
        (tmp_path / name).write_bytes(b"nonsense")
    write(tmp_path, "wrong", feature)
    done = command(tmp_path, "run", "wrong.yaml", code=2)
    assert done.stderr.startswith(f"error: wrong.yaml:3: {message.replace('FOLDER', str(tmp_path))}")
    assert "Traceback" not in done.stderr
