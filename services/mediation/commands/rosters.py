"""名册 Rosters: `python -m services.mediation.commands.rosters check|load|show`. Files: organisations.csv and members.csv in the county's folder."""

import os
import sys
from datetime import datetime
from pathlib import Path

import typer

from contracts import COUNTY, KINDS, TOWNSHIPS
from contracts.dates import SHANGHAI
from contracts.kinds import MEMBER_ROLES, ORGANISATION_KINDS
from plumbing import settings
from plumbing.pool import Pool
from services.mediation.county_files import read_rosters
from services.mediation.rosters import store
from services.mediation.rosters.roster import Organisation, find_overlaps_with_stored

app = typer.Typer(help="名册：检查、载入、查看 | Rosters: check, load, show.", add_completion=False)
MAX_PRINTED_ERRORS = 20


@app.command()
def check(folder: Path = typer.Argument(COUNTY.folder)):
    """检查名册文件，逐行指出错误，不载入 | Print the mistakes in the roster files, line by line, without loading the files."""
    typer.echo(_format_summary(_read_files(folder)))


@app.command()
def load(
    folder: Path = typer.Argument(COUNTY.folder),
    only_if_empty: bool = typer.Option(False, help="已有名册时不载入 | do nothing if rosters have been loaded already"),
):
    """载入名册：全部无误方予载入，可重复执行 | Load the rosters if both files are free of mistakes. May be repeated."""
    entries = _read_files(folder)
    with _connection_pool().transaction() as tx:
        before = store.load(tx, locked=True)
        if only_if_empty and before.organisations:
            typer.echo("已有名册，未作改动 | rosters have been loaded already; nothing was changed")
            return
        new = [*entries["organisations"], *entries["members"]]
        overlaps = find_overlaps_with_stored(before, new)
        if overlaps:
            for earlier, later in overlaps[:MAX_PRINTED_ERRORS]:
                code = later.code if isinstance(later, Organisation) else f"{later.organisation} {later.id}"
                typer.echo(f"{code}：自{later.valid_from}起的记载与自{earlier.valid_from}起的已有记载有效期重叠 | {code}: the entry valid from {later.valid_from} overlaps "
                           f"with the stored entry valid from {earlier.valid_from}", err=True)  # fmt: skip
            raise typer.Exit(1)
        store.save(tx, new)
    typer.echo(_format_summary(entries))


@app.command()
def show(
    on: datetime = typer.Option(None, formats=["%Y-%m-%d"], help="查询日期，默认为当日 | day to show; default: today"),
    kind: str = typer.Option(None, help="组织类别 | show this kind of organisation only"),
    township: str = typer.Option(None, help="乡镇街道 | show this township only"),
):
    """查看某日有效的名册 | Show the rosters valid on a day. People are shown as numbers; the order is not a ranking."""
    day = on.date() if on else datetime.now(SHANGHAI).date()
    with _connection_pool().transaction() as tx:
        roster = store.load(tx)
    for organisation in roster.organisations_valid_on(day):
        if kind in (None, organisation.kind) and township in (None, organisation.township):
            people = [f"{member.id}（{MEMBER_ROLES[member.role][0]}）" for member in roster.members_of(organisation.code, day)]
            takes = "、".join(KINDS[kind_of_dispute][0] for kind_of_dispute in organisation.takes) or "各类"
            typer.echo("\t".join((organisation.code, ORGANISATION_KINDS[organisation.kind][0], TOWNSHIPS[organisation.township][0], organisation.agency,
                                  takes, organisation.zh, " ".join(people))))  # fmt: skip


def _read_files(folder: Path) -> dict:
    """Return the entries of both roster files. If there are mistakes, print the first of them on standard error and exit with 1."""
    entries, errors = read_rosters(folder)
    if errors:
        for error in errors[:MAX_PRINTED_ERRORS]:
            typer.echo(error, err=True)
        typer.echo(f"共{len(errors)}处错误，未载入 | {len(errors)} mistakes; nothing was loaded", err=True)
        raise typer.Exit(1)
    return entries


def _format_summary(entries: dict) -> str:
    organisations, members = entries["organisations"], entries["members"]
    by_kind = {kind: sum(o.kind == kind for o in organisations) for kind in ORGANISATION_KINDS}
    counts = [f"{ORGANISATION_KINDS[kind][0]} {count}" for kind, count in by_kind.items() if count]
    synthetic = "（含虚构演示数据 | including synthetic data）" if any(entry.synthetic for entry in (*organisations, *members)) else ""
    people = len({member.id for member in members})
    return f"{'，'.join(counts)}；人员编号 {people} 个 | {len(organisations)} organisations, {people} people (numbers only){synthetic}"


def _connection_pool() -> Pool:
    return Pool(settings.load(), 1)


if __name__ == "__main__":
    os.environ.setdefault("FENGQIAO_SERVICE", "mediation")
    sys.exit(app())
