"""Input that chance has damaged, for one reader after the other; run as a program: ``KIND COUNT SEED FOLDER``.

A reader may refuse an input by a message, or read it. Anything else is a failure, and so are 20 seconds, a gigabyte, or
a file that is written outside the folder that was named.
"""

from __future__ import annotations

import io
import json
import random
import resource
import shutil
import signal
import struct
import sys
import tarfile
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

Chance = random.Random
Try = Callable[[], object]
Kind = Callable[[Path, Chance], Iterator[Try]]

WORDS = (
    *(
        b"",
        b"null",
        b"nan",
        b"inf",
        b"-1",
        b"0",
        b"1e999",
        b"99999999999999999999",
        b"[]",
        b"{}",
        b"[",
        b"}",
        b":",
        b"\n",
    ),
    *(b"../", b"/etc/passwd", b"\x1b[2J", b"\xff\xfe", b"\x00", b"=cmd()", b"true", b'"', b",", b";", b"\xe2\x80\xae"),
    *(b"!!python/object/apply:os.system [x]", b"&a", b"*a", b"<<: ", b"- ", b"\t", b"#", b"A" * 3000, b"[" * 500),
)
NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def damaged(data: bytes, chance: Chance) -> bytes:
    """Return some bytes with one to six changes of chance."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed) + 1)
        if chance.random() < 0.4:  # headers decide most
            at = min(at, chance.randrange(200))
        upto = at + chance.choice((1, 2, 4, 16, 200))
        what = chance.randrange(8)
        if what == 0 and at < len(changed):
            changed[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            changed[at:upto] = b""
        elif what == 2:
            changed[at:at] = changed[at:upto]
        elif what == 3:
            changed[at : at + 4] = struct.pack(chance.choice("<>") + "I", chance.choice(NUMBERS))
        elif what == 4:
            del changed[at:]
        elif what == 5:
            changed[at:upto] = chance.randbytes(upto - at)
        else:
            word = chance.choice(WORDS)
            changed[at : at if what == 6 else upto] = word
    return bytes(changed)


def yaml(folder: Path, chance: Chance) -> Iterator[Try]:
    from fusion.settings.arms import is_study, read_study
    from fusion.settings.reading import read_experiment

    root = Path(__file__).parents[2]
    texts = [path.read_bytes() for path in sorted(root.glob("experiments/*.yaml"))]
    path = folder / "x.yaml"

    def read() -> object:
        return read_study(path) if is_study(path) else read_experiment(path, searching=True, ablating=True)

    while True:
        path.write_bytes(damaged(chance.choice(texts), chance))
        yield read


def examples(folder: Path, chance: Chance) -> Iterator[Try]:
    from fusion.datasets.nsynth import NSynth
    from tests.support.notes import names, write_part

    for split, numbers, first in (("train", [0, 2, 3], 40), ("valid", [1], 40), ("test", [1], 44)):
        write_part(folder / f"nsynth-{split}", names(["bass", "reed"], numbers, range(first, first + 4)))
    paths = sorted(folder.glob("*/examples.json"))
    whole = {path: path.read_bytes() for path in paths}
    while True:
        for path in paths:
            path.write_bytes(whole[path])
        path = chance.choice(paths)
        path.write_bytes(damaged(whole[path], chance))
        yield lambda: NSynth().read_corpus(folder, lambda files: [str(file) for file in files])


def table(folder: Path, chance: Chance) -> Iterator[Try]:
    from fusion.datasets.table import Table
    from tests.support.own_sounds import make_given_table, make_table

    make_table(folder / "own")
    make_given_table(folder / "given")
    choices = [
        (folder / "own" / "manifest.csv", Table()),
        (folder / "given" / "clips.tsv", Table(file="clips.tsv", protocol="given", several=True)),
    ]
    whole = {path: path.read_bytes() for path, _ in choices}
    while True:
        path, dataset = chance.choice(choices)
        path.write_bytes(damaged(whole[path], chance))
        yield lambda path=path, dataset=dataset: dataset.read_corpus(path.parent, lambda files: [])


def irmas(folder: Path, chance: Chance) -> Iterator[Try]:
    from fusion.datasets.irmas import IRMAS
    from tests.support.irmas import make

    root = make(folder / "irmas", recordings=3, songs=2)
    sounds, texts = (sorted(root.rglob(f"*{suffix}")) for suffix in (".wav", ".txt"))
    hasher = lambda files: [str(file) for file in files]  # noqa: E731
    while True:
        path = chance.choice([*sounds, *texts])
        content = path.read_bytes()
        if path.suffix == ".txt" and chance.random() < 0.6:
            path.write_bytes(damaged(content, chance))
            yield lambda: IRMAS().read_corpus(root, hasher)
            path.write_bytes(content)
            continue
        name = damaged(path.name.encode(), chance).replace(b"/", b"_").replace(b"\0", b"_")[:200]
        other = Path(str(path.parent)) / (name.decode("utf-8", "surrogateescape") or "x")
        if other.name in (".", "..") or other.exists():
            continue
        path.rename(other)
        protocol = chance.choice(("official", "cv", "single"))
        yield lambda protocol=protocol: IRMAS(protocol=protocol).read_corpus(root, hasher)
        other.rename(path)


FORMATS = (
    *(("wav", "PCM_16"), ("wav", "FLOAT"), ("flac", "PCM_16"), ("ogg", "VORBIS"), ("ogg", "OPUS"), ("mp3", None)),
    *(
        ("aiff", "PCM_24"),
        ("au", "ULAW"),
        ("caf", "ALAC_16"),
        ("w64", "PCM_16"),
        ("rf64", "PCM_16"),
        ("wav", "IMA_ADPCM"),
    ),
)


def audio(folder: Path, chance: Chance) -> Iterator[Try]:
    import soundfile

    from fusion.audit.soundness import examine_file
    from fusion.sound.reading import audio_size, read_audio

    y = np.random.default_rng(0).normal(0, 0.1, (6000, 2)).astype(np.float32)
    whole = []
    for number, (form, subtype) in enumerate(FORMATS):
        path = folder / f"whole{number}.{form}"
        soundfile.write(path, y, 16000, format=form.upper(), subtype=subtype)
        whole.append((form, path.read_bytes()))
    while True:
        form, data = chance.choice(whole)
        path = folder / f"x.{form}"
        path.write_bytes(damaged(data, chance))

        def read(path: Path = path) -> None:
            found = examine_file(path)
            assert found is None or found.seconds < 3600, found
            frames, rate = audio_size(path)
            assert frames < 16000 * 3600, frames
            y = read_audio(path, 8000, 0.0, min(frames / rate, 4.0))
            assert np.isfinite(y).all()

        yield read


def archive(folder: Path, chance: Chance) -> Iterator[Try]:
    from fusion.download.unpack import unpack

    target = folder / "unpacked"

    def packed() -> tuple[str, bytes]:
        buffer = io.BytesIO()
        names = ["a", "b/c", "é", "d/e/f"]
        if chance.random() < 0.3:
            names[chance.randrange(4)] = chance.choice(("../up", "/abs", "b/../../x", "a\\b", "c:d", "b", "a", "a/b"))
        if chance.random() < 0.5:
            with zipfile.ZipFile(buffer, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as opened:
                for name in names:
                    opened.writestr(name, chance.randbytes(50))
            return "zip", buffer.getvalue()
        with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
            for name in names:
                info = tarfile.TarInfo(name)
                kinds = (tarfile.REGTYPE,) * 20 + (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE)
                info.type = chance.choice(kinds)
                info.linkname, info.size = "/etc/passwd", 50 if info.type == tarfile.REGTYPE else 0
                opened.addfile(info, io.BytesIO(chance.randbytes(50)))
        return "tar.gz", buffer.getvalue()

    while True:
        suffix, data = packed()
        path = folder / f"x.{suffix}"
        path.write_bytes(damaged(data, chance) if chance.random() < 0.7 else data)

        def read(path: Path = path) -> None:
            unpack(path, target)

        yield read
        assert not any(each.is_symlink() for each in (target, *target.rglob("*")))
        shutil.rmtree(target, ignore_errors=True)
        path.unlink()


def result(folder: Path, chance: Chance) -> Iterator[Try]:
    """Every file of a result, which lies in ``folder/result``, as fusion left it or, every other time, a stranger's.

    A stranger's has no checksums. With them, what is read from a damaged result is what was there before.
    """
    import fusion
    from fusion.errors import FusionError, telling_damage
    from fusion.result.compare import compare_predictions
    from fusion.result.predictions import read_predictions
    from fusion.result.recompute import recomputed
    from fusion.result.reference_predictions import read_reference_predictions
    from fusion.result.trained import read_trained
    from fusion.result.trained_on import _read

    place = folder / "result"
    files = [path for path in sorted(place.rglob("*")) if path.is_file() and path.suffix not in (".png", ".html")]
    whole = {path: path.read_bytes() for path in files}
    files = [path for path in files if path.suffix != ".keras"]
    loaded = fusion.load(place)

    def recompute() -> object:
        with telling_damage(place):
            metrics = recomputed(place, 10)
        return {key: metrics[key] for key in ("train", "test", "references", "classes", "confusion")}

    def trained() -> object:
        found = read_trained(place)
        return str(found.experiment), found.seeds, found.classes

    def listed() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            try:
                return fusion.results(folder.parent).to_csv()
            except UserWarning as told:  # that it is damaged
                raise FusionError(str(told)) from None

    def seen() -> object:
        table = _read(place)
        if isinstance(table, str):
            raise FusionError(table)
        return table.to_csv()

    calls: list[Callable[[], Any]] = [
        lambda: str(loaded),
        lambda: loaded.confusion().to_csv(),
        lambda: loaded.predictions().to_csv(),
        lambda: compare_predictions(read_predictions(place), read_predictions(place)),
        lambda: read_reference_predictions(place),
        listed,
        recompute,
        trained,
        seen,
    ]
    right = [repr(call()) for call in calls]

    def read(known: bool) -> None:
        problem: FusionError | None = None
        for call, wanted in zip(calls, right, strict=True):
            try:
                found = repr(call())
            except FusionError as error:
                problem = error
            else:
                assert not known or found == wanted, (found, wanted)
        if problem:
            raise problem

    while True:
        for path in files:
            path.write_bytes(whole[path])
        known = chance.random() < 0.5
        path = chance.choice(files)
        data = whole[path]
        if path.suffix == ".json" and chance.random() < 0.5:
            content = json.loads(data)
            _change(content, chance)
            path.write_text(json.dumps(content))
        else:
            path.write_bytes(damaged(data, chance))
        if not known:
            _as_a_strangers(files)
        yield lambda known=known: read(known)


def _as_a_strangers(files: list[Path]) -> None:
    """Remove the checksums from a result, as one of an older fusion has none, and as who edits it can."""
    for path in files:
        if path.name == "checksums.json":
            path.unlink()
        elif path.suffix == ".json":
            with suppress(ValueError, RecursionError):
                content = json.loads(path.read_bytes())
                if isinstance(content, dict):
                    path.write_text(json.dumps({k: v for k, v in content.items() if k not in ("checksum", "files")}))


def _change(content: Any, chance: Chance) -> None:
    """Change one value somewhere in what JSON said, or remove it."""
    while isinstance(content, (dict, list)) and content:
        keys = list(content) if isinstance(content, dict) else range(len(content))
        key = chance.choice(keys)
        if not isinstance(content[key], (dict, list)) or not content[key] or chance.random() < 0.3:
            if chance.random() < 0.3:
                del content[key]
            else:
                content[key] = chance.choice((None, -1, 1e308, "x", "\x1b[2J", [], {}, [[]], True, 10**30, {"a": 1}))
            return
        content = content[key]


def network(folder: Path, chance: Chance) -> Iterator[Try]:
    """A ``.keras`` file, which lies in ``folder/result``: one that its result knows, or every other time a stranger's."""
    from fusion.errors import FusionError
    from fusion.learning.saved_network import load_model
    from fusion.result.trained import read_trained

    (whole, *_) = sorted((folder / "result").rglob("model.keras"))
    data, path = whole.read_bytes(), folder / "x.keras"
    with zipfile.ZipFile(whole) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}

    def known() -> None:
        whole.write_bytes(path.read_bytes())
        try:
            read_trained(folder / "result")
        except FusionError:
            raise
        else:
            assert path.read_bytes() == data
        finally:
            whole.write_bytes(data)

    while True:
        if chance.random() < 0.3:
            path.write_bytes(damaged(data, chance))
        else:
            chosen = dict(members)
            name = chance.choice(list(chosen))
            if name.endswith(".json") and chance.random() < 0.7:
                content = json.loads(chosen[name])
                _change(content, chance)
                chosen[name] = json.dumps(content).encode()
            else:
                chosen[name] = damaged(chosen[name], chance)
            with zipfile.ZipFile(path, "w") as opened:
                for each, text in chosen.items():
                    opened.writestr(each, text)
        yield chance.choice((known, lambda: load_model(path, None, ["a", "b", "c"])))


def encoder(folder: Path, chance: Chance) -> Iterator[Try]:
    from fusion.errors import FusionError
    from fusion.sound.clip import Clip
    from fusion_features.onnx import ONNX
    from tests.support.features import onnx, save_model

    helper, numbers = onnx().helper, onnx().numpy_helper
    nodes = [
        helper.make_node("Reshape", ["x", "parts"], ["z"]),
        helper.make_node("ReduceMean", ["z"], ["y"], axes=[2], keepdims=0),
    ]
    parts = [numbers.from_array(np.array([1, 4, -1]), "parts")]
    data = save_model(folder / "whole.onnx", nodes, {"x": ["n", "t"]}, {"y": ["n", 4]}, parts).read_bytes()
    clip = Clip(np.zeros(8000, dtype=np.float32), 8000)
    number = 0
    while True:
        number += 1
        path = folder / f"x{number}.onnx"
        path.write_bytes(damaged(data, chance))

        def read(path: Path = path) -> None:
            try:
                ONNX(model=path, sr=8000).extract(clip)
            except ValueError as error:
                raise FusionError(str(error)) from None

        yield read
        path.unlink()


def embedding(folder: Path, chance: Chance) -> Iterator[Try]:
    import pandas as pd

    from fusion.errors import FusionError
    from fusion_features.embedding import Embedding

    values = np.arange(12.0).reshape(4, 3)
    frame = pd.DataFrame(values, columns=["x0", "x1", "x2"]).assign(id=["a", "b", "c", "d"])
    np.savez(folder / "v.npz", id=np.array(list("abcd")), vectors=values)
    frame.to_parquet(folder / "v.parquet")
    frame.to_csv(folder / "v.csv", index=False)
    whole = {suffix: (folder / f"v.{suffix}").read_bytes() for suffix in ("npz", "parquet", "csv")}
    number = 0
    while True:
        number += 1
        suffix = chance.choice(list(whole))
        path = folder / f"x{number}.{suffix}"
        path.write_bytes(damaged(whole[suffix], chance))

        def read(path: Path = path) -> None:
            try:
                feature = Embedding(file=path)
            except ValueError as error:
                raise FusionError(str(error)) from None
            feature.check_clips(["a"], [Path("a")])

        yield read
        path.unlink()


KINDS: dict[str, Kind] = {
    each.__name__: each for each in (yaml, examples, table, irmas, audio, archive, result, network, encoder, embedding)
}


def _late(*_: object) -> None:
    raise TimeoutError("20 s")


def main() -> None:
    from fusion.errors import FusionError
    from fusion.sound.reading import DamagedError

    kind, count, seed, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    tries = KINDS[kind](folder, random.Random(f"{kind} {seed}"))
    signal.signal(signal.SIGALRM, _late)
    outside = set(folder.parent.iterdir())
    refused, failures = 0, []
    for number in range(count):
        read = next(tries)
        print(number, file=sys.stderr, flush=True)  # the last one is the one that ended the process
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        signal.alarm(20)
        try:
            read()
        except (FusionError, DamagedError):
            refused += 1
        except BaseException as error:
            lines = traceback.format_exception(error)
            failures.append(
                {
                    "number": number,
                    "error": f"{type(error).__name__}: {error}"[:300],
                    "trace": [line for line in lines if "/fusion/" in line or "/features/" in line][-2:],
                }
            )
        finally:
            signal.alarm(0)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        if grown > 10**6:
            failures.append({"number": number, "error": f"{grown} kB"})
        if set(folder.parent.iterdir()) != outside:
            failures.append({"number": number, "error": "wrote outside"})
            outside = set(folder.parent.iterdir())
    print(json.dumps({"tried": count, "refused": refused, "failures": failures}))


if __name__ == "__main__":
    main()
