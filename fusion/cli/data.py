"""Commands on data sets: get, check, render."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

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
    Results,
    Sample,
    make_workplace,
    read_spec,
)
from fusion.cli.render import render
from fusion.errors import FusionError, listing

app = typer.Typer(help="Fetch a data set, check one, or render practice data.", no_args_is_help=True)


@app.command()
def check(
    experiment: ExperimentFile,
    sample: Sample = False,
    data: DataFolder = None,
    results: Results = DEFAULT_RESULTS,
    cache: Cache = DEFAULT_CACHE,
    features: Features = None,
    assignments: Assignments = None,
    plugins: Plugins = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Names, labels, groups and identical files alone; decode no sound.")
    ] = False,
    jobs: Jobs = PROCESSORS,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Audit an experiment's data, every file of it: what leaks, what is damaged. Trains nothing."""
    spec = read_spec(experiment, assignments, features, None, plugins)
    from fusion.audit.audit import full_audit
    from fusion.cli import console
    from fusion.datasets.data import read_data
    from fusion.datasets.overview import audit
    from fusion.report.audit_page import write_audit
    from fusion.studies.experiment import result_of

    workplace = make_workplace(spec, data, sample, cache, results, jobs)
    found = read_data(spec.dataset, workplace)
    folder = result_of(spec, found, workplace).folder
    report = audit(found.dataset, found.duplicates) if quick else full_audit(found, spec.dataset, workplace)
    if as_json:
        print(json.dumps(report, indent=2), flush=True)
    else:
        console.print_audit(report, found.dataset.noun)
    if not quick:
        write_audit(folder, report, found.dataset.noun)
        if not as_json:
            print(folder)
        _refuse_unusable(report)


def _refuse_unusable(report: dict[str, Any]) -> None:
    if not report["usable"]:
        said = [f"{entry['clip']}: {entry['why']}" for entry in report["findings"]["damaged"]]
        raise FusionError(
            f"the experiment cannot run: {report['why']}; mend or remove these clips, or set dataset.skip_damaged: "
            f"true if enough is left without them:\n{listing(said)}"
        )


app.command()(render)


@app.command()
def get(
    name: Annotated[str, typer.Argument(metavar="nsynth|irmas", help="Data set to fetch.", show_default=False)],
    split: Annotated[
        list[str] | None, typer.Option("--split", metavar="SPLIT", help="Only this split; repeatable.")
    ] = None,
    data: DataFolder = None,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Folder of a mirror, else $FUSION_MIRROR.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the archives after unpacking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    cache: Cache = DEFAULT_CACHE,
    jobs: Jobs = PROCESSORS,
    debug: Debug = False,
) -> None:
    """Fetch a data set's official archives, verify and unpack them, and audit what is there then.

    A broken transfer goes on where it was.
    """
    from fusion.audit.audit import full_audit
    from fusion.cli import console
    from fusion.datasets.data import read_data
    from fusion.datasets.registry import data_root, settings_of
    from fusion.download.get import FetchPlan
    from fusion.download.get import get as fetch_data
    from fusion.report.audit_page import write_audit
    from fusion.runtime.progress import Progress
    from fusion.runtime.workplace import Workplace

    def confirm(plan: FetchPlan) -> bool:
        for line in plan.lines():
            print(line, file=sys.stderr)
        if yes:
            return True
        print("Fetch it? [y/N]: ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            print(file=sys.stderr)
            raise FusionError("nobody answered; in a script, agree with --yes")
        return answer.strip().lower() in ("y", "yes")

    root = data or data_root(name)
    progress = Progress()
    fetched = fetch_data(name, split or (), root, url=url, keep_archives=keep, confirm=confirm, progress=progress)
    if not fetched:
        raise FusionError("nothing was fetched")
    settings = settings_of(name, root)
    if settings is None:
        progress.say("not checked: these splits alone are too little to train and to test on")
        print(root)
        return
    workplace = Workplace(root, False, cache, DEFAULT_RESULTS, jobs, progress)
    found = read_data(settings, workplace)
    report = full_audit(found, settings, workplace)
    write_audit(root, report, found.dataset.noun)
    console.print_audit(report, found.dataset.noun)
    print(root)
    _refuse_unusable(report)
