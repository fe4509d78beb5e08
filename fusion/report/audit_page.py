"""The page of an audit: what is in a data set, what leaks, what is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusion.report.audit_plots import plot_audit
from fusion.report.html import escape, html_page, html_table, image, warning_box
from fusion.report.plots import save
from fusion.runtime.files import write_json, write_text

_SHOWN = 20  # findings of a kind

KINDS = {
    "damaged": "Damaged: an experiment cannot use them",
    "identical": "Byte-identical",
    "near_identical": "Near-identical in different splits or folds",
    "one_waveform": "One wave under many names",
    "silent": "Silent",
    "noise": "Nothing but noise",
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
    save(plot_audit(report), folder / "check.png")
    write_text(folder / "check.html", _page(folder, report, noun))


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
    verdict = "An experiment can run on these data." if report["usable"] else "An experiment cannot run on these data."
    audio = report["audio"]
    sound = [
        ["sampling rates", ", ".join(f"{rate} Hz: {n}" for rate, n in audio["rates"].items())],
        ["channels", ", ".join(f"{count}: {n}" for count, n in audio["channels"].items())],
        ["length of a file, s: shortest, median, longest", ", ".join(f"{v:g}" for v in audio["seconds"].values())],
        ["RMS level, dB: quietest, median, loudest", ", ".join(f"{v:g}" for v in audio["rms_db"].values())],
    ]
    duplicates = [[DUPLICATES[name], value] for name, value in report["duplicates"].items() if value is not None]
    findings = "".join(_findings(kind, report["findings"][kind]) for kind in KINDS if report["findings"][kind])
    body = f"""<p>{verdict}</p>
{warning_box(report["warnings"])}
<h2>Clips</h2>
{html_table([f"class: clips in {noun}", *splits], rows)}
{image(folder / "check.png", "Classes and levels by split")}
<h2>Duplicates</h2>
{html_table(["pairs", "found"], duplicates)}
<h2>Sound</h2>
{html_table(["files", ""], sound)}
<h2>Findings</h2>
{findings or "<p>None.</p>"}"""
    return html_page(title, body)


def _findings(kind: str, entries: list[dict[str, Any]]) -> str:
    rest = f'<p class="note">The first {_SHOWN}; check.json has all.</p>' if len(entries) > _SHOWN else ""
    header = [name.replace("_", " ") for name in entries[0]]
    rows = [[_cell(value) for value in entry.values()] for entry in entries[:_SHOWN]]
    return f"<h3>{escape(KINDS[kind])}: {len(entries)}</h3>{html_table(header, rows)}{rest}"


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else value
