"""Experiment files as plain data that know their lines, and what `--set` changes in them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.errors import FusionError
from fusion.settings.document import MOST_BYTES, Document, read
from fusion.settings.strict_yaml import MOST_LEVELS
from tests.support.yaml_texts import is_plain, outcome, yamlish


def refusal_of_file(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(FusionError) as error:
        read(path)
    return str(error.value)


def test_a_byte_order_mark_is_skipped(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read(path).data == {"a": 1}


def test_windows_line_ends_count_as_one(tmp_path):
    assert refusal_of_file(tmp_path / "x.yaml", b"a: 1\r\nb: 2\r\nb: 3\r\n").startswith(
        f"{tmp_path}/x.yaml:3: b: given"
    )


@pytest.mark.parametrize("content", [b"\xff\xfea\x00", b"a: \xe9\n", b"RIFF\x24\x80\x00\x00WAVE", b"\x80"])
def test_what_is_not_utf8_is_refused(content, tmp_path):
    message = refusal_of_file(tmp_path / "x.yaml", content)
    assert message.startswith(f"{tmp_path}/x.yaml: not UTF-8 text (byte ")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        *[(b"", "nothing"), (b"# only a comment\n", "nothing"), (b"- a\n- b\n", "a list")],
        *[(b"word\n", "text"), (b"5\n", "a whole number"), (b"1e-3\n", "a number"), (b"true\n", "true/false")],
    ],
)
def test_an_experiment_file_is_a_mapping(content, found, tmp_path):
    message = refusal_of_file(tmp_path / "x.yaml", content)
    assert message == (f"{tmp_path}/x.yaml: an experiment file is a mapping (dataset:, features:, ...), found {found}")


def test_a_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "x.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse: reading all of it would take hours
    with pytest.raises(FusionError, match=f"x.yaml: more than {MOST_BYTES} bytes is too large"):
        read(path)


def test_the_largest_file_is_read(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\n#" + "x" * (MOST_BYTES - 6))
    assert read(path).data == {"a": 1}
    path.write_text("a: 1\n#" + "x" * (MOST_BYTES - 5))
    with pytest.raises(FusionError, match="too large"):
        read(path)


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(FusionError, match=r"nope\.yaml: cannot read this experiment file: No such file"):
        read(tmp_path / "nope.yaml")
    with pytest.raises(FusionError, match=r"a folder, not an experiment file"):
        read(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(FusionError, match=r"cannot read this experiment file: Not a directory"):
        read(tmp_path / "file" / "x.yaml")


def test_every_value_remembers_its_line(tmp_path):
    (tmp_path / "x.yaml").write_text("a:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n\ne: {}\n")
    document = read(tmp_path / "x.yaml")
    lines = {place: int(where.rsplit(":", 1)[1]) for place, where in document.places.items()}
    assert lines == {(): 1, ("a",): 1, ("a", "b"): 2, ("a", "c"): 3} | {
        ("a", "c", 0): 4,
        ("a", "c", 1): 5,
        ("a", "c", 1, "d"): 5,
        ("e",): 7,
    }
    assert document.place(("a", "c", 7, "z")) == f"{tmp_path}/x.yaml:3"
    assert document.place(("unknown",)) == f"{tmp_path}/x.yaml"


def test_an_assignment_takes_the_place_of_what_stood_there():
    document = Document("x.yaml", {"a": {"b": 1}}, {("a",): "x.yaml:1", ("a", "b"): "x.yaml:2"})
    document.set("a={c: 1e-3}")
    document.set("d.e.f=[1, on]")
    assert document.data == {"a": {"c": 1e-3}, "d": {"e": {"f": [1, "on"]}}}
    assert document.place(("a", "b")) == "--set a={c: 1e-3}"
    assert document.place(("d",)) == "--set d.e.f=[1, on]"


@pytest.mark.parametrize(
    "assignment", ["a", "=1", "", ".=1", "a.=1", ".a=1", "a..b=1", ".".join("a" * (MOST_LEVELS + 1)) + "=1", "\udc80=1"]
)
def test_an_assignment_needs_path_and_value(assignment):
    with pytest.raises(FusionError, match=r"^--set .*: write key\.path=value"):
        Document("x.yaml", {}).set(assignment)


def test_an_assignment_may_be_as_deep_as_a_file():
    document = Document("x.yaml", {})
    document.set(".".join("a" * MOST_LEVELS) + "=1")
    assert str(document.data).count("a") == MOST_LEVELS
    assert document.place(("a",) * 3) == document.place(("a",) * MOST_LEVELS)


@settings(max_examples=150, deadline=None)
@given(content=st.binary() | yamlish.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_give_a_document_or_one_kind_of_error(content, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    document, message = outcome(read, path)
    assert message.startswith(str(path)) if message else is_plain(document.data)


@settings(max_examples=150, deadline=None)
@given(path=st.lists(st.text(max_size=5), max_size=4).map(".".join), value=yamlish)
def test_any_assignment_gives_plain_data_or_one_kind_of_error(path, value):
    document = Document("x.yaml", {"a": {"b": 1}, "c": None, "d": [1]})
    _, message = outcome(document.set, f"{path}={value}")
    assert message.startswith("--set ") if message else is_plain(document.data, levels=100)
