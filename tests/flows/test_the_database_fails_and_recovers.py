"""The database is killed and restarted. Events reported in between are answered after the restart, and no OS process has to be restarted."""

import pytest

from tests.county import structured_event, wait_until


def test_events_reported_while_the_database_is_down_are_answered_after_the_database_is_restarted(county):
    county.settle()
    database, starts = county.system.servers.database, [county.system.start_count(name) for name in county.system.names]
    if database is None:
        pytest.skip("DATABASE_URL names a server that this test may not kill")

    database.kill()
    report = county.womens_federation.reports_dispute()
    wait_until(
        lambda: not any(ready for name, ready in county.system.readiness().items() if name in ("intake", "mediation", "door")), what="no process was ready"
    )
    assert report.receipts == []
    assert county.post_event("police", structured_event("police", "dispute.reported")).status_code == 503
    database.start()

    county.system.wait_ready()
    county.settle()
    assert report.receipts == ["receipt.accepted", "receipt.applied"]
    assert county.count_dead_letters() == 0
    assert [county.system.start_count(name) for name in county.system.names] == starts  # no OS process was restarted
