"""What happens when the database goes away and comes back?"""

from tests.county import until


def test_what_agencies_say_meanwhile_waits_and_is_answered_when_it_is_back(county):
    county.settle()
    database = county.system.servers.database

    database.kill()
    report = county.womens_federation.reports()
    until(lambda: not any(ready for name, ready in county.system.readiness().items() if name in ("intake", "mediation", "door")), what="nobody was ready")
    assert report.receipts == []
    database.start()

    county.system.wait_ready()
    county.settle()
    assert report.receipts == ["receipt.accepted", "receipt.applied"]
    assert county.dead_letters() == 0
