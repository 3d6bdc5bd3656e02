"""Tests of the recount of the read model, which the command `check` runs: it finds nothing after any events, and finds a changed row."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metrics import recount_store
from tests.metrics.histories import CODES, confirmed_step, deadline_event, event_streams, interleaved_batches, make_event, registered_event
from tests.metrics.test_store import TABLES


def differences(pool) -> list[str]:
    with pool.transaction() as tx:
        return list(recount_store.find_differences(tx))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_recount_finds_no_difference_after_any_events(pool, hear, data):
    with pool.transaction() as tx:
        tx.run(f"truncate {', '.join('metrics.' + name for name in TABLES.split(', '))}")
        tx.run("update metrics.head set last_change = 0, writer = 0")
    hear(*data.draw(interleaved_batches(data.draw(event_streams()))))

    assert differences(pool) == []


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ("update metrics.open_cube set count = count + 1", "open_cube 620702102, accepted, family, law"),
        ("update metrics.open_waits set count = 9", "open_waits 620702102, court, law: 9 stored, 1 counted"),
        ("update metrics.daily_totals set count = 0", "daily_totals 2026-11-20, accepted: 0 stored, 1 counted"),
        ("delete from metrics.daily_disputes", "daily_disputes 2026-11-20, accepted"),
        ("update metrics.disputes set overdue = 'other'", f"disputes {CODES[0]}: overdue other"),
        ("update metrics.totals set count = 7", "totals registered, womens_federation: 7 stored, 1 counted"),
        ("update metrics.disputes set state = 'agreed'", f"disputes {CODES[0]}: state agreed"),
    ],
)
def test_a_changed_row_is_found_by_the_recount_from_the_history(pool, hear, changed, line):
    hear(
        [
            registered_event(),
            deadline_event(1, "set", kind="LAW", due=5),
            deadline_event(2, "passed", kind="LAW", due=5),
            confirmed_step(3, "referral.accepted", "accepted", ["court"]),
            make_event("mediation", 4, "step.refused", state="accepted", step="case.closed"),
        ]
    )
    assert differences(pool) == []

    with pool.transaction() as tx:
        tx.run(changed)

    assert any(found.startswith(line) for found in differences(pool))
