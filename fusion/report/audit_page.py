"""The page of an audit: what is in a data set, what leaks, what is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusion.report.audit_plots import plot_audit
from fusion.report.pages import write_page
from fusion.report.plots import save, svg
from fusion.runtime.files import write_json

_SHOWN = 20  # findings of a kind

KINDS = {
    "damaged": "Damaged: an experiment cannot use them",
    "identical": "Byte-identical",
    "near_identical": "Near-identical in different splits or folds",
    "one_waveform": "One wave under many names",
    "silent": "Silent",
    "noise": "Without a clear pitch",
    "clipped": "Clipped",
    "over_full_scale": "Far over full scale",
    "cancelling": "With channels that cancel each other",
    "off_centre": "Not centred on zero",
    "truncated": "Truncated",
    "estimated": "Of a length that their file does not tell",
    "links": "Behind links",
    "wrong_rate": "At another sampling rate",
}

DUPLICATES = {
    "pairs": "byte-identical",
    "conflicting": "of these with different labels",
    "velocity_twins": "velocity twins: one sound of one instrument at two levels",
    "repeats": "byte-identical test clips of one group",
    "near_identical": "near-identical in different splits or folds",
    "near_conflicting": "of these with different labels",
    "near_of_one_group": "of these in one group",
}


_CAPTION = "Classes and levels by split"


def write_audit(folder: Path, report: dict[str, Any], noun: str) -> None:
    """Write ``check.json``, ``check.png`` and the self-contained ``check.html``.

    Parameters
    ----------
    folder : Path
    report : dict
        As `fusion.audit.check.check_data` returns it.
    noun : str
        What a group is, in the plural.
    """
    write_json(folder / "check.json", report)
    plot = plot_audit(report)
    save(plot, folder / "check.png")
    duplicates = [[DUPLICATES[name], value] for name, value in report["duplicates"].items() if value is not None]
    write_page(
        folder / "check.html",
        "audit",
        title=f"Check of {report['dataset']}, protocol {report['protocol']}",
        report=report,
        clips=_clips(report, noun),
        plot=svg(plot, _CAPTION),
        caption=_CAPTION,
        duplicates=(["pairs", "found"], duplicates),
        sound=(["of each clip's file", "found"], _sound(report["audio"])),
        findings=[_findings(kind, report["findings"][kind]) for kind in KINDS if report["findings"][kind]],
        shown=_SHOWN,
    )


def _clips(report: dict[str, Any], noun: str) -> tuple[list[str], list[list[Any]]]:
    splits = list(report["clips"])
    classes = sorted({label for counts in report["classes"].values() for label in counts})
    rows: list[list[Any]] = [
        [label, *(report["classes"][split].get(label, 0) for split in splits)] for label in classes
    ]
    rows += [
        ["clips", *(report["clips"][split] for split in splits)],
        [noun, *(report["groups"][split] for split in splits)],
        [f"{noun} shared with test", *(report["shared_groups"].get(split, "") for split in splits)],
        ["largest class to smallest", *(report["balance"].get(split, "") for split in splits)],
    ]
    return [f"class: clips in {noun}", *splits], rows


def _sound(audio: dict[str, Any]) -> list[list[str]]:
    return [
        ["sampling rates", ", ".join(f"{rate} Hz: {n}" for rate, n in audio["rates"].items())],
        ["channels", ", ".join(f"{count}: {n}" for count, n in audio["channels"].items())],
        ["length of a file, s: shortest, median, longest", ", ".join(f"{v:g}" for v in audio["seconds"].values())],
        ["RMS level, dB: quietest, median, loudest", ", ".join(f"{v:g}" for v in audio["rms_db"].values())],
    ]


def _findings(kind: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    header = [name.replace("_", " ") for name in entries[0]]
    rows = [[_cell(value) for value in entry.values()] for entry in entries[:_SHOWN]]
    return {"title": f"{KINDS[kind]}: {len(entries)}", "table": (header, rows), "more": len(entries) > _SHOWN}


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else value
