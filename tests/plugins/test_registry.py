"""Every kind of plug-in is found in the same way; what holds for files and packages is tested with features."""

import inspect
from pathlib import Path

import pytest

from fusion.errors import FusionError
from fusion.plugins.importing import load
from fusion.plugins.registry import DATASETS, FEATURES, FUSIONS, discover, find


def write(file: Path, text: str = "def one(): ...\n") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.mark.parametrize("kind", [FEATURES, DATASETS, FUSIONS], ids=lambda kind: kind.noun)
def test_each_kind_has_its_folder_below_the_one_that_is_named(tmp_path, kind):
    for folder, name in (("", "tone"), ("datasets", "choir"), ("fusions", "sum_of_all")):
        write(tmp_path / folder / f"{name}.py")
        write(tmp_path / folder / "_shared.py")
    installed = discover(kind)
    (name,) = discover(kind, [tmp_path]).keys() - installed.keys()
    source = find(kind, name, discover(kind, [tmp_path]))
    assert name == {FEATURES: "tone", DATASETS: "choir", FUSIONS: "sum_of_all"}[kind]
    assert source.file == tmp_path / kind.folder / f"{name}.py"
    assert source.folder == tmp_path
    assert all(other.folder is None for other in installed.values())


def test_messages_say_which_kind_is_meant(tmp_path):
    write(tmp_path / "datasets" / "my choir.py")
    with pytest.raises(FusionError, match=r"my choir\.py: a plug-in's file name is its data set's name"):
        discover(DATASETS, [tmp_path])
    write(tmp_path / "a" / "fusions" / "mean.py")
    write(tmp_path / "b" / "fusions" / "mean.py")
    with pytest.raises(FusionError, match=r"the fusion name 'mean' is taken twice: by .*/a/fusions/mean\.py and by"):
        discover(FUSIONS, [tmp_path / "a", tmp_path / "b"])
    sources = discover(FUSIONS, [tmp_path / "a"])
    with pytest.raises(FusionError, match="no such fusion; did you mean 'mean'"):
        find(FUSIONS, "meen", sources)
    write(tmp_path / "a" / "fusions" / "mean.py", "import nowhere\n")
    with pytest.raises(FusionError, match="line 1: the plug-in of fusion 'mean' cannot be imported"):
        load(sources["mean"], inspect.isfunction, "one function")


def test_one_function_may_be_what_a_plug_in_defines(tmp_path):
    text = "from os.path import join\nLIMIT = 3\n\n\ndef one():\n    return LIMIT\n"
    write(tmp_path / "fusions" / "mean.py", text)
    source = discover(FUSIONS, [tmp_path])["mean"]
    assert load(source, inspect.isfunction, "one function")() == 3
    write(tmp_path / "fusions" / "mean.py", f"{text}\n\ndef two(): ...\n")
    with pytest.raises(FusionError, match=r"mean\.py: a plug-in defines one function, found one, two"):
        load(source, inspect.isfunction, "one function")


def test_what_a_plug_in_prints_is_no_part_of_the_output(tmp_path, capsys):
    write(tmp_path / "fusions" / "loud.py", "print('hello')\n\n\ndef one(): ...\n")
    load(discover(FUSIONS, [tmp_path])["loud"], inspect.isfunction, "one function")
    assert capsys.readouterr() == ("", "hello\n")


def test_what_plug_ins_share_tells_their_numbers_apart(tmp_path):
    write(tmp_path / "planted.py")
    alone = discover(FEATURES, [tmp_path])["planted"].fingerprint
    write(tmp_path / "_shared.py", "FACTOR = 1")
    first = discover(FEATURES, [tmp_path])["planted"].fingerprint
    write(tmp_path / "_shared.py", "FACTOR = 7")
    assert len({alone, first, discover(FEATURES, [tmp_path])["planted"].fingerprint}) == 3


def test_plug_ins_of_a_folder_share_code(tmp_path):
    for folder, factor in (("a", 2), ("b", 3)):
        write(tmp_path / folder / "fusions" / "_shared.py", f"FACTOR = {factor}\n")
        for name in ("one", "two"):
            text = f"from ._shared import FACTOR\n\n\ndef {name}():\n    return FACTOR\n"
            write(tmp_path / folder / "fusions" / f"{name}.py", text)

    def called(folder, name):
        return load(discover(FUSIONS, [tmp_path / folder])[name], inspect.isfunction, "one function")()

    assert [called(folder, name) for folder in ("a", "b") for name in ("one", "two")] == [2, 2, 3, 3]
    write(tmp_path / "a" / "fusions" / "_shared.py", "FACTOR = 7\n")  # within the same second, of the same size
    assert [called("a", "one"), called("b", "one")] == [7, 3]
    assert not list(tmp_path.rglob("__pycache__"))
    write(tmp_path / "a" / "fusions" / "_shared.py", "FACTOR = 1 / 0\n")
    for _ in range(2):  # what failed once is tried again
        with pytest.raises(FusionError, match="'one' cannot be imported: ZeroDivisionError"):
            called("a", "one")
    write(tmp_path / "a" / "fusions" / "_shared.py", "FACTOR = 4\n")
    assert called("a", "one") == 4


def test_a_plug_in_imports_no_other(tmp_path):
    write(tmp_path / "fusions" / "one.py")
    write(tmp_path / "fusions" / "_lib" / "__init__.py", "FACTOR = 2\n")
    write(tmp_path / "fusions" / "_both.py", "FACTOR = 3\n")
    write(tmp_path / "fusions" / "_both" / "__init__.py", "FACTOR = 4\n")

    def loaded(line):
        write(tmp_path / "fusions" / "two.py", f"{line}\n\n\ndef two():\n    return FACTOR\n")
        return load(discover(FUSIONS, [tmp_path])["two"], inspect.isfunction, "one function")

    for line in ("from . import one", "from .one import one"):
        with pytest.raises(FusionError, match=r"'two' cannot be imported: .*names begin with _"):
            loaded(line)
    for line in ("from ._lib import FACTOR", "from ._gone import FACTOR", "from ._both import GONE"):
        with pytest.raises(FusionError, match=r"'two' cannot be imported: ") as error:
            loaded(line)
        assert "names begin" not in str(error.value)
    assert loaded("from ._both import FACTOR")() == 3  # the file, whose text is known


def test_a_second_name_of_the_same_class_is_no_second_plug_in(tmp_path):
    write(tmp_path / "fusions" / "mean.py", "def one():\n    return 1\n\n\nDEFAULT = one\n")
    source = discover(FUSIONS, [tmp_path])["mean"]
    assert load(source, inspect.isfunction, "one function")() == 1


def test_a_shared_text_that_leads_nowhere_breaks_nothing(tmp_path):
    write(tmp_path / "planted.py")
    alone = discover(FEATURES, [tmp_path])["planted"].fingerprint
    (tmp_path / "_gone.py").symlink_to(tmp_path / "nowhere.py")
    assert discover(FEATURES, [tmp_path])["planted"].fingerprint == alone
