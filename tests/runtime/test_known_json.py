"""JSON files that know when what they hold was changed."""

import json

import numpy as np
import pytest

from fusion.runtime.known_json import read_known, write_known

VALUE = {"a": [1, 2.5e-17, None, "\u00e9"], "b": {"c": np.float64(0.1), "1": True}, "d": (1, 2)}


def test_what_was_written_is_read(tmp_path):
    write_known(tmp_path / "x.json", VALUE)
    assert read_known(tmp_path / "x.json") == {**VALUE, "d": [1, 2]}
    assert list(json.loads((tmp_path / "x.json").read_text())) == ["a", "b", "d", "checksum"]


def test_each_changed_digit_is_known_and_another_layout_is_not_one(tmp_path):
    path = tmp_path / "x.json"
    write_known(path, VALUE)
    text = path.read_text()
    for at, letter in enumerate(text):
        if letter.isdigit():
            path.write_text(text[:at] + str((int(letter) + 1) % 10) + text[at + 1 :])
            with pytest.raises(ValueError, match="not as fusion wrote it"):
                read_known(path)
    path.write_text(json.dumps(json.loads(text)))
    assert read_known(path)["b"] == VALUE["b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("\udcff", "not valid JSON"),
        ("[1]", "should be an object, found a list"),
        ('{"a": 1, "checksum": "0"}', "not as fusion wrote it"),
    ],
)
def test_anything_else_is_told(tmp_path, text, said):
    (tmp_path / "x.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=said):
        read_known(tmp_path / "x.json")


def test_one_without_a_checksum_is_believed(tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1}')
    assert read_known(tmp_path / "x.json") == {"a": 1}
