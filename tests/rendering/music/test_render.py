"""Rendering music in IRMAS's layout: the whole plan without FluidSynth, the sound of small plans with it."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from fusion.datasets.rendered import read_rendered
from fusion.errors import FusionError
from fusion.rendering import fluidsynth as synthesis
from fusion.rendering.encoding import Encoding
from fusion.rendering.fluidsynth import RATE, Synthesizer
from fusion.rendering.fonts import Fonts
from fusion.rendering.music import plan as recordings
from fusion.rendering.music.composer import compose
from fusion.rendering.music.mixdown import (
    APART,
    OVER,
    PieceTask,
    mix,
    perform,
    play_piece,
    reverberate,
    rms,
    room_response,
    sounding,
)
from fusion.rendering.music.options import IrmasOptions
from fusion.rendering.music.plan import (
    EXCERPT_SECONDS,
    GAP,
    SIZES,
    TESTING,
    Excerpt,
    MusicPlan,
    MusicSize,
    plan_recordings,
)
from fusion.rendering.music.players import BACKING, CLASSES, PROGRAMS, choose_players
from fusion.rendering.music.render import IrmasSummary, music_warnings, render_irmas
from fusion.rendering.soundfont import read_soundfont
from tests.support.interrupted import keep_first
from tests.support.soundfonts import FONT, SHARED, TEST, TRAIN, noise, write_font

pytestmark = pytest.mark.long

NAME = re.compile(
    r"^(?:(\d+)__)?\[(\w{3})\](?:\[(dru|nod|---)\])?\[(cou_fol|cla|pop_roc|lat_sou|jaz_blu)\](\d{4})__([123])$"
)
SONG = re.compile(r"^\d\d - [^-]+ - [^-]+-\d+$")
SMALL = MusicSize(3, 1, (2, 3), (5.0, 5.5), Encoding(".flac", {"format": "FLAC", "subtype": "PCM_16"}))


def plan(preset: str, seed: int = 0) -> MusicPlan:
    return plan_recordings(TRAIN, TEST, SIZES[preset], seed)


# the plan


@pytest.fixture(scope="module", params=sorted(SIZES))
def whole(request: pytest.FixtureRequest) -> tuple[str, MusicPlan]:
    return request.param, plan(request.param)


def test_training_names(whole: tuple[str, MusicPlan]) -> None:
    tags: Counter[str | None] = Counter()
    numbers: list[str] = []
    for recording in whole[1].training:
        for part, excerpt in enumerate(recording.excerpts, 1):
            parsed = NAME.match(excerpt.path.name)
            assert parsed
            prefix, label, drums, genre, number, ordinal = parsed.groups()
            assert excerpt.path.parent == Path("IRMAS-TrainingData", label)
            assert (excerpt.labels, genre, number, ordinal) == (
                (label,),
                recording.piece.genre,
                recording.name,
                str(part),
            )
            assert (prefix is None) == (drums is None)  # as in the real data
            assert drums in (None, "---", "dru" if recording.piece.drums else "nod")
            tags[drums] += 1
        numbers.append(recording.name)
    assert len(set(numbers)) == len(numbers)
    assert tags[None] > sum(tags.values()) / 2
    assert min(tags["dru"], tags["nod"]) > tags["---"] > 0


def test_training_counts_and_times(whole: tuple[str, MusicPlan]) -> None:
    preset, planned = whole
    excerpts = Counter(excerpt.labels[0] for recording in planned.training for excerpt in recording.excerpts)
    assert excerpts == dict.fromkeys(CLASSES, 15 if preset == "sample" else 100)
    assert Counter(recording.excerpts[0].labels[0] for recording in planned.training) == dict.fromkeys(
        CLASSES, 6 if preset == "sample" else 40
    )
    for recording in planned.training:
        assert all(excerpt.seconds == EXCERPT_SECONDS for excerpt in recording.excerpts)
        assert all(b.start > a.start + EXCERPT_SECONDS for a, b in pairwise(recording.excerpts))
        assert recording.excerpts[-1].start + EXCERPT_SECONDS <= recording.piece.seconds + 1e-6


def test_songs(whole: tuple[str, MusicPlan]) -> None:
    preset, planned = whole
    excerpts = [excerpt for recording in planned.testing for excerpt in recording.excerpts]
    assert all(SONG.match(excerpt.path.name) and excerpt.labelled for excerpt in excerpts)
    assert {excerpt.path.parent.as_posix() for excerpt in excerpts} == set(TESTING)
    assert len({excerpt.path for excerpt in excerpts}) == len(excerpts)
    assert len({recording.name for recording in planned.testing}) == len(planned.testing)
    low, high = SIZES[preset].seconds
    assert all(low <= excerpt.seconds <= high for excerpt in excerpts)
    lengths = Counter(len(excerpt.labels) for excerpt in excerpts)
    assert lengths[1] >= len(excerpts) / 2
    assert set(lengths) == {1, 2, 3}
    songs: dict[str, set[str]] = defaultdict(set)
    alone: Counter[str] = Counter()
    for recording in planned.testing:
        assert len({excerpt.path.parent for excerpt in recording.excerpts}) == 1
        assert [excerpt.path.name for excerpt in recording.excerpts] == [
            f"{recording.name}-{number}" for number in range(1, len(recording.excerpts) + 1)
        ]
        assert all(b.start >= a.start + a.seconds + GAP - 1e-6 for a, b in pairwise(recording.excerpts))
        for excerpt in recording.excerpts:
            assert len(set(excerpt.labels)) == len(excerpt.labels)
            for label in excerpt.labels:
                songs[label].add(recording.name)
            alone.update(excerpt.labels if len(excerpt.labels) == 1 else ())
    clips = Counter(label for excerpt in excerpts for label in excerpt.labels)
    assert set(alone) == set(CLASSES)
    if preset == "sample":
        assert (len(planned.testing), 44 <= len(excerpts) <= 55) == (22, True)
        assert min(clips.values()) >= 4
        assert min(map(len, songs.values())) >= 2
    else:
        assert (len(planned.testing), len(excerpts) >= 300) == (77, True)
        assert min(map(len, songs.values())) >= 10


@pytest.mark.parametrize("seed", range(3))
def test_predominant_parts_play_in_their_excerpts_and_no_others(seed: int) -> None:
    for recording in plan("sample", seed).testing:
        for excerpt in recording.excerpts:
            for part in recording.piece.parts:
                if part.label is not None:
                    end = excerpt.start + excerpt.seconds
                    played = sum(
                        max(0.0, min(t.start + t.length, end) - max(t.start, excerpt.start)) for t in part.tones
                    )
                    assert (played > 0.5) == (part.label in excerpt.labels)


def test_two_plants(whole: tuple[str, MusicPlan]) -> None:
    names = [tuple(NAME.match(path.name).groups() for path in pair) for pair in whole[1].copies]  # type: ignore[union-attr]
    assert [(source[1], target[1]) for source, target in names] == [("gac", "gac"), ("gac", "gel")]
    assert len({groups[4] for pair in names for groups in pair}) == 4  # recording numbers


def test_the_plan_follows_from_its_seed() -> None:
    assert plan("sample", 3) == plan("sample", 3)
    assert plan("sample", 3).training[0].piece != plan("sample", 4).training[0].piece


def test_warnings_of_a_plan() -> None:
    assert list(music_warnings(Fonts((FONT,), (FONT,), {}), TRAIN, TEST, SHARED, CLASSES)) == [
        "shared-groups: the instruments of cel, cla, gac, vio are the same in train and test, in other pieces",
        "shared-groups: test instruments of cel, sax are training instruments of practice notes from the same fonts, "
        "for want of others",
    ]
    other = type(FONT)(Path("b.sf2"), "b", tuple(preset for preset in FONT.presets if preset.program != 71))
    train, test, shared = choose_players([FONT], [other], 0)
    warnings = list(music_warnings(Fonts((FONT,), (other,), {}), train, test, shared, CLASSES))
    assert re.match(r"shared-groups: a\.sf2 \(train\) and b\.sf2 \(test\) have \d+ samples in common", warnings[0])
    assert warnings[-1] == "missing-class: test has no cla"


# the sound


@pytest.fixture(scope="module")
def fluidr3(fluidsynth: None) -> Path:
    try:
        return synthesis.find_fluidr3()
    except FusionError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a font of noises with all programs and no drums."""
    numbers = sorted({program for table in (PROGRAMS | BACKING).values() for program in table})
    samples = {str(number): noise(number, 2000) for number in numbers}
    presets = {number: [(str(number), 0, 127)] for number in numbers}
    return write_font(tmp_path_factory.mktemp("irmas") / "small.sf2", samples, presets)


@pytest.fixture(scope="module", autouse=True)
def small_preset() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recordings.SIZES, "tiny", SMALL)
        yield


def render(out: Path, font: Path, seed: int = 0, **options: object) -> IrmasSummary:
    return render_irmas(out, IrmasOptions(preset="tiny", train_fonts=(font,), seed=seed), **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def rendered(fluidsynth: None, small: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, IrmasSummary]:
    out = tmp_path_factory.mktemp("irmas") / "out"
    return out, render(out, small, jobs=2)


def decoded(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): sf.read(path)[0].tobytes() for path in sorted(out.rglob("*.flac"))}


def test_layout(rendered: tuple[Path, IrmasSummary]) -> None:
    out, summary = rendered
    training = sorted((out / "IRMAS-TrainingData").rglob("*.flac"))
    assert len(training) == sum(summary.training.values()) == 11 * 8
    assert all(NAME.match(path.stem) and path.parent.name == NAME.match(path.stem)[2] for path in training)  # type: ignore[index]
    assert all(sf.info(path).frames == 3 * RATE for path in training)
    testing = [path for folder in TESTING for path in sorted((out / folder).glob("*.flac"))]
    assert (len(testing), summary.songs) == (summary.clips, 11)
    labels: Counter[str] = Counter()
    for path in testing:
        text = path.with_suffix(".txt").read_bytes()
        assert re.fullmatch(rb"(\w{3}\t\n){1,3}", text)
        labels.update(text.decode().split())
        assert 5 <= sf.info(path).duration <= 5.51
    assert labels == summary.labels
    assert set(labels) == set(CLASSES)
    for path in (*training, *testing):
        information = sf.info(path)
        assert (information.samplerate, information.channels) == (RATE, 2)
    names = {path.relative_to(out).parts[0] for path in out.rglob("*") if path.is_file()}
    assert names == {"IRMAS-TrainingData", *(name.split("/")[0] for name in TESTING), "README.md", "render.json"}
    assert not list(out.rglob("*.tmp-*"))
    assert summary.bytes == sum(path.stat().st_size for path in out.rglob("*") if path.is_file())


def test_nothing_is_silent_or_clipped(rendered: tuple[Path, IrmasSummary]) -> None:
    for name, data in decoded(rendered[0]).items():
        y = np.frombuffer(data)
        assert np.abs(y).max() <= synthesis.CEILING + 1e-3, name
        assert np.sqrt(np.mean(y**2)) > 0.02, name


def test_plants_have_the_same_bytes_and_nothing_else_has(rendered: tuple[Path, IrmasSummary]) -> None:
    same: dict[bytes, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted(rendered[0].rglob("*.flac")):
        parsed = NAME.match(path.stem)
        same[path.read_bytes()].append((parsed[2], parsed[5]) if parsed else ("", path.stem))
    pairs = [files for files in same.values() if len(files) > 1]
    assert sorted(sorted({label for label, _ in files}) for files in pairs) == [["gac"], ["gac", "gel"]]
    assert all(len({number for _, number in files}) == 2 for files in pairs)


def test_readme_and_record(rendered: tuple[Path, IrmasSummary], small: Path) -> None:
    out, summary = rendered
    readme = (out / "README.md").read_text()
    assert "fusion data render irmas --preset tiny --seed 0" in readme
    assert f"| vio | 8 | {summary.labels['vio']} |" in readme
    assert "This is **not** IRMAS" in readme
    record = json.loads((out / "render.json").read_text())
    assert record["warnings"] == list(summary.warnings)
    assert record["fonts"][0]["file"] == small.name
    assert summary.warnings == (
        "shared-groups: the instruments of cel, cla are the same in train and test, in other pieces",
        "shared-groups: test instruments of cel, cla are training instruments of practice notes from the same fonts, "
        "for want of others",
    )
    assert (record["shared"], record["shared_with_notes"]) == (["cel", "cla"], ["cel", "cla"])
    songs = {path.stem.rsplit("-", 1)[0] for path in out.glob("IRMAS-Testing*/**/*.flac")}
    assert set(record["groups"]) == songs
    assert read_rendered(out).groups == record["groups"]
    assert set(record["groups"].values()) <= {
        f"small program {program}" for table in PROGRAMS.values() for program in table
    }


def test_same_with_one_worker_and_after_an_interruption(
    rendered: tuple[Path, IrmasSummary], small: Path, tmp_path: Path
) -> None:
    def interrupt(done: int, of_all: int) -> None:
        if done > 12:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        render(out, small, progress=interrupt)
    before = keep_first(out.rglob("*.flac"), 12)
    (out / "IRMAS-TrainingData" / "cel" / "x.tmp-1.flac").touch()
    calls: list[tuple[int, int]] = []
    summary = render(out, small, progress=lambda *done: calls.append(done))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert calls[-1][0] == calls[-1][1] == len(decoded(out))
    assert decoded(out) == decoded(rendered[0])
    labels = [{str(p.relative_to(o)): p.read_bytes() for p in o.rglob("*.txt")} for o in (out, rendered[0])]
    assert labels[0] == labels[1]
    assert (summary.training, summary.labels) == (rendered[1].training, rendered[1].labels)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_finished_or_another_render_is_refused(rendered: tuple[Path, IrmasSummary], small: Path, seed: int) -> None:
    before = {path: path.stat().st_mtime_ns for path in rendered[0].rglob("*")}
    message = "complete" if seed == 0 else "no interrupted render of this plan"
    with pytest.raises(FusionError, match=message):
        render(rendered[0], small, seed=seed)
    assert {path: path.stat().st_mtime_ns for path in rendered[0].rglob("*")} == before


def test_a_foreign_folder_is_refused(fluidsynth: None, small: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(FusionError, match="not empty, and no interrupted render"):
        render(tmp_path, small)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_font_without_any_class_is_refused(fluidsynth: None, tmp_path: Path) -> None:
    drums = write_font(tmp_path / "drums.sf2", {"a": noise(0)}, {118: [("a", 0, 127)]})
    with pytest.raises(FusionError, match=r"drums\.sf2: no program of IRMAS's classes"):
        render(tmp_path / "out", drums)
    assert not (tmp_path / "out").exists()


def test_an_instrument_that_is_not_heard_is_left_out(fluidsynth: None, tmp_path: Path) -> None:
    samples = {"loud": noise(0), "quiet": noise(1) // 1200}
    programs = {42: [("loud", 0, 127)], 71: [("quiet", 0, 127)], 32: [("loud", 0, 127)]}
    summary = render(tmp_path / "out", write_font(tmp_path / "quiet.sf2", samples, programs))
    assert summary.training == {"cel": 8}
    assert "cla" not in summary.labels
    assert any(re.match(r"silent: \d+ excerpts", warning) for warning in summary.warnings)
    assert not (tmp_path / "out" / "IRMAS-TrainingData" / "cla").exists()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_levels(fluidr3: Path, count: int) -> None:
    """Measured: 3 to 9 dB over the accompaniment where they play, and predominant ones at most 4 dB apart."""
    font = read_soundfont(fluidr3)
    train, _, _ = choose_players([font], [font], 0)
    synthesizer, differences = Synthesizer([fluidr3]), []
    for index in range(8):
        labels = tuple(CLASSES[(index + step * 4) % 11] for step in range(count))
        spans = {
            label: [(1.0, 7.0)] if index % 2 else [(1 + place * 6 / count, 1 + (place + 1) * 6 / count)]
            for place, label in enumerate(labels)
        }
        genre = ("cla", "pop_roc", "jaz_blu", "lat_sou")[index % 4]
        piece = compose(train, spans, genre, 8.0, f"levels {index}")
        response = room_response(str(index))
        stems = [reverberate(perform(synthesizer, part, 8 * RATE), response) for part in piece.parts]
        mixed = mix(piece, stems, Excerpt(Path("x"), 1.0, 6.0, labels, True), str(index))
        assert mixed
        assert np.abs(mixed.y).max() <= synthesis.CEILING + 1e-6
        np.testing.assert_allclose(mixed.y, sum(mixed.leads.values()) + mixed.backing, atol=1e-6)
        levels = []
        for part in piece.parts[:count]:
            where = sounding(part, 8 * RATE)[RATE : 7 * RATE]
            assert where.mean() > 0.1
            levels.append(rms(mixed.leads[str(part.label)], where))
            differences.append(20 * np.log10(levels[-1] / rms(mixed.backing, where)))
        assert 20 * np.log10(max(levels) / min(levels)) <= APART + 0.01
    assert OVER[0] - 0.01 <= min(differences)
    assert max(differences) <= OVER[1] + 0.01
    assert max(differences) - min(differences) > 1.5  # varied


def test_a_part_is_heard_when_and_where_it_is_written(fluidsynth: None, small: Path) -> None:
    font = read_soundfont(small)
    train, _, _ = choose_players([font], [font], 0)
    part = compose(train, {"cel": [(2.0, 4.0)]}, "cla", 6.0, "when").parts[0]
    y = perform(Synthesizer([small]), part, 6 * RATE)
    assert (y.shape, y.dtype) == ((2, 6 * RATE), np.float32)
    assert np.abs(y[:, : 2 * RATE - 64]).max() == 0
    assert np.abs(y[:, round(2.1 * RATE) : 4 * RATE]).max() > 0.01
    assert np.abs(y[:, round(4.3 * RATE) :]).max() < 1e-3
    left, right = rms(y[:1]), rms(y[1:])
    assert left / right == pytest.approx(np.sqrt((1 - part.pan) / (1 + part.pan)), rel=1e-3)
    np.testing.assert_array_equal(perform(Synthesizer([small]), part, 6 * RATE), y)


def test_an_excerpt_at_the_very_end_is_whole(fluidsynth: None, small: Path, tmp_path: Path) -> None:
    """Start and length round up, their sum need not: both are 0.51 samples past a whole number."""
    font = read_soundfont(small)
    train, _, _ = choose_players([font], [font], 0)
    start, seconds = 44_100.51 / RATE, 132_300.51 / RATE
    piece = compose(train, {"cel": [(0.0, start + seconds)]}, "cla", start + seconds, "end")
    excerpt = Excerpt(tmp_path / "x", start, seconds, ("cel",), False)
    assert play_piece(PieceTask((small,), "end", piece, (excerpt,), SMALL.encoding)) == ["written"]
    assert sf.info(tmp_path / "x.flac").frames == 132_301
    assert play_piece(PieceTask((small,), "end", piece, (excerpt,), SMALL.encoding)) == ["kept"]


@pytest.mark.slow
def test_the_sample_is_small(fluidr3: Path, tmp_path: Path) -> None:
    summary = render_irmas(tmp_path / "out", IrmasOptions(preset="sample"))
    assert summary.bytes <= 11.5e6
    assert (tmp_path / "out" / "LICENSE-FluidR3.txt").is_file()
