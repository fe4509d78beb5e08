"""Where features come from: packages and plug-in folders, good ones and broken ones."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from fusion.errors import FusionError
from fusion.extraction.store import Store
from fusion.feature.contract import Feature, SeriesFeature
from fusion.feature.registry import build, load
from fusion.plugins.registry import FEATURES, discover, find
from fusion.settings.reading import read_experiment
from fusion.sound.clip import Clip
from tests.support.notes import names, write_part

OURS = sorted(path.stem for path in (Path(__file__).parents[2] / "features").glob("[!_]*.py"))

PLUGIN = '''"""Loudness."""

import numpy as np
from pydantic import Field

from fusion import Clip
from fusion import Feature


class Level(Feature):
    """Root mean square of the whole clip."""

    version = 3

    gain: float = Field(default=1.0, gt=0, description="factor")

    def shape(self, samples: int, sr: int) -> tuple[int, ...]:
        return (1,)

    def extract(self, clip: Clip) -> np.ndarray:
        return np.array([self.gain * np.sqrt(np.mean(clip.y**2))], dtype=np.float32)
'''
BROKEN = 'import numpy\n\nraise RuntimeError("out of luck")\n'
SPEC = (
    "dataset: {name: nsynth, protocol: course}\nfeatures: {level: {gain: 2.0}}\nmodel: {dense_units: [8]}\nseeds: [1]\n"
)

Fusion = Callable[..., tuple[int, str, str]]


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def package(folder: Path, name: str, points: dict[str, str], **modules: str) -> None:
    """Install a distribution: one package, and metadata that announce its features."""
    write(folder / name, __init__="", **modules)
    metadata = folder / f"{name}-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    lines = "".join(f"{point} = {module}\n" for point, module in points.items())
    (metadata / "entry_points.txt").write_text(f"[fusion.features]\n{lines}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "plugins", level=PLUGIN)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that packages are imported from; afterwards they are forgotten."""
    known = set(sys.modules)
    (tmp_path / "site").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "site")
    yield tmp_path / "site"
    for name in set(sys.modules) - known:
        if str(tmp_path) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


def test_the_features_that_come_with_fusion() -> None:
    assert list(discover(FEATURES)) == OURS


def test_a_plugin_folder_adds_its_files(folder: Path) -> None:
    write(folder, _shared="x = 1", __init__="")
    (folder / "notes.txt").touch()
    sources = discover(FEATURES, [folder])
    assert list(sources) == sorted([*OURS, "level"])
    assert sources["level"].file == folder / "level.py"
    feature = build(sources["level"], '{"gain": 2.0}')
    assert feature.extract(Clip(np.full(100, 0.5), 8000)) == pytest.approx([1.0])


def test_names_that_begin_with_a_dot_are_not_ours(folder: Path, site: Path) -> None:
    (folder / "._level.py").write_bytes(b"\x00\x05\x16\x07")  # macOS keeps a file's attributes so on other disks
    (folder / ".hidden.py").write_text(BROKEN)
    package(site, "dotted_pack", {"._level": "dotted_pack.level", ".hidden": "dotted_pack.level"}, level=PLUGIN)
    assert list(discover(FEATURES, [folder])) == sorted([*OURS, "level"])


def test_one_folder_named_twice_is_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert list(discover(FEATURES, [folder, Path("plugins"), folder / ".." / "plugins"])) == sorted([*OURS, "level"])


def test_nothing_is_imported_before_it_is_used(tmp_path: Path) -> None:
    write(tmp_path / "plugins", noisy="print('imported')")
    code = (
        "import sys\nfrom pathlib import Path\nfrom fusion.plugins.registry import FEATURES, discover\n"
        f"print(len(discover(FEATURES, [Path({str(tmp_path / 'plugins')!r})])))\n"
        "print([name for name in sys.modules if 'fusion_features' in name or name in ('librosa', 'keras')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == [str(len(OURS) + 1), "[]"]


def test_a_package_announces_features(site: Path) -> None:
    package(site, "loudness_pack", {"level": "loudness_pack.level"}, level=PLUGIN)
    source = discover(FEATURES)["level"]
    assert str(source) == "loudness_pack.level (loudness_pack 1.2)"
    assert "loudness_pack" not in sys.modules
    assert load(source).__name__ == "Level"
    assert source.fingerprint == "loudness_pack.level"


@pytest.mark.parametrize(
    ("point", "message"),
    [
        (
            "gone_pack.nowhere",
            r"gone_pack\.nowhere \(gone_pack 1\.2\): the plug-in of feature 'level' cannot be imported",
        ),
        ("gone_pack.broken", "RuntimeError: out of luck"),
        ("gone_pack.empty", "found none"),
    ],
)
def test_a_broken_package_is_an_error_when_used(site: Path, point: str, message: str) -> None:
    package(site, "gone_pack", {"level": point}, broken=BROKEN, empty="")
    source = discover(FEATURES)["level"]
    with pytest.raises(FusionError, match=message):
        load(source)


@pytest.mark.parametrize(
    "line", ["from fusion.clip import Clip", "from fusion.feature import Feature", "import fusion.clip"]
)
def test_a_plugin_that_imports_from_inside_fusion_is_told_where_from(tmp_path: Path, line: str) -> None:
    with pytest.raises(FusionError, match=r"import Feature, SeriesFeature, Clip and frame_count from fusion$"):
        load(discover(FEATURES, [write(tmp_path, level=f"{line}\n{PLUGIN}")])["level"])


def test_a_plugin_that_lacks_another_package_is_not_told_so(tmp_path: Path) -> None:
    with pytest.raises(FusionError, match=r"No module named 'nowhere'$"):
        load(discover(FEATURES, [write(tmp_path, level=f"import nowhere\n{PLUGIN}")])["level"])


def test_a_name_taken_twice_names_both(tmp_path: Path, folder: Path, site: Path) -> None:
    other = write(tmp_path / "other", level=PLUGIN)
    with pytest.raises(FusionError, match=r"'level' is taken twice: by .*/plugins/level\.py and by .*/other/level\.py"):
        discover(FEATURES, [folder, other])
    write(folder, mfcc=PLUGIN)
    with pytest.raises(FusionError, match=r"'mfcc' is taken twice: by fusion_features.mfcc .* and by .*/mfcc.py"):
        discover(FEATURES, [folder])
    package(site, "loudness_pack", {"tonnetz": "loudness_pack.level"}, level=PLUGIN)
    with pytest.raises(FusionError, match=r"'tonnetz' is taken twice: .*loudness_pack\.level.*rename one of them"):
        discover(FEATURES)


@pytest.mark.parametrize("name", ["my-level.py", "2nd.py", "a b.py"])
def test_a_file_name_that_is_no_identifier(folder: Path, name: str) -> None:
    (folder / name).write_text(PLUGIN)
    with pytest.raises(FusionError, match=f"{name}: a plug-in's file name is its feature's name"):
        discover(FEATURES, [folder])


@pytest.mark.parametrize("words", [("features", "--plugins"), ("extract", "spec.yaml", "--plugins")])
def test_a_missing_folder_is_named(fusion: Fusion, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC)
    code, out, err = fusion(*words, tmp_path / "gone")
    assert (code, out) == (2, "")
    assert f"{tmp_path / 'gone'}: no such plug-in folder" in err


TWO = PLUGIN + "\n\nclass Loud(Level):\n    pass\n"
ABSTRACT = PLUGIN.replace("def extract", "def calculate")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TWO, "Level, Loud"),
        ("x = 1\n", "none"),
        ("from fusion_features.mfcc import MFCC\n", "none"),
        (ABSTRACT, "none"),
    ],
    ids=["two", "none", "only imported", "only abstract"],
)
def test_a_plugin_defines_one_feature(tmp_path: Path, text: str, found: str) -> None:
    source = discover(FEATURES, [write(tmp_path, level=text)])["level"]
    with pytest.raises(FusionError, match=rf"level\.py: a plug-in defines one subclass .* found {found}$"):
        load(source)


def test_what_a_plugin_imports_and_its_abstract_bases_do_not_count(tmp_path: Path) -> None:
    text = (
        "from abc import abstractmethod\n"
        "from fusion import SeriesFeature\n"
        "from fusion_features.mfcc import MFCC\n"
        "class Own(SeriesFeature):\n    @abstractmethod\n    def own(self): ...\n"
        "class Slow(MFCC):\n    n_fft: int = 2048\n"
    )
    cls = load(discover(FEATURES, [write(tmp_path, slow=text)])["slow"])
    assert cls.__name__ == "Slow"
    assert cls().shape(16000, 16000) == (32, 20)
    assert not issubclass(cls, SeriesFeature)


def test_annotations_and_dataclasses_of_a_plugin_resolve(tmp_path: Path) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom typing import Literal\n"
    text += '@dataclass\nclass Point:\n    x: int\n\nKind = Literal["rms", "peak"]\n'
    text += PLUGIN.replace("    gain: float", '    kind: Kind = "rms"\n    gain: float')
    assert load(discover(FEATURES, [write(tmp_path, level=text)])["level"])().kind == "rms"


def test_evaluated_annotations_stay_evaluated(tmp_path: Path) -> None:
    text = "def f(x: 1 + 1): ...\nassert f.__annotations__['x'] == 2\n" + PLUGIN
    assert load(discover(FEATURES, [write(tmp_path, level=text)])["level"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BROKEN, r"level\.py, line 3: the plug-in of feature 'level' cannot be imported: RuntimeError: out of luck"),
        ("def (:\n", r"SyntaxError: .*\(level\.py, line 1\)"),
        ("import nowhere_to_be_found\n", "line 1: .*ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("import sys\nsys.exit(0)\n", "line 2: .*SystemExit: 0"),
        (PLUGIN.replace("factor", "\0"), "level.py: .*null bytes"),
    ],
    ids=["raises", "syntax", "import", "exit", "not text"],
)
def test_a_broken_plugin_hides_no_other_and_is_an_error_only_when_used(
    fusion: Fusion, tmp_path: Path, text: str, message: str
) -> None:
    plugins = write(tmp_path / "plugins", level=text, fine=PLUGIN)
    code, out, _ = fusion("features", "--json", "--plugins", plugins)
    entries = {entry["name"]: entry for entry in json.loads(out)}
    assert (code, list(entries)) == (0, sorted([*OURS, "fine", "level"]))
    with pytest.raises(FusionError, match=message):
        raise FusionError(entries.pop("level")["error"])
    assert not any("error" in entry for entry in entries.values())
    (tmp_path / "spec.yaml").write_text(SPEC)
    assert read_experiment(tmp_path / "spec.yaml", features=["fine", "mfcc"], plugins=[plugins]).features["fine"]
    with pytest.raises(FusionError, match=message):
        read_experiment(tmp_path / "spec.yaml", plugins=[plugins])
    code, out, err = fusion("features", "level", "--plugins", plugins)
    assert (code, out) == (2, "")
    with pytest.raises(FusionError, match=message):
        raise FusionError(err.strip())


def test_the_list_shows_what_is_broken(fusion: Fusion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "2000")
    code, out, err = fusion("features", "--plugins", write(tmp_path / "plugins", level=BROKEN))
    lines = {line.split("│")[1].strip(): line for line in out.splitlines() if line.startswith("│")}
    assert (code, err, list(lines)) == (0, "", sorted([*OURS, "level"]))
    assert "broken" in lines["level"]
    assert "RuntimeError: out of luck" in lines["level"]
    assert "(126, 20)" in lines["mfcc"]
    assert "built in" in lines["mfcc"]
    assert "plugins/level.py" in lines["level"]


def test_the_list_as_json(fusion: Fusion) -> None:
    code, out, err = fusion("features", "--json")
    entries = {entry["name"]: entry for entry in json.loads(out)}
    assert (code, err, list(entries)) == (0, "", OURS)
    assert {name: entry.get("shape") or entry["needs"] for name, entry in entries.items()}.items() >= {
        "embedding": ["file"],
        "envelope": [5],
        "harmonics": [116],
        "mfcc": [126, 20],
        "spectral_centroid": [8],
        "spectral_rolloff": [8],
        "tonnetz": [48],
        "zero_crossing_rate": [8],
    }.items()
    assert all(entry["summary"] and entry["origin"] and entry["version"] >= 1 for entry in entries.values())


def test_one_feature_is_shown_whole(fusion: Fusion) -> None:
    code, out, err = fusion("features", "mfcc")
    assert (code, err) == (0, "")
    assert "mfcc, version 1, from fusion_features.mfcc" in out
    assert "https://doi.org/10.1109/TASSP.1980.1163420" in out
    assert "highest frequency, Hz; null: sr / 2" in out
    assert "shape for a 4 s clip at 16 kHz: (126, 20)" in out


def test_one_feature_as_json(fusion: Fusion, folder: Path) -> None:
    code, out, _ = fusion("features", "level", "--json", "--plugins", folder)
    assert code == 0
    assert json.loads(out) == {
        "name": "level",
        "origin": str(folder / "level.py"),
        "version": 3,
        "summary": "Root mean square of the whole clip.",
        "shape": [1],
        "documentation": "Root mean square of the whole clip.",
        "parameters": [{"name": "gain", "default": 1.0, "description": "factor"}],
    }
    defaults = {
        entry["name"]: entry["default"]
        for entry in json.loads(fusion("features", "tonnetz", "--json")[1])["parameters"]
    }
    assert defaults["chroma"] == "stft"
    assert defaults["statistics"] == ["mean", "std", "p10", "median", "p90", "slope", "attack", "change"]


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_an_unknown_name_has_a_near_match(fusion: Fusion, flags: tuple[str, ...]) -> None:
    code, out, err = fusion("features", "mfc", *flags)
    assert (code, out) == (2, "")
    assert err == f"error: mfc: no such feature; did you mean 'mfcc'? (known: {', '.join(OURS)})\n"


def test_a_name_like_no_other_lists_all(folder: Path) -> None:
    with pytest.raises(FusionError, match=r"no such feature \(known: .*level, .*mfcc, .*zero_crossing_rate\)"):
        find(FEATURES, "xyz", discover(FEATURES, [folder]))


def test_parameters_of_a_plugin_are_checked_like_ours(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC.replace("gain: 2.0", "gian: 2.0"))
    with pytest.raises(
        FusionError, match=r"spec\.yaml:2: features\.level\.gian: no such parameter; did you mean 'gain'"
    ):
        read_experiment(tmp_path / "spec.yaml", plugins=[folder])
    with pytest.raises(ValidationError, match="greater than 0"):
        build(discover(FEATURES, [folder])["level"], '{"gain": -1.0}')


def test_a_constructor_that_raises_is_the_plugins_fault(tmp_path: Path) -> None:
    text = PLUGIN.replace("    def shape", "    def model_post_init(self, context):\n        1 / 0\n\n    def shape")
    with pytest.raises(FusionError, match=r"level\.py: feature 'level' cannot be made: ZeroDivisionError"):
        build(discover(FEATURES, [write(tmp_path, level=text)])["level"], "{}")


def identity(folder: Path) -> tuple[Path, dict]:
    """Return where a plug-in's values are stored, and what a result's digest covers."""
    (folder.parent / "spec.yaml").write_text(SPEC)
    experiment = read_experiment(folder.parent / "spec.yaml", plugins=[folder])
    feature, source = experiment.features["level"], experiment.sources["level"]
    return Store(folder / "nsynth", feature, source, 64000, 16000).folder, experiment.identity()


def test_editing_a_plugin_changes_store_and_identity(folder: Path) -> None:
    first, again = identity(folder), identity(folder)
    assert first == again
    write(folder, level=PLUGIN.replace("clip.y**2", "clip.y**4"))
    edited = identity(folder)
    assert edited[0] != first[0]
    assert edited[1] != first[1]
    write(folder, level=PLUGIN)
    assert identity(folder) == first


def test_a_plugins_place_is_no_part_of_its_identity(tmp_path: Path, folder: Path) -> None:
    moved = write(tmp_path / "elsewhere" / "plugins", level=PLUGIN)
    assert identity(moved)[0].name == identity(folder)[0].name
    assert identity(moved)[1] == identity(folder)[1]


def test_an_edited_plugin_is_imported_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path, clip = folder / "level.py", Clip(np.full(10, 0.5), 8000)
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    values = []
    for power in (2, 4, 2):  # texts of one size and one time
        path.write_text(PLUGIN.replace("clip.y**2", f"clip.y**{power}"))
        os.utime(path, ns=times)
        values.append(float(build(discover(FEATURES, [folder])["level"], "{}").extract(clip)[0]))
    assert values == pytest.approx([0.5, 0.25, 0.5])
    assert [file.name for file in folder.iterdir()] == ["level.py"]


def test_workers_build_a_plugin_from_its_file(fusion: Fusion, tmp_path: Path, folder: Path) -> None:
    root = tmp_path / "data"
    for part in ("valid", "test"):
        write_part(root / f"nsynth-{part}", names(["bass", "flute"], [0], range(60, 62)))
    (tmp_path / "spec.yaml").write_text(SPEC + "plugins: [plugins]\n")
    code, out, err = fusion("extract", "spec.yaml", "--data", root, "--jobs", 1)
    assert code == 0, err
    assert "level: 4 clips extracted" in out  # the parts hold the same sounds
    (stored,) = (tmp_path / ".fusion").rglob("level-*/")
    described = json.loads((stored / "feature.json").read_text())
    assert (described["version"], described["parameters"], described["shape"]) == (3, {"gain": 2.0}, [1])
    values = np.concatenate([np.load(file) for file in stored.glob("*.npy")])
    assert values.shape == (4, 1)
    assert (values > 0).all()


def test_every_feature_of_the_registry_is_a_feature() -> None:
    for source in discover(FEATURES).values():
        assert issubclass(load(source), Feature)


def test_a_parameter_without_default_is_shown_as_such(fusion, tmp_path):
    folder = tmp_path / "needy"
    folder.mkdir()
    (folder / "needy.py").write_text(
        "from fusion import Feature\n\n\n"
        "class Needy(Feature):\n"
        '    """Needs a gain."""\n\n'
        "    gain: float\n\n"
        "    def shape(self, samples, sr):\n        return (1,)\n\n"
        "    def extract(self, clip):\n        return clip.y[:1] * self.gain\n"
    )
    code, out, err = fusion("features", "needy", "--plugins", folder)
    assert code == 0, err
    assert "shape for a 4 s clip at 16 kHz: by gain\n" in out
    assert "(must be given)" in out
    code, out, err = fusion("features", "--plugins", folder, "--json")
    assert code == 0, err
    (entry,) = [entry for entry in json.loads(out) if entry["name"] == "needy"]
    assert entry["needs"] == ["gain"]


def test_a_plugins_fingerprint_is_twelve_digits_of_its_text_and_ours_is_its_module(folder: Path) -> None:
    sources = discover(FEATURES, [folder])
    assert sources["level"].fingerprint == hashlib.sha256(PLUGIN.encode()).hexdigest()[:12]
    assert sources["mfcc"].fingerprint == "fusion_features.mfcc"
    assert (str(sources["level"]), sources["level"].package) == (str(folder / "level.py"), "")
