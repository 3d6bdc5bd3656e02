"""Searches the services for uses of the system time. What happened is decided by the times of events, so that the time at which events are loaded does not matter.

A new use needs an entry in ALLOWED with its reason: scheduling, a stamp of when the system did something, a page that shows the present, or the refusal of
times in the future.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SQL_CLOCK_PATTERN = re.compile(r"\bnow\(\)|\bcurrent_(?:date|timestamp|time)\b|\bclock_timestamp\b|\blocaltimestamp\b")
CLOCK_CALLS = {"utc_now", "datetime.now", "dt.datetime.now", "date.today", "datetime.today", "time.time"}  # names of functions as they are called
CLOCK_ATTRIBUTES = {"tx.now"}  # the system time at the begin of a transaction

ALLOWED = {
    # file in services/: reason why it uses the system time
    "intake/checks.py": "the check of a running system leaves out events of the last minute",
    "intake/envelope.py": "placeholder for the time of an event that cannot be read and is refused",
    "intake/ingest.py": "refusal of times in the future; a watermark is never ahead of the system time",
    "intake/recovery.py": "a recovery sends the receipts of the last days again",
    "intake/service.py": "scheduling of the publication of watermarks",
    "intake/store/lane.py": "time of an access to the safeguard lane",
    "intake/store/log.py": "received_at of the log",
    "intake/store/reports.py": "deletion of matching tokens some time after they were stored",
    "mediation/commands/routing.py": "default day of a trial run by an operator",
    "mediation/commands/rosters.py": "default day of a roster that an operator prints",
    "mediation/routing/proposals.py": "proposals state who is on the roster when they are made",
    "mediation/routing/store.py": "load of mediation bodies when a proposal is made",
    "mediation/service.py": "decided_at, and checks of deadlines that are due",
    "mediation/store.py": "decided_at, set_at, and checks of deadlines that are due",
    "metrics/queries.py": "pages that show what is due now",
    "metrics/store.py": "times at which rows of the read model were written",
    "metrics/web/pages.py": "pages that show the present",
    "notify/recovery.py": "a recovery sends the notices of the last days again",
    "notify/sending.py": "time of the dispatch of a webhook",
    "notify/service.py": "scheduling of webhooks",
    "notify/store.py": "scheduling of webhooks, and times at which notices were sent",
}


def clock_uses(source: str) -> list[int]:
    """Return the numbers of the lines in which this Python code uses the system time, in Python or in SQL. Docstrings do not count."""
    tree, lines = ast.parse(source), []
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for node in ast.walk(tree):
        is_call = isinstance(node, (ast.Name, ast.Attribute)) and any(
            ast.unparse(node) == name or ast.unparse(node).endswith(f".{name}") for name in CLOCK_CALLS
        )
        is_attribute = isinstance(node, ast.Attribute) and ast.unparse(node) in CLOCK_ATTRIBUTES
        is_sql = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings and SQL_CLOCK_PATTERN.search(node.value.lower())
        if is_call or is_attribute or is_sql:
            lines.append(node.lineno)
    return lines


def files_with_clock_uses() -> dict[str, list[int]]:
    paths = sorted((ROOT / "services").rglob("*.py"))
    found = {path.relative_to(ROOT / "services").as_posix(): clock_uses(path.read_text("utf-8")) for path in paths}
    return {name: lines for name, lines in found.items() if lines}


def test_no_service_uses_the_system_time_except_in_the_allowed_files():
    assert {name: lines for name, lines in files_with_clock_uses().items() if name not in ALLOWED} == {}


def test_every_allowed_file_uses_the_system_time():
    assert set(ALLOWED) - set(files_with_clock_uses()) == set()


def test_pure_rules_of_intake_and_mediation_use_no_system_time():
    """Rules get the times that they need from their callers; only entrypoints, commands and SQL may ask for the present time."""
    rules = [name for name in ALLOWED if re.match(r"(?:intake/(?:domain|duplicates|joining|lane|codes)|mediation/(?:lifecycle|deadlines|law|dispute)/)", name)]
    assert rules == []


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("from plumbing import events\nt = events.utc_now()", True),
        ("t = datetime.now(UTC)", True),
        ("t = dt.date.today()", True),
        ("t = tx.now - DAY", True),
        ("rows = tx.rows(f'delete from t where at < now() - {days}')", True),
        ("rows = tx.rows('select current_date')", True),
        ("'''Deletes what is older than now().'''", False),
        ("t = event.time", False),
        ("limit = time.monotonic()", False),
    ],
)
def test_the_search_finds_uses_of_the_system_time(source, is_found):
    assert bool(clock_uses(source)) is is_found
