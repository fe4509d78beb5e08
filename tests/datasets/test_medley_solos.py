"""Medley-solos-DB's layout, split and groups, and what may be wrong with its folder."""

import hashlib
import io
import tarfile
from dataclasses import replace

import pytest
import soundfile

from fusion.datasets.cautions import cautions
from fusion.datasets.medley_solos import INSTRUMENTS, MedleySolos
from fusion.download import get
from fusion.errors import FusionError
from fusion.extraction.windows import cut_windows
from tests.support.medley_solos import METADATA, make
from tests.support.serving import serving


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    return make(tmp_path_factory.mktemp("official"))


@pytest.fixture
def root(official, tmp_path):
    """A copy whose metadata may be changed and whose files may be renamed: links to the sound."""
    (tmp_path / "audio").mkdir()
    for path in (official / "audio").iterdir():
        (tmp_path / "audio" / path.name).symlink_to(path)
    (tmp_path / METADATA).parent.mkdir()
    (tmp_path / METADATA).write_text((official / METADATA).read_text())
    return tmp_path


def read(root, **settings):
    return MedleySolos(**settings).read_corpus(root, lambda paths: [""] * len(paths))


def test_the_official_split_is_kept_and_songs_are_groups(official):
    data = read(official)
    assert data.classes == tuple(sorted(INSTRUMENTS))
    assert {split: len(data.part(split)) for split in data.splits} == {"train": 48, "validation": 16, "test": 32}
    assert [data.part(split)["group"].nunique() for split in data.splits] == [24, 8, 16]
    assert data.group_noun == "songs"
    assert not [note for note in cautions(data) if note.startswith(("shared-groups:", "no-groups:", "damaged:"))]


def test_a_clip_is_one_window(official):
    table = read(official).table.assign(content="x")
    assert len(cut_windows(table, MedleySolos()).windows) == len(table) == 96


def test_folds_are_of_the_songs_of_all_subsets(official):
    data = read(official, protocol="cv", folds=3)
    assert data.each_fold()[0].test.size == 32
    assert not set(data.groups[data.each_fold()[0].test]) & set(data.groups[data.each_fold()[0].train])


def test_some_instruments_alone(official):
    assert read(official, classes=("violin", "flute")).classes == ("flute", "violin")


def test_flac_is_taken_for_wav(root):
    path = next((root / "audio").iterdir())
    y, sr = soundfile.read(path)
    path.unlink()
    soundfile.write(path.with_suffix(".flac"), y, sr)
    assert len(read(root).table) == 96


def test_the_test_alone_may_be_another_data_set(official):
    assert len(MedleySolos().read_split(official, "test", lambda paths: []).table) == 32
    assert len(MedleySolos().read_split(official, "validation", lambda paths: []).table) == 16


def test_all_that_is_wrong_is_in_one_message(root):
    paths = sorted((root / "audio").iterdir())
    paths[0].unlink()  # of the test
    paths[1].rename(root / "audio" / "stranger.wav")
    lines = (root / METADATA).read_text().splitlines()
    lines[1] = lines[1].replace(",0,", ",3,", 1)
    lines[3] = lines[3].replace("clarinet", "oboe")
    lines[5] = lines[5].replace(",0,2,", ",0,two,")
    (root / METADATA).write_text("\n".join(lines))
    with pytest.raises(FusionError) as error:
        read(root)
    for text in (
        f"has no audio file {paths[0]}",
        f"has no audio file {paths[1]}",
        "audio/stranger.wav: is not in the metadata",
        "line 2: instrument_id '3' is not that of instrument 'clarinet'",
        "line 4: instrument_id '0' is not that of instrument 'oboe'",
        "line 6: song_id: should be a number, found 'two'",
    ):
        assert text in str(error.value)


def test_clips_without_sound_are_left_out_if_asked(root):
    next((root / "audio").iterdir()).unlink()
    with pytest.raises(FusionError, match="1 clips are named in the metadata but have no audio file"):
        read(root)
    assert "damaged: 1 clips left out (no audio file)" in cautions(read(root, skip_damaged=True))


@pytest.mark.parametrize(
    ("text", "message"), [("a,b\n1,2\n", "has no column subset, instrument"), ("", "cannot be read as a table")]
)
def test_metadata_that_are_none_are_a_message(root, text, message):
    (root / METADATA).write_text(text)
    with pytest.raises(FusionError, match=message):
        read(root)


def test_a_folder_without_it_says_how_to_get_it(tmp_path):
    with pytest.raises(
        FusionError, match=r"no annotation/.*csv, audio\); fetch it with `fusion data get medley_solos`"
    ):
        read(tmp_path)


def test_it_is_fetched_into_this_layout(official, tmp_path, monkeypatch):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in (official / "audio").iterdir():
            archive.add(path, path.name)
    contents = [(official / METADATA).read_bytes(), packed.getvalue()]
    monkeypatch.setenv("NO_PROXY", "*")
    with serving() as place:
        small = []
        for archive, content in zip(MedleySolos.archives, contents, strict=True):
            place.files[f"/{archive.file}"] = content
            md5, size, audio = hashlib.md5(content).hexdigest(), len(content), 96 if archive.audio else 0
            small.append(replace(archive, md5=md5, size=size, unpacked=3 * size, audio=audio))
        monkeypatch.setattr(MedleySolos, "base_url", place.url)
        monkeypatch.setattr(MedleySolos, "archives", tuple(small))
        get.get("medley_solos", MedleySolos, (), tmp_path / "set", confirm=lambda plan: True)
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["annotation", "audio"]
    assert MedleySolos.uses(tmp_path / "set") == {}
    assert list(read(tmp_path / "set").table["id"]) == list(read(official).table["id"])
