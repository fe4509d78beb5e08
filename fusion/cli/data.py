"""Commands on data sets: get, check, render, join."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from fusion.cli.options import ExperimentFile, takes
from fusion.cli.render import render
from fusion.errors import FusionError, listing

app = typer.Typer(
    help="Fetch a data set, check one, or render practice data.",
    epilog="Example: fusion data check experiments/irmas_fusion.yaml --sample",
    no_args_is_help=True,
)


@app.command(epilog="Example: fusion data check experiments/irmas_fusion.yaml --sample")
@takes("sample", "data", "results", "cache", "features", "set", "plugins", "jobs", "cluster", "quiet", "as_json")
def check(
    experiment: ExperimentFile,
    quick: Annotated[
        bool, typer.Option("--quick", help="Names, labels, groups and identical files alone; decode no sound.")
    ] = False,
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """Audit an experiment's data, every file of it: what leaks, what is damaged. Trains nothing."""
    from fusion.api import data
    from fusion.cli import console

    audit = data.check(experiment, quick=quick, **shared)
    if as_json:
        print(json.dumps(audit.report, indent=2), flush=True)
    else:
        console.print_audit(audit.report, audit.group_noun)
    if quick:
        return
    audit.write()  # last: an audit of hours is shown even where its page cannot be written
    if not as_json:
        print(audit.folder)
    _refuse_unusable(audit.report)


def _refuse_unusable(report: dict[str, Any]) -> None:
    if not report["usable"]:
        damaged = [f"{entry['clip']}: {entry['why']}" for entry in report["findings"]["damaged"]]
        raise FusionError(
            f"the experiment cannot run: {report['why']}; mend or remove these clips, or set dataset.skip_damaged: "
            f"true if enough is left without them:\n{listing(damaged)}"
        )


app.command(epilog="Example: fusion data render nsynth --preset practice --out practice")(render)


@app.command(epilog="Example: fusion data join practice mine=recordings --out both")
@takes("as_json")
def join(
    folders: Annotated[
        list[str],
        typer.Argument(metavar="DIR|NAME=DIR...", help="Sources of notes.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="New folder.", show_default=False)],
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """Put notes of several sources into one data set, each clip's source kept: fonts, libraries, recording chains."""
    from fusion.api.data import join as join_sources

    joined = join_sources(folders, out)
    if as_json:
        print(json.dumps(joined, indent=2))
        return
    for name, content in joined.items():
        parts = ", ".join(
            f"{part} {count} notes of {content['instruments'][part]} instruments"
            for part, count in content["notes"].items()
        )
        print(f"{name}: {parts}")
    print(out)


@app.command(epilog="Example: fusion data get nsynth --split test")
@takes("cache", "plugins", "jobs", "quiet")
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Data set to fetch.", show_default=False)],
    split: Annotated[
        list[str] | None,
        typer.Option("--split", metavar="SPLIT", help="Only this split, or part; repeatable."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="The data set's root, else $FUSION_DATA/<name>, else data/<name>."),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Folder of a mirror, else $FUSION_MIRROR.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the archives after unpacking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    *,
    shared: dict[str, Any],
) -> None:
    """Fetch a data set's official archives, verify and unpack them, and audit what is there then.

    A broken transfer goes on where it was.
    """
    from fusion.api.data import check_fetched
    from fusion.api.options import Options
    from fusion.cli import console
    from fusion.datasets.roots import data_root
    from fusion.download.get import FetchPlan
    from fusion.download.get import get as fetch_data
    from fusion.plugins.registry import DATASETS, discover, find
    from fusion.settings.dataset import load

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

    known = discover(DATASETS, shared.get("plugins", []))
    try:
        source = find(DATASETS, name, known)
    except FusionError as error:
        raise FusionError(f"{name}: {error}; take one of these, or name its plug-in folder with --plugins") from None
    dataset = load(source)
    root = data or data_root(name)
    workplace = Options(data=root, **shared).workplace(name)
    progress = workplace.progress
    options: dict[str, Any] = {"url": url, "keep_archives": keep, "confirm": confirm, "progress": progress}
    if not fetch_data(name, dataset, split or (), root, **options):
        raise FusionError("nothing was fetched")
    fields = dataset.uses(root)
    if fields is None:
        progress.say("not checked: these splits alone are too little to train and to test on")
        print(root)
        return
    audit = check_fetched(dataset(name=name, **fields), workplace)
    console.print_audit(audit.report, audit.group_noun)
    audit.write()
    print(root)
    _refuse_unusable(audit.report)
