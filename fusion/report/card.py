"""The card of an exported network: what it is, how good, and what a user must know; Markdown as model hubs read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from fusion.report.wording import ABOUT_INTERVALS, score, shown_metrics, table


def card(metrics: Mapping[str, Any], features: Mapping[str, Any], networks: int, licence: str, use: str) -> str:
    """Return the card.

    Parameters
    ----------
    metrics : dict
        The content of metrics.json.
    features : dict of str to dict
        Parameters by feature.
    networks : int
        Trained networks whose mean this is.
    licence : str
        Of the sounds that it learnt from; empty where it is not known.
    use : str
        How to predict with it, in Markdown.
    """
    first = shown_metrics(dict(metrics))[0]
    name = f"{metrics['experiment']} ({metrics['digest']})"
    sample = ", the embedded sample of fusion: nothing that holds for real use" if metrics["sample"] else ""
    dataset = f"{metrics['dataset']}, protocol {metrics['protocol']}{sample}"
    value = metrics["test"][first.name]
    header = {
        "library_name": "fusion-mir",
        "tags": ["audio-classification", "music", "instrument-recognition"],
        "pipeline_tag": "audio-classification",
        "license": "other",
        "license_name": licence or "not known: that of the sounds which it learnt from",
        "model-index": [
            {
                "name": name,
                "results": [
                    {
                        "task": {"type": "audio-classification"},
                        "dataset": {"type": metrics["dataset"], "name": dataset},
                        "metrics": [{"type": first.name, "value": round(value["mean"], 4)}],
                    }
                ],
            }
        ],
    }
    shown = [metric.label for metric in shown_metrics(dict(metrics))]
    rows = [f"| {' | '.join(row)} |" for row in table(dict(metrics))]
    rule = f"|{'---|' * (len(shown) + 1)}"
    counts = ", ".join(f"{split} {metrics['clips'][split]}" for split in metrics["clips"])
    what = f"the mean of the probabilities of {networks} trained networks" if networks > 1 else "one trained network"
    label = first.label[0].upper() + first.label[1:]  # begins a sentence
    parameters = "\n".join(f"- `{name}`: `{dict(values)}`" for name, values in features.items())
    warnings = "\n".join(f"- {warning}" for warning in metrics["warnings"]) or "- none"
    return f"""---
{yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=120)}---

# {name}

Recognises {len(metrics["classes"])} classes ({", ".join(metrics["classes"])}). {label} on test clips:
{score(value)}. It is {what}.

## Data

{dataset}; clips: {counts}. Licence of the sounds: {licence or "not known to the program"}.

## How good it is

Each figure is the mean, with the deviation over seeds and the 95 % interval where there are several seeds or groups.

| | {" | ".join(shown)} |
{rule}
{chr(10).join(rows)}

{ABOUT_INTERVALS}

## What a user must know

{warnings}

## What it takes

`preprocessing.json` says all of it. Features:

{parameters}

{use}
"""
