"""What happens when the database goes away and comes back?"""

import pytest

from tests.county import structured, wait_until


def test_what_agencies_say_meanwhile_waits_and_is_answered_when_it_is_back(county):
    county.settle()
    database, starts = county.system.servers.database, [county.system.starts(name) for name in county.system.names]
    if database is None:
        pytest.skip("DATABASE_URL names a server that is not ours to kill")

    database.kill()
    report = county.womens_federation.reports_dispute()
    wait_until(lambda: not any(ready for name, ready in county.system.readiness().items() if name in ("intake", "mediation", "door")), what="nobody was ready")
    assert report.receipts == []
    assert county.posts_event("police", structured("police", "dispute.reported")).status_code == 503
    database.start()

    county.system.wait_ready()
    county.settle()
    assert report.receipts == ["receipt.accepted", "receipt.applied"]
    assert county.dead_letters() == 0
    assert [county.system.starts(name) for name in county.system.names] == starts  # nobody had to be started again
