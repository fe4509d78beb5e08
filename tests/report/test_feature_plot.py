"""Plots of features, as the command and Python draw them."""

import json

import numpy as np
import pytest
import soundfile

import fusion as package
from fusion.errors import FusionError
from tests.support.notes import tone


@pytest.fixture
def note(tmp_path):
    path = tmp_path / "note.wav"
    y = tone("guitar", 57, 100)
    y[40000:] = 0
    soundfile.write(path, y, 16000)
    return path


@pytest.mark.parametrize("name", sorted(package.features().query("shape.notna()")["name"]))
def test_every_feature_is_drawn_over_seconds_with_its_names(note, name):
    figure = package.plot_feature(name, note)
    above, below = figure.axes[:2]
    assert above.get_title(loc="left") == f"{name} of note.wav, 16000 Hz"
    assert "time (s)" in (above.get_xlabel(), below.get_xlabel())
    assert above.get_xlim() == (0, 4)


def test_few_columns_are_lines_many_an_image_and_a_vector_text(note):
    centroid = package.plot_feature("spectral_centroid", note).axes[1]
    (line,) = centroid.lines
    assert centroid.get_ylabel() == "centroid (Hz)"
    np.testing.assert_allclose(line.get_xdata(), np.arange(126) * 512 / 16000)
    harmonics = package.plot_feature("harmonics", note).axes[1]
    assert not harmonics.lines
    assert harmonics.get_yticklabels()[-1].get_text().startswith("f0 (log2 Hz)  7.78")
    texts = [text.get_text() for text in package.plot_feature("envelope", note).axes[1].texts]
    assert "decay slope (dB/s)" in texts
    assert len(texts) == 10


def test_frames_that_are_left_out_are_grey(note):
    figure = package.plot_feature("spectral_centroid", note, active_db=30.0)
    assert figure.axes[0].get_title(loc="right") == "grey: left out of statistics"
    assert len(figure.axes[1].collections) == 1
    assert not package.plot_feature("spectral_centroid", note).axes[1].collections


def test_the_rate_is_the_files_own(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.sin(np.arange(44100) / 10), 44100)
    assert "44100 Hz" in package.plot_feature("mfcc", tmp_path / "a.wav").axes[0].get_title(loc="left")


def test_the_command_writes_a_png_beside_and_replaces_its_own(fusion, tmp_path, note):
    assert fusion("features", "envelope", "--plot", note) == (0, "note.envelope.png\n", "")
    assert (tmp_path / "note.envelope.png").read_bytes().startswith(b"\x89PNG")
    assert fusion("features", "envelope", "--plot", note)[0] == 0
    for _ in range(2):
        code, out, _ = fusion("features", "mfcc", "--plot", note, "--set", "n_mfcc=30", "--out", "a.pdf", "--json")
        assert (code, json.loads(out)) == (0, {"plot": "a.pdf"})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mfcc", "--plot", "gone.wav"), "gone.wav: missing"),
        (("mfc", "--plot", "note.wav"), "did you mean 'mfcc'"),
        (("--plot", "note.wav"), "of which feature"),
        (("mfcc", "--out", "a.png"), "--out and --set are for a plot"),
        (("mfcc", "--set", "n_mfcc=30"), "--out and --set are for a plot"),
        (("mfcc", "--plot", "note.wav", "--set", "n_mfc=30"), "n_mfc"),
        (("mfcc", "--plot", "note.wav", "--set", "name=30"), "name: "),
        (("mfcc", "--plot", "note.wav", "--set", "plugins=30"), "no parameter of a feature"),
        (("mfcc", "--plot", "note.wav", "--set", "n_mfcc"), "write key.path=value"),
        (("mfcc", "--plot", "note.wav", "--set", "n_mfcc=200"), "n_mfcc=200 is more than n_mels=128"),
        (("mfcc", "--plot", "note.wav", "--out", "a.svg"), "a plot is a .png or a .pdf"),
        (("mfcc", "--plot", "note.wav", "--out", "mine.png"), "is no plot of fusion's"),
        (("mfcc", "--plot", "mine.png"), "mine.png: cannot be decoded"),
    ],
)
def test_what_cannot_be_drawn_is_said_and_nothing_is_written(fusion, tmp_path, note, words, message):
    (tmp_path / "mine.png").write_text("a diary")
    code, out, err = fusion("features", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.png", "note.wav"]


def test_from_python_a_wrong_parameter_is_an_error_of_fusion(note):
    with pytest.raises(FusionError, match="n_mfc"):
        package.plot_feature("mfcc", note, n_mfc=3)
