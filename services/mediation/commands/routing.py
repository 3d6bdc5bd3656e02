"""分流规则 Routing rules: `python -m services.mediation.commands.routing check|dry-run`, by an operator. Nothing is sent and nothing is changed."""

import os
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import typer

from contracts import AGENCIES, COUNTY, KINDS
from contracts.dates import SHANGHAI
from plumbing import settings
from plumbing.pool import Pool
from services.mediation.county_files import read_routing
from services.mediation.rosters import store as roster_store
from services.mediation.routing import store as routing_store
from services.mediation.routing.rehearsal import Rehearsal, rehearse

app = typer.Typer(help="分流规则：检查、试运行 | Routing rules: check, dry run.", add_completion=False)


@app.command()
def check(county: Path = typer.Argument(COUNTY.folder, help="县级配置目录 | the county's folder")):
    """检查规则文件，逐行指出错误 | Print every mistake in the county's routing.csv."""
    found = _read(county)
    typer.echo(f"{len(found.rules)} 条规则，版本 {found.edition} | {len(found.rules)} rules, edition {found.edition}")


@app.command("dry-run")
def dry_run(
    county: Path = typer.Option(COUNTY.folder, help="县级配置目录；不给则用现行规则 | the county's folder; that in force if not given"),
    days: int = typer.Option(365, min=1, max=3660, help="回看多少日 | how many days back"),
):
    """试运行：往日的纠纷按规则会分到哪里，与实际有何不同 | What past disputes would have gone where, beside where they went."""
    chosen = settings.load()
    now = datetime.now(SHANGHAI)
    found = _read(county)
    with Pool(chosen, 1).transaction() as tx:
        past = routing_store.load_past(tx, now - timedelta(days=days))
        result = rehearse(past, found, roster_store.load(tx), routing_store.load_records(tx), now.date())
    for line in lines(result):
        typer.echo(line)


@app.command("open")
def count_open(agencies: list[str]):
    """各机构在办纠纷数；有在办的则退出码为1 | How many open disputes each agency has; exits with 1 if any has some."""
    with Pool(settings.load(), 1).transaction() as tx:
        records = routing_store.load_records(tx)
    having = {agency: records[agency].open for agency in agencies if agency in records and records[agency].open}
    for agency, count in having.items():
        typer.echo(f"{agency}：在办纠纷 {count} 件 | {agency}: {count} open disputes")
    raise typer.Exit(1 if having else 0)


def lines(result: Rehearsal):
    """The table that a person reads: kind by body, as proposed and as decided."""
    yield f"规则版本 {result.edition}，往日纠纷 {result.disputes} 件 | edition {result.edition}, {result.disputes} past disputes"
    yield f"首选与实际相同 {result.same} 件，在建议之内 {result.among} 件，无建议 {result.nobody} 件 | first choice as decided {result.same}, among the proposed {result.among}, nobody proposed {result.nobody}"  # fmt: skip
    yield "类型 kind\t机构 body\t建议 proposed\t实际 decided\t差异 difference"
    for (kind, body), proposed in sorted((Counter(result.proposed) | Counter(dict.fromkeys(result.decided, 0))).items()):
        yield _line(kind, body, proposed, result.decided.get((kind, body), 0))
    for (kind, body), decided in sorted(result.decided.items()):
        if (kind, body) not in result.proposed:
            yield _line(kind, body, 0, decided)


def _line(kind, body, proposed, decided):
    named = AGENCIES.get(body)
    return f"{KINDS[kind][0]} {kind}\t{named.zh if named else body} {body}\t{proposed}\t{decided}\t{proposed - decided:+d}"


def _read(county: Path):
    rules, errors = read_routing(county)
    if errors:
        for error in errors:
            typer.echo(error, err=True)
        raise typer.Exit(1)
    return rules


if __name__ == "__main__":
    os.environ.setdefault("FENGQIAO_SERVICE", "mediation")
    sys.exit(app())
