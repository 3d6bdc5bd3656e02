"""Tests of the selection of disputes whose deadlines are due for a check."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts import COUNTY
from plumbing.events import Event
from services.intake import codes
from services.mediation import store
from services.mediation.dispute.model import Deadline, Decision, Dispute

MARGIN, PATIENCE = timedelta(minutes=5), timedelta(minutes=10)


def mark(up_to, stated):
    return {"agency": "court", "up_to": up_to.isoformat(), **({"stated": True} if stated else {})}


@pytest.mark.parametrize(
    ("heard_after_end", "stated", "set_before", "is_due"),
    [
        (timedelta(minutes=1), False, timedelta(hours=1), False),  # within the margin
        (timedelta(minutes=6), False, timedelta(hours=1), True),
        (timedelta(minutes=6), False, timedelta(minutes=1), False),  # set just now, perhaps by a bulk import
        (timedelta(minutes=1), True, timedelta(minutes=1), True),  # the agency stated that it has reported everything
        (timedelta(minutes=-1), False, timedelta(hours=1), False),
    ],
)
def test_a_deadline_that_waits_for_an_agency_is_selected_only_if_the_agency_was_heard_far_enough(sandbox, heard_after_end, stated, set_before, is_due):
    sandbox.rows("truncate mediation.deadlines, mediation.watermarks")  # left by other tests of this worker
    pool, code, now = sandbox.pool("mediation"), codes.make_code(COUNTY.area, 2026, 4790), datetime.now(UTC)
    ended = now - timedelta(hours=2)
    deadline = Deadline("filing_decision", "filing_decision", "LAW", ended, ended, ("court",), now - set_before, now + timedelta(days=1), awaits=("court",))
    with pool.transaction() as tx:
        store.save(tx, [(None, Decision(Dispute(code), deadlines=[deadline]))])
        for partition in range(tx.settings.partitions):
            event = Event("intake", "w/1", "watermarks.advanced", f"partition-{partition}", now, {"agencies": [mark(ended + heard_after_end, stated)]})
            store.save_watermarks(tx, [event])
    try:
        with pool.transaction() as tx:
            assert (code in store.load_due_codes(tx, 10, MARGIN, PATIENCE)) is is_due
    finally:
        sandbox.rows("delete from mediation.deadlines where code = %s", code)
        sandbox.rows("delete from mediation.watermarks")
