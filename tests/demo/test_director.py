"""Is a quarter told over real queues, in order, by each agency in its own name, and is what is missing noticed?"""

from collections import defaultdict
from datetime import date, datetime

import pytest

from contracts.dates import SHANGHAI
from demo.director import Director, Play
from demo.history import quarter
from tests.fengqiao_agency.broker import Broker
from tests.fengqiao_agency.hub import Hub

UNTIL = date(2026, 10, 1)
# Those who say most: each is a process of its own.
AGENCIES = {
    "mediation_centre", "peoples_mediation_committee", "peoples_mediation_committee-xijie", "industry_mediation_body", "trade_union", "grid", "police",
}  # fmt: skip


@pytest.fixture(scope="module")
def broker(servers):
    return Broker(servers, f"{servers.vhost}_director", agencies=sorted(AGENCIES), narrow=())


@pytest.fixture
def endpoints(broker):
    return {"agencies": {code: {"amqp": broker.uri(code)} for code in AGENCIES}}


def _lives():
    now = datetime(2026, 10, 1, tzinfo=SHANGHAI)
    lives = [life.until(now) for life in quarter(3, 600, UNTIL)]
    lives = [life for life in lives if {step.agency for step in life} <= AGENCIES]
    return [*lives[:20], *(life for life in lives[20:] if any(step.at_once or step.expected != "receipt.applied" for step in life))]


def test_a_quarter_is_told_in_order_and_told_again_changes_nothing(broker, endpoints, tmp_path):
    expected = {step.id: step.expected for life in _lives() for step in life}
    refuse, reject = (lambda e, which=which: expected[e.get_id()] == which for which in ("receipt.refused", "receipt.rejected"))
    with Hub(broker.uri(), list(AGENCIES), refuse=refuse, reject=reject) as hub:
        for _ in range(2):
            with Director(endpoints, tmp_path) as director:
                assert director.tell([Play(life) for life in _lives()], patience=20)
            assert director.counts["ended"] == len(expected)
            assert not director.unexpected

        heard = defaultdict(list)
        for agency, _, event in hub.heard:
            heard[event.rsplit("-", 1)[0]].append((event, agency))
        for life in _lives():
            if life:
                assert heard[life[0].id.rsplit("-", 1)[0]] == [(step.id, step.agency) for step in life]


def test_a_hub_that_keeps_silent_is_noticed(broker, endpoints, tmp_path):
    with Hub(broker.uri(), list(AGENCIES), answer=False), Director(endpoints, tmp_path) as director:
        assert not director.tell([Play(_lives()[0])], patience=3)
        assert director.open == 1
