"""名册 The rosters: `python -m services.mediation.commands.rosters check|load|show`, by an operator, from organisations.csv and members.csv of the county's folder."""

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
from services.mediation.rosters.roster import Organisation, clashes

app = typer.Typer(help="名册：检查、载入、查看 | Rosters: check, load, show.", add_completion=False)
SHOWN = 20  # mistakes at a time: a person puts them right one after the other


@app.command()
def check(folder: Path = typer.Argument(COUNTY.folder)):
    """检查名册文件，逐行指出错误，不载入 | Says what is wrong in the files, line by line; loads nothing."""
    typer.echo(_counted(_read(folder)))


@app.command()
def load(
    folder: Path = typer.Argument(COUNTY.folder), only_if_empty: bool = typer.Option(False, help="已有名册时不载入 | not where there are rosters already")
):
    """载入名册：全部正确才载入，可重复执行 | Loads them if all of it is right; may be repeated."""
    found = _read(folder)
    with _database().transaction() as tx:
        before = store.load(tx, locked=True)
        if only_if_empty and before.organisations:
            typer.echo("已有名册，未作改动 | there are rosters already; nothing was changed")
            return
        new = [*found["organisations"], *found["members"]]
        clashing = clashes(before, new)
        if clashing:
            for earlier, later in clashing[:SHOWN]:
                code = later.code if isinstance(later, Organisation) else f"{later.organisation} {later.id}"
                typer.echo(f"{code}：自{later.valid_from}的记载与自{earlier.valid_from}的已有记载有效期重叠 | {code}: what is given from {later.valid_from} overlaps "
                           f"with what is known from {earlier.valid_from}", err=True)  # fmt: skip
            raise typer.Exit(1)
        store.save(tx, new)
    typer.echo(_counted(found))


@app.command()
def show(
    on: datetime = typer.Option(None, formats=["%Y-%m-%d"], help="哪一天 | which day; today if not given"),
    kind: str = typer.Option(None, help="类别 | of this kind only"),
    township: str = typer.Option(None, help="乡镇街道 | of this township only"),
):
    """某日有效的名册 | The rosters as they hold on a day. People as numbers; no order of merit."""
    day = on.date() if on else datetime.now(SHANGHAI).date()
    with _database().transaction() as tx:
        roster = store.load(tx)
    for organisation in roster.on(day):
        if kind in (None, organisation.kind) and township in (None, organisation.township):
            people = [f"{member.id}（{MEMBER_ROLES[member.role][0]}）" for member in roster.members_of(organisation.code, day)]
            takes = "、".join(KINDS[one][0] for one in organisation.takes) or "各类"
            typer.echo("\t".join((organisation.code, ORGANISATION_KINDS[organisation.kind][0], TOWNSHIPS[organisation.township][0], organisation.agency,
                                  takes, organisation.zh, " ".join(people))))  # fmt: skip


def _read(folder: Path) -> dict:
    """Return the entries of both files, or exit with the first mistakes on standard error."""
    found, errors = read_rosters(folder)
    if errors:
        for error in errors[:SHOWN]:
            typer.echo(error, err=True)
        typer.echo(f"共{len(errors)}处错误，未载入 | {len(errors)} mistakes; nothing was loaded", err=True)
        raise typer.Exit(1)
    return found


def _counted(found: dict) -> str:
    organisations, members = found["organisations"], found["members"]
    by_kind = {kind: sum(o.kind == kind for o in organisations) for kind in ORGANISATION_KINDS}
    said = [f"{ORGANISATION_KINDS[kind][0]} {count}" for kind, count in by_kind.items() if count]
    synthetic = "（含虚构演示数据 | synthetic data among them）" if any(entry.synthetic for entry in (*organisations, *members)) else ""
    people = len({member.id for member in members})
    return f"{'，'.join(said)}；人员编号 {people} 个 | {len(organisations)} organisations, {people} people by number{synthetic}"


def _database() -> Pool:
    return Pool(settings.load(), 1)


if __name__ == "__main__":
    os.environ.setdefault("FENGQIAO_SERVICE", "mediation")
    sys.exit(app())
