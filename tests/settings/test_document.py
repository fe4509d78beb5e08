"""Strict YAML: what is refused, with file and line, and what plain data come out."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusion.errors import FusionError
from fusion.settings.document import MOST_BYTES, MOST_LEVELS, Document, dump, parse, read


def refusal(text: str) -> str:
    with pytest.raises(FusionError) as error:
        parse(text, "x.yaml", {})
    return str(error.value)


def refusal_of_file(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(FusionError) as error:
        read(path)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "place", "key", "first"),
    [
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3", "a", 1),
        ("a:\n  b:\n    c: 1\n    d: 2\n    c: 3\n", "x.yaml:5", "a.b.c", 3),
        ("a:\n  - {b: 1}\n  - {b: 1,\n     b: 2}\n", "x.yaml:4", "a.1.b", 3),
        ('a: 1\n"a": 2\n', "x.yaml:2", "a", 1),
        ("? {a: 1,\n   a: 2}\n: 3\n", "x.yaml:2", "a", 1),
    ],
)
def test_a_duplicate_key_is_named_with_both_lines(text, place, key, first):
    assert refusal(text) == f"{place}: {key}: given twice, first in line {first}"


def test_billion_laughs_are_refused_at_the_first_alias():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(20)]
    assert refusal("\n".join(lines)) == "x.yaml:2: not valid YAML: aliases are not used in experiment files"


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x", "a: &x {b: 1}\nb:\n  <<: *x", "- &x [*x]", "a: *unknown"])
def test_aliases_are_refused(text):
    assert re.match(r"x\.yaml:\d: not valid YAML: aliases are not used", refusal(text))


def test_merge_keys_do_not_merge():
    assert parse("<<: {a: 1}", "x.yaml") == {"<<": {"a": 1}}


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system ['touch {}']",
        "!!python/object/new:os.system ['touch {}']",
        "!!python/object/apply:subprocess.check_output [[touch, '{}']]",
        "!!python/name:os.system",
        "!!python/module:os",
        "!!python/tuple [1, 2]",
        "!!binary aGVsbG8=",
        "!!timestamp 2001-01-01",
        "!!set {{a, b}}",
        "!!set x",
        "!!omap x",
        "!!seq x",
        "!!map x",
        "!!pairs [a: 1]",
        "!!value x",
        "!!merge x",
        "!own 1",
        "!own {{a: 1}}",
        "!own [1]",
        "!<tag:example.org,2024:x> 1",
        "!!int [1]",
        "!!str {{a: 1}}",
    ],
)
def test_tags_that_make_more_than_plain_data_are_refused(value, tmp_path):
    touched = tmp_path / "touched"
    message = refusal(f"a: 1\nb: {value.format(touched)}\n")
    assert re.match(r"x\.yaml:2: tag \S+ is not allowed; write plain", message)
    assert not touched.exists()


@pytest.mark.parametrize("value", ["!!int abc", "!!int 1.5", "!!float x", "!!bool maybe", '"\\ud800"', "!!int ''"])
def test_a_value_that_its_tag_cannot_have_is_refused(value):
    assert re.match(r"x\.yaml:2: .+ is no (int|float|bool|str)$", refusal(f"a: 1\nb: {value}\n"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1e-3", 1e-3), ("1E5", 1e5), ("2.0e-3", 2e-3), (".5", 0.5), ("5.", 5.0), ("-1.5e+2", -150.0), ("+.5", 0.5)],
        *[("007", 7), ("-3", -3), ("+4", 4), ("0", 0), ("1" * 18, int("1" * 18))],
        *[("true", True), ("FALSE", False), ("null", None), ("~", None), ("", None)],
        *[(word, word) for word in ("on", "off", "yes", "no", "y", "n", "On", "OFF", "Yes", "NO", "tRUE", "nULL")],
        *[(word, word) for word in ("0x10", "0o17", "1_000", "12:30:45", "2001-01-01", ".", "-", "e3", "1e", "=")],
        *[(f"'{word}'", word) for word in ("1", "1e-3", "true", "null", "")],
        *[("!!str 5", "5"), ("!!float 1", 1.0)],
    ],
)
def test_scalars_follow_the_core_schema(text, value):
    found = parse(f"a: {text if text != '-' else repr(text)}", "x.yaml")["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("key", "found"),
    [("1", "a whole number"), ("1e3", "a number"), ("null", "None"), ("true", "true/false"), ("[a]", "a list")],
)
def test_keys_are_words(key, found):
    assert refusal(f"a:\n  ? {key}\n  : 1\n") == f"x.yaml:2: keys are words, found {found}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\n\tb: 2\n", 2),
        ("a:\n\t- 1\n", 2),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: 1\n...\n---\nb: 2\n", 3),
        ("a: [1, 2\nb: 3\n", 2),
        ("a: {b: 1\n", 2),
        ("a: 'open\n", 2),
        ("a: b: c\n", 1),
        ("a: 1\n b: 2\n", 2),
        ("a: 1\nb: @x\n", 2),
        ("a: 1\nb: \x07\n", 2),
        ("\x00", 1),
        ("%YAML 3.0\n---\na: 1\n", 1),
    ],
)
def test_what_is_no_yaml_is_named_with_its_line(text, line):
    assert refusal(text).startswith(f"x.yaml:{line}: not valid YAML: ")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", '{"a":['])
@pytest.mark.parametrize("levels", [100, 20_000])
def test_deep_nesting_is_refused_with_its_line(opening, levels):
    assert refusal(opening * levels) == f"x.yaml:1: not valid YAML: nested more than {MOST_LEVELS} levels deep"


def test_experiment_files_may_nest_as_deep_as_they_need():
    text = "{a: " * (MOST_LEVELS - 1) + "1" + "}" * (MOST_LEVELS - 1)
    assert str(parse(text, "x.yaml")).count("a") == MOST_LEVELS - 1


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


# PyYAML writes rare line ends wrongly, and bare what is a word in YAML 1.1 but a number in the core schema
words = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029")).filter(
    lambda text: not re.match(r"[-+.]*[0-9]", text)
)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Equal, types included: 1 is neither 1.0 nor true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@settings(max_examples=150, deadline=None)
@given(data=st.dictionaries(words, plain, max_size=4), flow=st.booleans())
@example(data={"on": "off", "~": None, "a b": "é\n", "x": ["", "yes", "=", "<<"], "y": 1e-300}, flow=False)
def test_dumped_data_are_read_back(data, flow):
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True, sort_keys=False)
    assert same(parse(text, "x.yaml"), data)


def outcome(function: Callable[..., Any], *arguments: Any) -> tuple[Any, str]:
    """Return what a function gives and the message of its error: one of them."""
    try:
        return function(*arguments), ""
    except FusionError as error:
        return None, str(error)


def is_plain(data: Any, levels: int = MOST_LEVELS + 1) -> bool:
    if type(data) is dict:
        return levels > 0 and all(type(key) is str and is_plain(value, levels - 1) for key, value in data.items())
    if type(data) is list:
        return levels > 0 and all(is_plain(value, levels - 1) for value in data)
    return data is None or type(data) in (bool, int, float, str)


_PIECES = [
    *["a", "b", ": ", ":", "- ", "? ", "[", "]", "{", "}", ",", "\n", "\n  ", " ", "\t", "&x ", "*x", "!!int "],
    *["!!bool ", "!!null ", "!!str ", "!!seq ", "!!set ", "!x ", "'", '"', "\\", "|\n", ">-\n", "#", "---\n", "...\n"],
    *["%YAML 1.2\n", "1", ".5", "e9", "true", "~", "<<", "\x00", "\ufeff", "\x85", "\\ud800", "9" * 20],
]
yamlish = st.lists(st.sampled_from(_PIECES), max_size=24).map("".join)


@settings(max_examples=500, deadline=None)
@given(text=yamlish | st.text())
def test_any_text_gives_plain_data_or_one_kind_of_error(text):
    data, message = outcome(parse, text, "x.yaml", {})
    assert re.match(r"x\.yaml:\d+: ", message) if message else is_plain(data)


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


@given(
    st.dictionaries(st.text(min_size=1), st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans())
)
@settings(max_examples=200)
def test_what_is_dumped_is_read_back(data):
    try:
        text = dump(data)
        text.encode()
    except UnicodeEncodeError:
        return  # lone surrogates are no text
    assert parse(text, "dumped") == data


@pytest.mark.parametrize("word", ["1e3", "008", "true", "~", "", "on", "2020-01-01", "1_000"])
def test_words_that_look_like_numbers_stay_words(word):
    assert parse(dump({"word": word}), "dumped") == {"word": word}
