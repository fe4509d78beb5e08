"""The tables of a result's page: classes, confused pairs, seeds, data, settings."""

from __future__ import annotations

import json
from typing import Any

from fusion.report.clips import OUTCOMES, Clips
from fusion.report.pages import percent
from fusion.report.wording import shown_metrics

Table = tuple[list[str], list[list[str]]]


def class_table(metrics: dict[str, Any]) -> Table:
    """Return each class in whole per cent, as few groups allow no more; the interval where any class has one."""
    rows = metrics["test"]["per_class"]
    bounded = any(row["low"] is not None for row in rows.values())
    header = ["class", "precision", "recall", "F1", *(["95 % of F1"] if bounded else []), "clips", "groups"]
    return header, [
        [
            name,
            *(percent(row[key]) for key in ("precision", "recall", "f1")),
            *(
                [f"[{100 * row['low']:.0f}, {100 * row['high']:.0f}]" if row["low"] is not None else ""]
                if bounded
                else []
            ),
            f"{row['support']:g}",
            f"{row['groups']}",
        ]
        for name, row in rows.items()
    ]


def pair_rows(clips: Clips) -> list[dict[str, Any]]:
    """Return the most confused pairs: names, clips, share of the row's, and the key of the cell.

    Clips where a class is heard wrongly do not have it, so they are no share of those that do.
    """
    others = OUTCOMES[-1] if clips.several else None
    totals: dict[str, float] = {}
    for cell in clips.cells.values():
        if cell.column != others:
            totals[cell.row] = totals.get(cell.row, 0.0) + cell.count
    return [
        {
            "true": cell.row,
            "predicted": cell.column,
            "count": f"{cell.count:.1f}".removesuffix(".0"),
            "share": percent(cell.count / totals[cell.row]) if cell.column != others else "",
            "key": f"{clips.classes.index(cell.row)}-{clips.columns.index(cell.column)}",
        }
        for cell in clips.confused()
    ]


def matrix_rows(clips: Clips) -> list[dict[str, Any]]:
    """Return the rows of the matrix: name, clips, and for each column its count, share, words and key."""
    rows = []
    for number, row in enumerate(clips.classes):
        counts = [clips.cells[row, column].count if (row, column) in clips.cells else 0.0 for column in clips.columns]
        own = sum(counts[:2]) if clips.several else sum(counts)
        cells = [
            {
                "count": f"{count:.1f}".removesuffix(".0"),
                "share": min(1.0, count / own) if own else 0.0,
                "words": clips.title(clips.cells[row, column]) if count else "",
                "key": f"{number}-{place}",
            }
            for place, (column, count) in enumerate(zip(clips.columns, counts, strict=True))
        ]
        rows.append({"name": row, "clips": f"{own:.0f}", "cells": cells})
    return rows


def seed_table(metrics: dict[str, Any]) -> Table:
    """Return what each seed reaches, and after how many epochs; of folds and repeats, the fewest and the most."""
    shown, seeds = shown_metrics(metrics), metrics["seeds"]
    epochs, best = metrics.get("epochs", []), metrics.get("best_epochs", [])
    own = len(epochs) // len(seeds)
    header = ["seed", *(metric.label for metric in shown), *(["epochs", "epoch taken"] if own else [])]
    rows = []
    for number, seed in enumerate(seeds):
        scores = [f"{metrics['test'][metric.name]['per_seed'][number]:.3f}" for metric in shown]
        place = slice(number * own, (number + 1) * own)
        rows.append([f"{seed}", *scores, *([_span(epochs[place]), _span(best[place])] if own else [])])
    return header, rows


def _span(values: list[int]) -> str:
    return f"{min(values)}" if min(values) == max(values) else f"{min(values)} to {max(values)}"


def split_table(metrics: dict[str, Any]) -> Table:
    """Return clips and groups of each split."""
    clips, groups = metrics["clips"], metrics["groups"]
    noun = metrics.get("group_noun", "groups")
    return ["split", "clips", noun], [
        [split, f"{clips[split]:,}", f"{groups[split]:,}"] for split in clips if clips[split]
    ]


def setting_table(changes: dict[str, Any]) -> Table:
    """Return settings by dotted path, as they are typed."""
    return ["setting", "value"], [[path, plain(value)] for path, value in changes.items()]


def plain(value: Any) -> str:
    """Return a setting's value as it is typed after ``--set``."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
