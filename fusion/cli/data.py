"""Commands on data sets: get, check, render."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from fusion.cli.options import (
    DEFAULT_CACHE,
    DEFAULT_RESULTS,
    PROCESSORS,
    AsJson,
    Assignments,
    Cache,
    DataFolder,
    Debug,
    ExperimentFile,
    Features,
    Jobs,
    Plugins,
    Sample,
    make_setting,
    read_spec,
)
from fusion.cli.render import render
from fusion.errors import FusionError

app = typer.Typer(help="Fetch a data set, check one, or render practice data.", no_args_is_help=True)


@app.command()
def check(
    experiment: ExperimentFile,
    sample: Sample = False,
    data: DataFolder = None,
    cache: Cache = DEFAULT_CACHE,
    features: Features = None,
    assignments: Assignments = None,
    plugins: Plugins = None,
    jobs: Jobs = PROCESSORS,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Count clips, classes and groups of an experiment's data; name what leaks. Trains nothing."""
    spec = read_spec(experiment, assignments, features, None, plugins)
    from fusion import console
    from fusion.datasets.audit import audit
    from fusion.prepare import read_data

    setting = make_setting(spec, data, sample, cache, DEFAULT_RESULTS, jobs)
    found = read_data(spec, setting)
    report = audit(found.dataset, found.duplicates)
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        console.print_audit(report, found.dataset.noun)


app.command()(render)


@app.command()
def get(
    name: Annotated[str, typer.Argument(metavar="nsynth|irmas", help="Data set to fetch.", show_default=False)],
    split: Annotated[
        list[str] | None, typer.Option("--split", metavar="SPLIT", help="Only this split; repeatable.")
    ] = None,
    data: DataFolder = None,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Folder of a mirror [default: $FUSION_MIRROR].")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the archives after unpacking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    debug: Debug = False,
) -> None:
    """Fetch a data set's official archives, verify and unpack them; a broken transfer goes on where it was."""
    from fusion.datasets import data_root
    from fusion.datasets.get import Plan
    from fusion.datasets.get import get as fetch_data
    from fusion.progress import Progress

    def confirm(plan: Plan) -> bool:
        for line in plan.lines():
            print(line, file=sys.stderr)
        return yes or typer.confirm("Fetch it?", err=True)

    root = data or data_root(name)
    fetched = fetch_data(name, split or (), root, url=url, keep_archives=keep, confirm=confirm, progress=Progress())
    if not fetched:
        raise FusionError("nothing was fetched")
    print(root)
