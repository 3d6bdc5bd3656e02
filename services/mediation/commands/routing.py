"""分流规则 Routing rules: `python -m services.mediation.commands.routing check|dry-run|open`. The commands only read."""

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
from services.mediation.routing.dry_run import DryRunResult, simulate_routing

app = typer.Typer(help="分流规则：检查、试运行 | Routing rules: check, dry run.", add_completion=False)


@app.command()
def check(county: Path = typer.Argument(COUNTY.folder, help="县级配置目录 | county folder")):
    """检查规则文件，逐行指出错误 | Print every mistake in the county's routing.csv."""
    rules = _read_rules(county)
    typer.echo(f"{len(rules.rules)} 条规则，版本 {rules.edition} | {len(rules.rules)} rules, edition {rules.edition}")


@app.command("dry-run")
def dry_run(
    county: Path = typer.Option(COUNTY.folder, help="县级配置目录，默认用现行规则 | county folder; default: the rules in force"),
    days: int = typer.Option(365, min=1, max=3660, help="回溯日数 | number of past days"),
):
    """试运行：以规则对以往纠纷试作分流，与实际分流对照 | Compare what the rules would have proposed for past disputes with the actual routing."""
    service_settings = settings.load()
    now = datetime.now(SHANGHAI)
    rules = _read_rules(county)
    with Pool(service_settings, 1).transaction() as tx:
        past = routing_store.load_past(tx, now - timedelta(days=days))
        result = simulate_routing(past, rules, roster_store.load(tx), routing_store.load_records(tx), now.date())
    for line in format_result(result):
        typer.echo(line)


@app.command("open")
def count_open(agencies: list[str]):
    """各机构在办纠纷数；有在办纠纷时退出码为1 | Print the number of open disputes of each agency. Exit code 1 if there are any."""
    with Pool(settings.load(), 1).transaction() as tx:
        records = routing_store.load_records(tx)
    open_disputes = {agency: records[agency].open for agency in agencies if agency in records and records[agency].open}
    for agency, count in open_disputes.items():
        typer.echo(f"{agency}：在办纠纷 {count} 件 | {agency}: {count} open disputes")
    raise typer.Exit(1 if open_disputes else 0)


def format_result(result: DryRunResult):
    """Yield the lines of the result: totals, then a table by kind and body with the numbers proposed and decided."""
    yield f"规则版本 {result.edition}，以往纠纷 {result.disputes} 件 | edition {result.edition}, {result.disputes} past disputes"
    yield f"首选与实际一致 {result.first_choice} 件，在建议之内 {result.other_choice} 件，无建议 {result.no_proposal} 件 | first choice equals the decision {result.first_choice}, another choice equals it {result.other_choice}, no proposal {result.no_proposal}"  # fmt: skip
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
    """Return the rules of the folder, or print every mistake on standard error and exit with 1."""
    rules, errors = read_routing(county)
    if errors:
        for error in errors:
            typer.echo(error, err=True)
        raise typer.Exit(1)
    return rules


if __name__ == "__main__":
    os.environ.setdefault("FENGQIAO_SERVICE", "mediation")
    sys.exit(app())
