import os

import pytest

from fusion.datasets.own_files import own_sounds
from fusion.errors import FusionError


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def found(root, skip=False):
    return [str(path) for path in own_sounds(root, skip)[0]]


def test_all_formats_in_any_case_are_found_and_nothing_else(tmp_path):
    names = ["a/1.wav", "a/2.FLAC", "a/3.ogg", "a/4.Mp3", "a/5.aiff", "a/6.aif"]
    touch(tmp_path, *names, "a/notes.txt", "a/.hidden.wav", ".cache/7.wav", "__MACOSX/a/._1.wav")
    assert found(tmp_path) == names


def test_formats_that_cannot_be_decoded_are_never_passed_over_in_silence(tmp_path):
    touch(tmp_path, "a/1.wav", "a/2.m4a")
    with pytest.raises(FusionError, match=r"1 files are of formats that cannot be decoded(.|\n)*a/2\.m4a"):
        own_sounds(tmp_path, skip=False)
    sounds, left_out = own_sounds(tmp_path, skip=True)
    assert len(sounds) == 1
    assert left_out == ["a/2.m4a"]


def test_links_inside_the_folder_are_followed(tmp_path):
    touch(tmp_path, "a/1.wav")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "c.wav").symlink_to(tmp_path / "a" / "1.wav")
    assert found(tmp_path) == ["a/1.wav", "b/1.wav", "c.wav"]


def test_links_out_of_the_folder_and_in_circles_are_refused(tmp_path):
    touch(tmp_path, "root/a/1.wav", "elsewhere/2.wav")
    (tmp_path / "root" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root" / "a" / "2.wav").symlink_to(tmp_path / "elsewhere" / "2.wav")
    (tmp_path / "root" / "a" / "again").symlink_to(tmp_path / "root")
    with pytest.raises(FusionError, match=r"3 files or links") as error:
        own_sounds(tmp_path / "root", skip=False)
    assert str(error.value).count("out of the folder, to") == 2
    assert "again: a link in a circle" in str(error.value)


def test_a_link_to_itself_is_a_file_that_is_missing(tmp_path):
    touch(tmp_path, "a/1.wav")
    (tmp_path / "a" / "x.wav").symlink_to("x.wav")
    assert found(tmp_path) == ["a/1.wav", "a/x.wav"]


def test_a_root_that_is_a_link_is_as_good(tmp_path):
    touch(tmp_path, "root/a/1.wav")
    (tmp_path / "link").symlink_to(tmp_path / "root")
    assert found(tmp_path / "link") == ["a/1.wav"]


def test_spaces_of_other_kinds_are_spaces(tmp_path):
    touch(tmp_path, "a/3.15\u202fPM.wav")
    touch(tmp_path, "a/take\u30002/x\u00a01.wav")
    assert found(tmp_path) == ["a/3.15\u202fPM.wav", "a/take\u30002/x\u00a01.wav"]


def test_names_that_no_table_can_hold_are_refused(tmp_path):
    touch(tmp_path, "a/1\n.wav")
    with pytest.raises(FusionError, match=r"1\\n\.wav(.|\n)*control character"):
        own_sounds(tmp_path, skip=False)
    touch(tmp_path, "a/" + os.fsdecode(b"\xff.wav"))
    with pytest.raises(FusionError, match="not UTF-8"):
        own_sounds(tmp_path, skip=False)
