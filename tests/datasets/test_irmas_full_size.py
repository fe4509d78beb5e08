"""IRMAS in its full size, made from its grammar: numbers of names, recordings, songs and duplicates as it has them."""

import itertools
import random
import time
import unicodedata

import numpy as np
import pytest

from fusion.datasets.cautions import cautions
from fusion.datasets.duplicates import find_duplicates
from fusion.datasets.irmas import IRMAS
from fusion.datasets.irmas_training import INSTRUMENTS
from fusion.datasets.overview import overview
from fusion.runtime.content_hash import content_hashes

EXCERPTS = dict(zip(INSTRUMENTS, (388, 505, 451, 637, 760, 682, 721, 626, 577, 580, 778), strict=True))
PARTS = {  # folder: clips and songs
    "IRMAS-TestingData-Part1/Part1": (807, 58),
    "IRMAS-TestingData-Part2/IRTestingData-Part2": (1301, 97),
    "IRMAS-TestingData-Part3/Part3": (766, 53),
}
CONFLICTING, ALIKE, REPEATS = 9, 47, 10


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def make(root):
    """Write the layout with files of a few bytes: the reader opens no sound."""
    draw = random.Random(0)
    contents = (b"%d" % number for number in itertools.count())
    genres, drums = ("cou_fol", "cla", "pop_roc", "lat_sou", "jaz_blu"), ("[dru]", "[nod]", "[---]", "", "", "")
    numbers = itertools.count(1)
    excerpts = {label: [] for label in INSTRUMENTS}
    for label, count in EXCERPTS.items():
        while len(excerpts[label]) < count:
            recording, front = next(numbers), f"{draw.randrange(1000):03d}__" if draw.random() < 0.6 else ""
            name = f"{front}[{label}]{draw.choice(drums)}[{draw.choice(genres)}]{recording:04d}"
            for part in range(1, min(3, count - len(excerpts[label])) + 1):
                excerpts[label].append(root / "IRMAS-TrainingData" / label / f"{name}__{part}.wav")
    content = {path: next(contents) for paths in excerpts.values() for path in paths}
    for number in range(CONFLICTING):  # three recordings of gac are three of gel
        content[excerpts["gel"][number]] = content[excerpts["gac"][number]]
    for number in range(ALIKE):  # whole recordings that are there twice
        content[excerpts["voi"][300 + number]] = content[excerpts["voi"][number]]
    for path, content_of in content.items():
        write(path, content_of)
    for part, (count, songs) in PARTS.items():
        sizes = np.full(songs, count // songs) + (np.arange(songs) < count % songs)
        for song, size in enumerate(sizes):
            accent = "Énya Ångström" if song == 0 else "Artist"
            for clip in range(1, size + 1):
                sound = root / part / f"{song:02d} - {accent} - {part[:23]} ({song})-{clip}.wav"
                labels = draw.sample(INSTRUMENTS, draw.choice((1, 1, 2, 2, 3)))
                write(sound, next(contents))
                write(sound.with_suffix(".txt"), "".join(f"{label}\t\n" for label in labels).encode())
    identical(root, draw)
    return root


def identical(root, draw):
    """Make pairs of one song's clips identical, their labels not: all of one song in each part."""
    songs = [sorted((root / part).glob("01 - *.wav")) for part in PARTS]
    for number in range(REPEATS):
        clips = songs[number % 3]
        first, again = clips[2 * (number // 3)], clips[2 * (number // 3) + 1]
        again.write_bytes(first.read_bytes())
        first.with_suffix(".txt").write_text("voi\t\n")
        again.with_suffix(".txt").write_text("gac\t\ngel\t\n")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make(tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def read(root, cache, **settings):
    def hashes(paths):
        return content_hashes(list(paths), cache)

    data = IRMAS(**settings).read_corpus(root, hashes)
    table = data.table.assign(content=hashes(list(data.table["path"])))
    return data, overview(data, find_duplicates(table, None if data.folds is None else data.folds[0]))


def test_every_name_song_and_duplicate_is_counted(root, cache):
    started = time.perf_counter()
    data, report = read(root, cache)
    assert time.perf_counter() - started < 60
    clips, groups = report["clips"], report["groups"]
    assert (clips["train"] + clips["validation"], clips["test"], groups["test"]) == (6705, 2874, 208)
    both = {label: report["classes"]["train"][label] + report["classes"]["validation"][label] for label in INSTRUMENTS}
    assert both == EXCERPTS
    counted = {"pairs": 56, "conflicting": 9, "velocity_twins": None, "repeats": 10}
    assert report["duplicates"] == counted
    assert report["shared_groups"] == {"train": 0, "validation": 0}
    duplicates = [text for text in report["warnings"] if text.startswith("duplicates:")]
    assert duplicates[0].startswith(
        "duplicates: 56 pairs of byte-identical clips, 9 of them with different labels, 0 between"
    )
    assert duplicates[1].startswith("duplicates: 10 pairs of byte-identical test clips within one group, 10 of them")
    assert data.classes == INSTRUMENTS


def test_about_a_tenth_of_every_class_validates(root, cache):
    _, report = read(root, cache)
    for label, count in EXCERPTS.items():
        assert report["classes"]["validation"][label] / count == pytest.approx(0.1, abs=0.01)


@pytest.mark.slow
def test_identical_files_are_never_on_two_sides(root, cache):
    def contents(of):
        return {path.read_bytes() for path in of["path"]}

    data, _ = read(root, cache)
    assert not contents(data.part("train")) & contents(data.part("validation"))
    folded, report = read(root, cache, protocol="cv", folds=5)
    assert report["shared_groups"]["train"] == 0
    for of in folded.each_fold():
        parts = [contents(folded.table.loc[of.clips(split)]) for split in ("train", "validation", "test")]
        assert not any(one & other for one, other in itertools.combinations(parts, 2))


def test_folds_test_every_excerpt_once_in_equal_shares(root, cache):
    data, _ = read(root, cache, protocol="cv", folds=5)
    each_fold = data.each_fold()
    assert sorted(np.concatenate([of.test for of in each_fold])) == list(range(6705))
    for of in each_fold:
        share = data.table.loc[of.test, "labels"].value_counts()
        assert all(share[label] == pytest.approx(count / 5, rel=0.15) for label, count in EXCERPTS.items())
        assert len(of.train) + len(of.validation) + len(of.test) == 6705


def test_folds_of_excerpts_name_what_they_share(root, cache):
    data, report = read(root, cache, protocol="cv", folds=5, grouped=False)
    (warning,) = [text for text in cautions(data) if text.startswith("shared-groups:")]
    assert "recordings" in warning
    assert "songs" not in warning
    assert report["shared_groups"]["train"] > 1500


def test_single_takes_the_clips_with_one_label_alone(root, cache):
    texts = root.glob("IRMAS-TestingData-Part*/*/*.txt")
    alone = sum(len(path.read_text().split()) == 1 for path in texts)
    data, report = read(root, cache, protocol="single")
    assert report["clips"]["test"] == alone
    assert not data.part("test")["labels"].str.contains(";").any()


def test_decomposed_names_give_the_same_table(root, cache, tmp_path):
    before = read(root, cache)[0].table.drop(columns="path")
    moved = 0
    for path in [path for path in root.glob("IRMAS-TestingData-Part*/*/*") if "É" in path.name]:
        path.rename(path.with_name(unicodedata.normalize("NFD", path.name)))
        moved += 1
    assert moved > 50
    assert read(root, cache)[0].table.drop(columns="path").equals(before)
