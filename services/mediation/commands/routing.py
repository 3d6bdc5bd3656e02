"""分流规则 Routing rules: `python -m services.mediation.commands.routing check|dry-run|open`. No command changes data."""

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
from services.mediation.routing.dry_run import DryRunResult, simulate_past_routing

app = typer.Typer(help="分流规则：检查、试运行 | Routing rules: check, dry run.", add_completion=False)


@app.command()
def check(county: Path = typer.Argument(COUNTY.folder, help="县级配置目录 | county folder")):
    """检查规则文件，逐行指出错误 | Print every mistake in the county's routing.csv."""
    rules = _read_rules(county)
    typer.echo(f"{len(rules.rules)} 条规则，版本 {rules.version} | {len(rules.rules)} rules, version {rules.version}")


@app.command("dry-run")
def dry_run(
    county: Path = typer.Option(COUNTY.folder, help="县级配置目录，默认用现行规则 | county folder; default: the rules in use"),
    days: int = typer.Option(365, min=1, max=3660, help="回溯日数 | number of past days"),
):
    """试运行：以规则对以往纠纷试作分流，与实际分流对照 | Compare what the rules would have proposed for past disputes with the actual routing."""
    service_settings = settings.load()
    now = datetime.now(SHANGHAI)
    rules = _read_rules(county)
    with Pool(service_settings, 1).transaction() as tx:
        past_disputes = routing_store.load_past_disputes(tx, now - timedelta(days=days))
        result = simulate_past_routing(past_disputes, rules, roster_store.load(tx), routing_store.load_body_statistics(tx), now.date())
    for line in format_result(result):
        typer.echo(line)


@app.command("open")
def count_open_disputes(agencies: list[str]):
    """各机构在办纠纷数；有在办纠纷时退出码为1 | Print the number of open disputes of each agency. Exit code 1 if there are any."""
    with Pool(settings.load(), 1).transaction() as tx:
        statistics = routing_store.load_body_statistics(tx)
    open_disputes = {agency: statistics[agency].open for agency in agencies if agency in statistics and statistics[agency].open}
    for agency, count in open_disputes.items():
        typer.echo(f"{agency}：在办纠纷 {count} 件 | {agency}: {count} open disputes")
    raise typer.Exit(1 if open_disputes else 0)


def format_result(result: DryRunResult):
    """Yield lines of text: the totals, then for each kind of dispute and body how many disputes were proposed for the body and how many were sent to it."""
    yield f"规则版本 {result.version}，以往纠纷 {result.disputes} 件 | version {result.version}, {result.disputes} past disputes"
    yield f"首选与实际一致 {result.first_choice} 件，在建议之内 {result.other_choice} 件，无建议 {result.no_proposal} 件 | sent to the first choice: {result.first_choice}, sent to another proposed body: {result.other_choice}, no proposal: {result.no_proposal}"  # fmt: skip
    yield "类型 kind\t机构 body\t建议 proposed\t实际 decided\t差异 difference"
    for (kind, body), proposed in sorted((Counter(result.proposed) | Counter(dict.fromkeys(result.decided, 0))).items()):
        yield _format_row(kind, body, proposed, result.decided.get((kind, body), 0))
    for (kind, body), decided in sorted(result.decided.items()):
        if (kind, body) not in result.proposed:
            yield _format_row(kind, body, 0, decided)


def _format_row(kind, body, proposed, decided):
    agency = AGENCIES.get(body)
    return f"{KINDS[kind][0]} {kind}\t{agency.zh if agency else body} {body}\t{proposed}\t{decided}\t{proposed - decided:+d}"


def _read_rules(county: Path):
    """Return the routing rules of the folder. If there are mistakes, print them on standard error and exit with 1."""
    rules, errors = read_routing(county)
    if errors:
        for error in errors:
            typer.echo(error, err=True)
        raise typer.Exit(1)
    return rules


if __name__ == "__main__":
    os.environ.setdefault("FENGQIAO_SERVICE", "mediation")
    sys.exit(app())
