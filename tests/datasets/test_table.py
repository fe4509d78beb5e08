import importlib.util
import re
import unicodedata

import pandas as pd
import pytest

from fusion.datasets.cautions import cautions, overlapping_parts
from fusion.datasets.corpus import fingerprint
from fusion.datasets.duplicates import find_duplicates
from fusion.datasets.table import Table
from fusion.errors import FusionError
from fusion.extraction.windows import cut_windows
from tests.support.irmas import CLASSES
from tests.support.own_sounds import make_given_table, make_table


@pytest.fixture
def root(tmp_path):
    return make_table(tmp_path / "sounds")


@pytest.fixture
def given(tmp_path):
    return make_given_table(tmp_path / "given")


GIVEN = {"file": "clips.tsv", "protocol": "given", "several": True}


def read(root, **settings):
    return Table(**settings).read_corpus(root, lambda paths: [])


def rows(root, *lines, header="path,label,group", file="manifest.csv"):
    """Add rows to a table, or write another one with these alone."""
    path = root / file
    before = path.read_text() if path.exists() else f"{header}\n"
    path.write_text(before + "\n".join(lines) + "\n")


def test_holdout_tests_whole_groups_of_every_class(root):
    data = read(root)
    assert data.classes == CLASSES
    parts = [data.part(split) for split in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [24, 6, 6]
    assert not set(parts[2]["group"]) & (set(parts[0]["group"]) | set(parts[1]["group"]))
    assert not any(note.startswith("no-groups:") for note in cautions(data))


def test_folds_keep_groups_whole(root):
    data = read(root, protocol="cv", folds=3)
    groups = data.table["group"].to_numpy()
    assert all(not set(groups[fold.test]) & set(groups[fold.train]) for fold in data.each_fold())


def test_test_clips_may_have_several_labels(given):
    data = read(given, **GIVEN)
    assert data.several
    assert set(data.part("test")["labels"]) == {"gac;voi", "gac;gel", "gel;voi"}
    assert set(data.part("train")["labels"]) == set(CLASSES)
    assert set(data.table["duration"]) == {1.0}


def test_training_clips_with_several_labels_are_refused(given):
    text = (given / "clips.tsv").read_text()
    (given / "clips.tsv").write_text(text.replace("\tgac\t", "\tgac;gel\t"))
    with pytest.raises(FusionError, match=r"8 training or validation clips have several labels(.|\n)*gac/gac0/0\.wav"):
        read(given, **GIVEN)
    with pytest.raises(FusionError, match=r"dataset\.several: true"):
        read(given, file="clips.tsv", protocol="given")


def test_a_split_column_and_a_protocol_have_to_fit(root, given):
    with pytest.raises(FusionError, match=r"no splits are given \(by a column split(.|\n)*holdout or cv"):
        read(root, protocol="given")
    text = (given / "clips.tsv").read_text().replace(";", "")
    (given / "clips.tsv").write_text(text)
    with pytest.raises(FusionError, match=r"splits are given \(by a column split, .*\); set dataset\.protocol: given"):
        read(given, file="clips.tsv")
    assert read(given, file="clips.tsv", columns={"split": None}).part("validation").size


def test_columns_may_have_other_names(root):
    path = root / "manifest.csv"
    path.write_text(path.read_text().replace("path,label,group", "song, file name ,instrument").replace("song,", "", 1))
    path.write_text("file name,instrument,song\n" + path.read_text().split("\n", 1)[1])
    names = {"path": "file name", "label": "instrument", "group": "song"}
    assert read(root, columns=names).table["group"].nunique() == 18
    with pytest.raises(FusionError, match=r"the column songs is not there \(did you mean song\?\)|column songs is not"):
        read(root, columns={**names, "group": "songs"})
    with pytest.raises(FusionError, match=r"the column path is not there(.|\n)*found: file name, instrument, song"):
        read(root)


def test_without_a_group_each_file_is_one_and_a_warning_is_loud(root):
    data = read(root, columns={"group": None})
    assert data.table["group"].nunique() == 36
    assert any(note.startswith("no-groups: there is no column group") for note in cautions(data))


def test_every_bad_row_is_named_with_its_line_all_at_once(root):
    (root.parent / "outside.wav").write_bytes((root / "gac/gac0/0.wav").read_bytes())
    (root / "link.wav").symlink_to(root.parent / "outside.wav")
    rows(
        root,
        ",gac,x",
        "gac/gac0,gac,x",
        "gac/gac0/0.wav,voi,x",
        "../outside.wav,gac,x",
        "link.wav,gac,x",
        f"{root.parent}/outside.wav,gac,x",
        "gac/gac0/1.wav,,x",
        "gac/gac1/1.wav,gac;gel,",
        '"gac/gac2/\n0.wav",gac,x',
    )
    with pytest.raises(FusionError) as error:
        read(root)
    for reason in (
        "line 38: path: should name a file",
        "line 39: path: gac/gac0 is a folder",
        "line 2: gac/gac0/0.wav is there 2 times",
        "line 40: gac/gac0/0.wav is there 2 times",
        "line 41: path: ../outside.wav lies outside",
        "line 42: path: link.wav lies outside",
        f"line 43: path: {root.parent}/outside.wav lies outside",
        "line 44: its label should be a class",
        "line 45: its labels gac;gel are several",
        "line 45: group: empty",
        "line 47: path: should name a file",
    ):
        assert reason in str(error.value)


def test_files_that_are_not_there_are_listed_or_left_out(root):
    rows(root, "gac/none.wav,gac,x")
    with pytest.raises(FusionError, match=r"1 clips are named(.|\n)*line 38: .*gac/none\.wav"):
        read(root)
    assert "damaged: 1 clips left out (no audio file)" in cautions(read(root, skip_damaged=True))


def test_absolute_paths_inside_the_folder_are_taken(root):
    text = (root / "manifest.csv").read_text().replace("gac/gac0/0.wav", str(root / "gac/gac0/0.wav"))
    before = read(root).table
    (root / "manifest.csv").write_text(text)
    assert list(read(root).table["id"]) == list(before["id"])


def test_parts_of_a_file_are_clips_of_their_own_and_no_copies(root):
    files = sorted(path.relative_to(root) for path in root.glob("*/*/*.wav"))
    lines = [f"{path},{path.parts[0]},{start},0.5" for path in files for start in ("0", "0.5")]
    rows(root, *lines, header="path,label,start,duration", file="parts.csv")
    data = read(root, file="parts.csv", window=0.25, hop=0.25)
    assert len(data.table) == 72
    assert "gac/gac0/0.wav from 0.5 s" in set(data.table["id"])
    assert data.table["group"].nunique() == 36
    table = data.table.assign(content=[str(path) for path in data.table["path"]])
    assert find_duplicates(table).pairs == 0
    windows = cut_windows(table, Table(window=0.25, hop=0.25))
    assert sorted({window.start for window in windows.windows}) == [0.0, 0.25, 0.5, 0.75]
    assert len(set(windows.keys)) == len(windows.keys) == 144


@pytest.mark.parametrize(("column", "text"), [("start", "-1"), ("start", "x"), ("duration", "nan"), ("duration", "0")])
def test_times_that_are_none_are_named(root, column, text):
    rows(root, f"gac/gac0/0.wav,gac,{text}", header=f"path,label,{column}", file="times.csv")
    with pytest.raises(FusionError, match=f"line 2: {column}: should be"):
        read(root, file="times.csv")


@pytest.mark.parametrize(
    ("header", "column", "said"),
    [
        ("path,label,start,end", "end", "duration"),
        ("path,label,start,Offset", "Offset", "duration"),
        ("path,label,onset,duration", "onset", "start"),
        ("path,label,offset,duration", "offset", "start"),  # as librosa has it
        ("path,label,Begin Time (s),duration", "Begin Time (s)", "start"),
        ("path,label,onset_s,duration", "onset_s", "start"),
        ("path,label,start,tmax", "tmax", "duration"),
    ],
)
def test_a_column_of_times_that_is_not_read_is_named(root, header, column, said):
    rows(root, "gac/gac0/0.wav,gac,0.0,0.5", header=header, file="times.csv")
    with pytest.raises(
        FusionError, match=rf"a column {re.escape(column)}, and none that says .*: give {said}, in seconds"
    ):
        read(root, file="times.csv")
    assert len(Table(file="times.csv", columns={said: None}).read(root)) == 1
    (root / "times.csv").unlink()
    rows(root, "gac/gac0/0.wav,gac,0.0,0.5,0.5", header="path,label,start,duration,end", file="times.csv")
    assert len(Table(file="times.csv").read(root)) == 1


def test_a_table_with_semicolons_is_told_from_one_without_columns(root):
    rows(root, "gac/gac0/0.wav;gac", header="path;label", file="excel.csv")
    with pytest.raises(FusionError, match="a semicolon stands between them"):
        read(root, file="excel.csv")


def test_labels_groups_and_paths_are_the_same_in_both_forms_of_unicode(root):
    (root / "gac").rename(root / unicodedata.normalize("NFD", "fl\u00fbte"))
    text = (root / "manifest.csv").read_text().replace("gac/", "fl\u00fbte/").splitlines()
    lines = [
        unicodedata.normalize("NFD" if number % 2 else "NFC", line.replace(",gac,", ",fl\u00fbte,"))
        for number, line in enumerate(text)
    ]
    (root / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    data = read(root)
    assert len(data.classes) == len(CLASSES)
    assert "fl\u00fbte" in data.classes
    assert all(path.is_file() for path in data.table["path"])


@pytest.mark.skipif(not importlib.util.find_spec("pyarrow"), reason="no pyarrow")
def test_lists_in_a_parquet_table_are_refused(root):
    paths = [str(path.relative_to(root)) for path in sorted(root.glob("gac/*/*.wav"))]
    pd.DataFrame({"path": paths, "label": [["gac"]] * len(paths)}).to_parquet(root / "lists.parquet")
    with pytest.raises(FusionError, match="the column label holds lists"):
        read(root, file="lists.parquet")


def test_parts_of_a_file_that_overlap_are_told(root):
    lines = [f"{line},0,0.5" for line in (root / "manifest.csv").read_text().splitlines()[1:]]
    lines += ["gac/gac0/0.wav,gel,x,0.4,0.5", "gac/gac0/0.wav,gac,gac0,0.43,0.5"]
    lines += ["gel/gel0/0.wav,gac,y,0.5,0.4"]  # this one does not
    rows(root, *lines, file="p.csv", header="path,label,group,start,duration")
    assert overlapping_parts(read(root)) == []
    data = read(root, file="p.csv")
    (said,) = overlapping_parts(data)
    assert said.startswith("duplicates: 3 pairs of clips overlap in their file, 2 of them with different labels, ")
    assert said in cautions(data)


def test_splits_have_usual_names_and_other_ones_are_named(given):
    path, before = given / "clips.tsv", read(given, **GIVEN).table
    path.write_text(path.read_text().replace("\ttrain\t", "\ttraining\t"))
    assert read(given, **GIVEN).table.equals(before)
    path.write_text(path.read_text().replace("\ttraining\t", "\tlearn\t"))
    with pytest.raises(FusionError, match=r"split: should be one of train, validation, test, .*found .learn."):
        read(given, **GIVEN)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("path,label\n", "there is no clip"),
        (
            "path,label\na.wav,gac,more\nb.wav\n",
            r"2 rows are not as long(.|\n)*line 2: 3 values, not 2(.|\n)*line 3: 1",
        ),
        ("path,label,label\n", "the column label is there twice"),
        ("path;label\na.wav;gac\n", "the column path is not there"),
        ('path,label\n"a.wav,gac\n', "cannot be read"),
        (b"path,label\n\xff.wav,gac\n", "UTF-8"),
    ],
)
def test_a_table_that_is_none_is_a_message(root, text, message):
    (root / "own.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FusionError, match=message):
        read(root, file="own.csv")


@pytest.mark.parametrize(
    ("file", "message"), [("none.csv", "--data DIR"), ("../x.csv", "outside"), ("x.txt", "should end")]
)
def test_a_file_that_is_no_table_is_a_message(root, file, message):
    if file != "none.csv":
        (root / file).write_text("path,label\n")
    with pytest.raises(FusionError, match=message):
        read(root, file=file)


def test_a_table_of_an_editor_with_a_byte_order_mark_and_other_line_ends_is_read(root):
    text = (root / "manifest.csv").read_text()
    (root / "manifest.csv").write_bytes(("\ufeff" + text.replace("\n", "\r\n")).encode())
    assert len(read(root).table) == 36


def test_parquet_is_read_or_says_what_to_install(root):
    table = pd.read_csv(root / "manifest.csv")
    if importlib.util.find_spec("pyarrow"):
        table.to_parquet(root / "clips.parquet")
        assert len(read(root, file="clips.parquet").table) == 36
    else:
        (root / "clips.parquet").write_bytes(b"PAR1")
        with pytest.raises(FusionError, match="pip install pyarrow"):
            read(root, file="clips.parquet")


def test_another_table_is_a_test(root, given):
    assert len(Table().read_split(root, "test", lambda paths: []).table) == 36
    assert len(Table(**GIVEN).read_split(given, "test", lambda paths: []).table) == 12
    with pytest.raises(FusionError, match="no train clip"):
        Table().read_split(root, "train", lambda paths: [])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"several": True}, "several is for protocol: given"),
        ({"threshold": 0.5}, "threshold is for several: true"),
        ({"protocol": "given", "several": True, "threshold": 2.0}, "between 0 and 1"),
        ({"columns": {"label": None}}, "cannot be null"),
        ({"columns": {"loudness": "w"}}, "path"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Table(**settings)


def test_weights_come_with_their_clips_and_count_in_the_datas_fingerprint(root):
    table = pd.read_csv(root / "manifest.csv", dtype=str)
    weights = [f"{0.5 + number}" for number in range(len(table) - 1)] + [""]  # none: as every other clip
    table.assign(weight=weights).to_csv(root / "weights.csv", index=False)
    plain, weighed = read(root), read(root, file="weights.csv")
    assert "weight" not in plain.table
    by_path = {str(root / path): float(weight or 1) for path, weight in zip(table["path"], weights, strict=True)}
    assert [by_path[str(path)] for path in weighed.table["path"]] == list(weighed.table["weight"])
    prints = [fingerprint(each.table.assign(content="x")) for each in (plain, weighed)]
    assert len(set(prints)) == 2


@pytest.mark.parametrize("text", ["-1", "0", "0.0", "nan", "inf", "heavy"])
def test_weights_that_are_none_are_named(root, text):
    rows(root, f"gac/gac0/0.wav,gac,{text}", header="path,label,weight", file="weights.csv")
    with pytest.raises(FusionError, match="line 2: weight: should be"):
        read(root, file="weights.csv")


def test_a_comma_before_decimals_is_named_and_splits_have_any_case(root):
    rows(root, 'gac/gac0/0.wav,gac,"0,5",Train', header="path,label,start,split", file="excel.csv")
    with pytest.raises(FusionError, match=r"line 2: start: should be seconds .*'0,5'; write a point before decimals"):
        read(root, file="excel.csv")
    with pytest.raises(FusionError) as error:
        read(root, file="excel.csv", columns={"start": None})
    assert "split: should be" not in str(error.value)


@pytest.mark.parametrize("column", ["grup", "splits", "weigth", "SPLIT", "GROUP", "START", "start_seconds", "dur"])
def test_a_column_that_is_nearly_known_is_named(root, column):
    """Passed over in silence, it would give other groups, splits or weights than meant."""
    rows(root, "gac/gac0/0.wav,gac,x", header=f"path,label,{column}", file="near.csv")
    with pytest.raises(FusionError, match=f"the column '{column}' is not known; did you mean"):
        read(root, file="near.csv")


def test_columns_of_other_things_are_passed_over(root):
    table = pd.read_csv(root / "manifest.csv", dtype=str).assign(comment="x", year="2020", groups="y")
    table.to_csv(root / "more.csv", index=False)
    assert len(read(root, file="more.csv").table) == len(table)
    table = table[["path", "label"]].assign(pitch="60", location="here", rate="44100")
    table.to_csv(root / "notes.csv", index=False)
    assert len(read(root, file="notes.csv").table) == len(table)


def test_thirty_bad_rows_are_all_named(root):
    rows(root, *["absent.wav,,x"] * 30)
    with pytest.raises(FusionError) as error:
        read(root)
    assert str(error.value).count(": its label should be a class") == 30
