"""The page of an audit: what is in a data set, what leaks, what is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fusion.report.html import STYLE, escape, html_table, image
from fusion.report.plots import BLUE, GREY, ORANGE, new_figure, save
from fusion.runtime.files import write_json, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = 20  # findings of a kind
_COLOURS = {"train": BLUE, "validation": GREY, "test": ORANGE}

KINDS = {
    "damaged": "Damaged: an experiment cannot use them",
    "identical": "Byte-identical",
    "near_identical": "Near-identical in different splits or folds",
    "silent": "Silent",
    "clipped": "Clipped",
    "truncated": "Truncated",
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
    save(audit_figure(report), folder / "check.png")
    write_text(folder / "check.html", _page(folder, report, noun))


def audit_figure(report: dict[str, Any]) -> Figure:
    """Return two panels by split: the share of each class, and of each level."""
    splits = [split for split, counts in report["classes"].items() if counts]
    classes = sorted({label for counts in report["classes"].values() for label in counts})
    figure, axes = new_figure(10.5, 1.6 + 0.3 * len(classes), columns=2)
    height = 0.8 / len(splits)
    for number, split in enumerate(splits):
        counts = np.array([report["classes"][split].get(label, 0) for label in classes])
        places = np.arange(len(classes)) + (number - (len(splits) - 1) / 2) * height
        axes[0].barh(places, 100 * counts / max(counts.sum(), 1), height=height, color=_COLOURS[split], label=split)
        levels = {int(level): count for level, count in report["levels"].get(split, {}).items()}
        if levels:
            middle = np.arange(min(levels), max(levels) + 1, 3)
            share = [100 * levels.get(int(level), 0) / sum(levels.values()) for level in middle]
            axes[1].plot(middle + 1.5, share, color=_COLOURS[split], marker="o", ms=3, lw=1.2, label=split)
    axes[0].set_yticks(range(len(classes)), classes)
    axes[0].invert_yaxis()
    axes[0].set_xlabel("share of the split's labels, %")
    axes[1].set_xlabel("level (RMS), dB of full scale")
    axes[1].set_ylabel("share of the split's clips, %")
    axes[1].set_ylim(bottom=0)
    for panel, title in zip(axes, ("Classes", "Levels, in steps of 3 dB"), strict=True):
        panel.set_title(title, fontsize=10)
        panel.grid(alpha=0.25)
    axes[0].legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=len(splits))
    return figure


def _page(folder: Path, report: dict[str, Any], noun: str) -> str:
    title = f"Check of {report['dataset']}, protocol {report['protocol']}"
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
    warnings = "".join(f"<li>{escape(text)}</li>" for text in report["warnings"])
    verdict = "An experiment can run on these data." if report["usable"] else "An experiment cannot run on these data."
    audio = report["audio"]
    sound = [
        ["sampling rates", ", ".join(f"{rate} Hz: {n}" for rate, n in audio["rates"].items())],
        ["channels", ", ".join(f"{count}: {n}" for count, n in audio["channels"].items())],
        ["length of a file, s: shortest, median, longest", ", ".join(f"{v:g}" for v in audio["seconds"].values())],
        ["RMS level, dB: quietest, median, loudest", ", ".join(f"{v:g}" for v in audio["rms_db"].values())],
    ]
    duplicates = [[DUPLICATES[name], value] for name, value in report["duplicates"].items() if value is not None]
    found = "".join(_findings(kind, report["findings"][kind]) for kind in KINDS if report["findings"][kind])
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p>{verdict}</p>
{f'<div class="warnings"><h2>Keep in mind</h2><ul>{warnings}</ul></div>' if warnings else ""}
<h2>Clips</h2>
{html_table([f"class: clips in {noun}", *splits], rows)}
{image(folder / "check.png", "Classes and levels by split")}
<h2>Duplicates</h2>
{html_table(["pairs", "found"], duplicates)}
<h2>Sound</h2>
{html_table(["files", ""], sound)}
<h2>Findings</h2>
{found or "<p>None.</p>"}
</body></html>
"""


def _findings(kind: str, entries: list[dict[str, Any]]) -> str:
    rest = f'<p class="note">The first {_SHOWN}; check.json has all.</p>' if len(entries) > _SHOWN else ""
    header = [name.replace("_", " ") for name in entries[0]]
    rows = [[_cell(value) for value in entry.values()] for entry in entries[:_SHOWN]]
    return f"<h3>{escape(KINDS[kind])}: {len(entries)}</h3>{html_table(header, rows)}{rest}"


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else value
