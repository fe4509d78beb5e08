"""Strict YAML: what is refused, with file and line, and what plain data come out."""

import re
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusion.errors import FusionError
from fusion.settings.strict_yaml import MOST_LEVELS, dump, parse
from tests.support.yaml_texts import is_plain, outcome, yamlish


def refusal(text: str) -> str:
    with pytest.raises(FusionError) as error:
        parse(text, "x.yaml", {})
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
    text = "{a: " * MOST_LEVELS + "1" + "}" * MOST_LEVELS
    assert str(parse(text, "x.yaml")).count("a") == MOST_LEVELS
    assert refusal(f"{{a: {text}}}").endswith("nested more than 30 levels deep")
    assert MOST_LEVELS == 30  # what files of others were written for


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


@settings(max_examples=500, deadline=None)
@given(text=yamlish | st.text())
def test_any_text_gives_plain_data_or_one_kind_of_error(text):
    data, message = outcome(parse, text, "x.yaml", {})
    assert re.match(r"x\.yaml:\d+: ", message) if message else is_plain(data)


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
