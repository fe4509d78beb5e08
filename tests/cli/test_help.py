"""The help: it begins with a first step, and that of each command ends with an example that the program takes."""

import re
import shlex

import pytest
from typer.main import get_command

from fusion.cli import app
from tests.support.pages import ROOT


def every_command(command, words=()):
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from every_command(below, (*words, name))


COMMANDS = dict(every_command(get_command(app.app)))


def test_the_help_begins_with_a_first_step(fusion):
    code, out, _ = fusion("--help")
    assert code == 0
    first = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines() if line.strip()][1]
    assert first == "First step: fusion run experiments/nsynth_mfcc.yaml --sample"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_of_each_command_ends_with_an_example_that_it_takes(words, fusion):
    assert COMMANDS[words].epilog, 'give it one: @app.command(epilog="Example: fusion ...")'
    example = COMMANDS[words].epilog.removeprefix("Example: ")
    code, out, _ = fusion(*words, "--help")
    assert code == 0
    shown = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", out).split())
    assert shown.endswith(f"Example: {example}")
    typed = shlex.split(example.partition(">")[0])
    named = next(key for key in sorted(COMMANDS, key=len, reverse=True) if tuple(typed[1 : len(key) + 1]) == key)
    assert typed[0] == "fusion"
    assert named[: len(words)] == words
    COMMANDS[named].make_context("fusion", typed[len(named) + 1 :])  # raises for an option that it has not
    for file in re.findall(r"experiments/\w+\.yaml", example):
        assert (ROOT / file).exists()
