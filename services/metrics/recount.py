"""Recount of everything that the read model stores as a count, from the timelines and rows of the disputes. Pure functions.

The counts that events change by differences (domain.py) must equal this recount at any time, whatever was corrected, withdrawn, joined or unjoined.
"""

from collections import Counter
from collections.abc import Iterable

from services.metrics.domain import DAILY_FIGURE_OF_STATE, figures_of_entries, shanghai_date
from services.metrics.model import Dispute

# Stored counts, by name of the table. Keys are in the order of AGGREGATE_TABLES in store.py.
COUNTED_TABLES = ("open_cube", "open_waits", "daily_counts", "daily_totals", "daily_disputes", "totals")


def recount(disputes: Iterable[Dispute], timelines: dict[str, list[tuple]]) -> tuple[dict[str, Counter], list[str]]:
    """Return the counts of these disputes by table, and a list of the rows that differ from their own history.

    `timelines`: rows of metrics.timeline by dispute code.
    """
    counts = {table: Counter() for table in COUNTED_TABLES}
    differences = []
    for dispute in disputes:
        rows = sorted(timelines.get(dispute.code, ()), key=lambda row: (row[1], row[2]))
        if (state := state_of_history(rows)) != dispute.state:
            differences.append(f"disputes {dispute.code}: state {dispute.state}, by its history {state}")
        if (overdue := overdue_by_deadlines(dispute)) != dispute.overdue:
            differences.append(f"disputes {dispute.code}: overdue {dispute.overdue}, by its deadlines {overdue}")
        _count_open(counts, dispute)
        for (day, figure), count in daily_figures_of_history(rows).items():
            counts["daily_counts"][day, figure, dispute.township, dispute.kind] += count
            counts["daily_totals"][day, figure] += count
            counts["daily_disputes"][day, figure, dispute.code] += count
        counts["totals"].update(filter(None, map(_total_of_row, rows)))
    return counts, differences


def _count_open(counts, dispute):
    if dispute.closed_at is None and dispute.merged_into is None:
        counts["open_cube"][dispute.township, dispute.state, dispute.kind, dispute.overdue] += 1
        counts["open_waits"].update((dispute.township, agency, dispute.overdue) for agency in dispute.next_actors)


def _by_producer(rows, producer):
    return [row for row in rows if row[1] == producer]


def state_of_history(rows: list[tuple]) -> str:
    """Return the state of a dispute after these rows of its timeline."""
    states = [row[7]["state"] for row in _by_producer(rows, "mediation") if "state" in row[7] and row[4] != "step.refused"]
    return states[-1] if states else "registered"


def overdue_by_deadlines(dispute: Dispute) -> str:
    """Return which kinds of deadlines of the dispute have passed, as in the column `overdue`."""
    laws = {deadline.kind == "LAW" for deadline in dispute.deadlines.values() if deadline.state == "passed"}
    return {frozenset(): "none", frozenset({True}): "law", frozenset({False}): "other"}.get(frozenset(laws), "both")


def daily_figures_of_history(rows: list[tuple]) -> Counter:
    """Return the daily figures in which a dispute with these rows of its timeline counts, as {(day, figure): count}."""
    figures, refused, state, joined_at = set(), Counter(), "registered", []
    for _, _, _, at, type, _, _, detail in _by_producer(rows, "mediation"):
        if type == "step.refused":
            refused[shanghai_date(at), "refused"] += 1
        elif type == "dispute.recomputed":
            state = detail.get("state", state)
            figures = {tuple(key.split()) for key in figures_of_entries(detail["entries"], joined_at)}
        elif type == "reports.joined":
            state = detail.get("state", state)
            joined_at.append(at)
        elif detail.get("state", state) != state:
            state = detail["state"]
            if state in DAILY_FIGURE_OF_STATE:
                figures.add((shanghai_date(at), DAILY_FIGURE_OF_STATE[state]))
    is_merged = False
    for code, _, _, at, type, _, _, detail in _by_producer(rows, "intake"):
        if type == "dispute.registered":
            figures.add((shanghai_date(at), "reported"))
        elif type == "dispute.merged" and detail["into"] != code:
            is_merged = True
        elif type == "dispute.unmerged" and detail["into"] == code:
            is_merged = False
    return refused + Counter(() if is_merged else figures)


def _total_of_row(row):
    """Return the counter of metrics.totals to which the event of this row adds one, as (figure, label); None if it adds to none."""
    _, source, _, _, type, agency, _, detail = row
    match source, type:
        case "intake", "dispute.registered":
            return "registered", agency or ""
        case "mediation", "step.refused":
            return "refused", (detail.get("reason") or {}).get("code", "")
        case "mediation", "dispute.closed":
            return "closed", detail.get("outcome") or ""
        case "notify", "notice.sent" | "notice.undeliverable":
            return "notices", type.removeprefix("notice.")
    return None
