"""Time a clip and memory as a data set grows: whatever does not scale shows.

    python tests/benchmarks/scale.py DIR [--sizes 3000,30000,300000] [--steps hash,extract,...] [--jobs 2]

Makes data sets of so many notes of a second (10 GB of disk for the largest; the others share its files) and takes the
steps of a command, each in a process of its own, under a limit of 256 open files. For each step and size: processor time a
clip, of all processes; its ratio to that of the smallest size; what one more clip costs, over what it costs between the
two smallest sizes, so that what is paid once (imports, tracing) does not hide a growth; the largest memory of all processes
together (proportional set size, sampled twice a second), with and without mapped files, which the system drops when
it needs room; open files of one process. Steps of a training count training clips. Results are added to
DIR/scale.json, and drawn in DIR/scale.png. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from scale_notes import make_notes

STEPS = ("hash", "extract", "start", "epoch", "references", "check", "ablate")
DESCRIPTORS = 256
GOALS = {"ratio": 1.15, "megabytes": 4000, "index_seconds": 3}
EVERY = 0.5  # seconds between two looks at memory


def processes(parent: int) -> Iterator[int]:
    """Yield a process and all that it started."""
    yield parent
    for path in Path(f"/proc/{parent}/task").glob("*/children"):
        for child in path.read_text().split():
            yield from processes(int(child))


def memory(parent: int) -> tuple[float, float]:
    """Return megabytes of a process and all that it started: all, and without mapped files."""
    every = own = 0
    for process in processes(parent):
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has just ended
            continue
        parts = {name.rstrip(":"): int(size) for name, size, *_ in map(str.split, lines[1:])}
        every += parts["Pss"]
        own += parts["Pss"] - parts["Pss_File"]
    return every / 1024, own / 1024


def descriptors(parent: int) -> int:
    """Return the open files of the process that has most."""
    counts = [0]
    for process in processes(parent):
        try:
            counts.append(len(list(Path(f"/proc/{process}/fd").iterdir())))
        except OSError:
            continue
    return max(counts)


def watched(step: str, root: Path, jobs: int) -> dict[str, float]:
    """Take a step in a process of its own, and watch its memory and its open files."""
    command = [sys.executable, str(Path(__file__).with_name("scale_steps.py")), step, str(root), str(jobs)]
    peak, private, files = 0.0, 0.0, 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            try:
                every, own = memory(process.pid)
                peak, private, files = max(peak, every), max(private, own), max(files, descriptors(process.pid))
            except FileNotFoundError:  # a process has just ended
                continue
            time.sleep(EVERY)
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        sys.exit(f"{step} with {root.name} notes failed; what it said is above")
    taken = json.loads(output.splitlines()[-1])
    return {**taken, "megabytes": peak, "private_megabytes": private, "descriptors": files}


def main() -> None:
    """Make notes, take the steps, print, write and draw what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", default="3000,30000,300000")
    parser.add_argument("--steps", default=",".join(STEPS))
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    path = options.folder / "scale.json"
    results: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}
    for size in map(int, options.sizes.split(",")):
        root = make_notes(options.folder, size)
        for step in options.steps.split(","):
            taken = watched(step, root, options.jobs)
            results.setdefault(step, {})[str(size)] = taken
            path.write_text(json.dumps(results, indent=2))
            print(f"{step}, {size:,} notes: {taken['seconds']:.1f} s", file=sys.stderr, flush=True)
    print_table(results)
    draw(results, options.folder / "scale.png")


def a_clip(sizes: dict[str, Any]) -> list[tuple[int, float, float, dict[str, float]]]:
    """Return for each size: milliseconds of processor time a clip, milliseconds of one more clip, and all figures."""
    rows, before = [], (0, 0.0)
    for size, taken in sorted((int(size), taken) for size, taken in sizes.items()):
        more = (taken["processor"] - before[1]) / (size - before[0])
        rows.append((size, 1000 * taken["processor"] / size, 1000 * more, taken))
        before = size, taken["processor"]
    return rows


def print_table(results: dict[str, dict[str, Any]]) -> None:
    """Print what the steps took."""
    print(f"{'':12s}{'notes':>9s}{'s':>9s}{'ms a clip':>11s}{'ratio':>7s}{'one more':>10s}{'MB':>8s}{'own':>7s} files")
    for step, sizes in results.items():
        rows = a_clip(sizes)
        for number, (size, each, more, taken) in enumerate(rows):
            growth = f"{more / rows[1][2]:10.2f}" if number > 1 else f"{'':10s}"
            index = f"  {taken['index_seconds']:.1f} s to open and index" if "index_seconds" in taken else ""
            print(
                f"{step:12s}{size:9,}{taken['seconds']:9.1f}{each:11.3f}{each / rows[0][1]:7.2f}{growth}"
                f"{taken['megabytes']:8.0f}{taken['private_megabytes']:7.0f}{taken['descriptors']:6.0f}{index}"
            )
    print(
        f"goals: ratio at most {GOALS['ratio']}, MB below {GOALS['megabytes']}, index below {GOALS['index_seconds']} s, "
        f"at most {DESCRIPTORS} open files"
    )


def draw(results: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw time a clip and memory over the number of notes."""
    figure, (times, sizes) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for step, taken in results.items():
        rows = a_clip(taken)
        notes = [size for size, *_ in rows]
        times.plot(notes, [each for _, each, *_ in rows], marker="o", label=step)
        sizes.plot(notes, [figures["megabytes"] / 1000 for *_, figures in rows], marker="o", label=step)
    times.set(xscale="log", yscale="log", xlabel="notes", ylabel="processor time a clip (ms)")
    sizes.axhline(GOALS["megabytes"] / 1000, color="grey", linestyle="--")
    sizes.set(xscale="log", xlabel="notes", ylabel="memory of all processes (GB)", ylim=(0, None))
    times.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
