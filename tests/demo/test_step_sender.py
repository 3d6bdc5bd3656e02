"""Tests of the demonstration's step sender with a real broker: each agency sends its own steps, in order, and missing receipts are noticed."""

from collections import defaultdict
from datetime import date, datetime

import pytest

from contracts.dates import SHANGHAI
from demo.history import simulate_quarter
from demo.step_sender import OpenDispute, StepSender
from tests.fengqiao_agency.broker import BrokerVhost
from tests.fengqiao_agency.fake_hub import FakeHub

HISTORY_END_DATE = date(2026, 10, 1)
# The agencies with the most steps.
AGENCIES = {
    "mediation_centre", "peoples_mediation_committee", "peoples_mediation_committee-xijie", "industry_mediation_body", "trade_union", "grid", "police",
}  # fmt: skip


@pytest.fixture(scope="module")
def broker(servers):
    return BrokerVhost(servers, f"{servers.vhost}_step_sender", agencies=sorted(AGENCIES), short_queue_agencies=())


@pytest.fixture
def endpoints(broker):
    return {"agencies": {code: {"amqp": broker.uri(code)} for code in AGENCIES}}


def _step_lists():
    now = datetime(2026, 10, 1, tzinfo=SHANGHAI)
    step_lists = [history.steps_until(now) for history in simulate_quarter(3, 600, HISTORY_END_DATE)]
    step_lists = [steps for steps in step_lists if {step.agency for step in steps} <= AGENCIES]
    return [*step_lists[:20], *(steps for steps in step_lists[20:] if any(step.without_waiting or step.expected != "receipt.applied" for step in steps))]


def test_steps_arrive_in_order_and_a_step_is_not_sent_again_if_the_same_history_is_sent_again(broker, endpoints, tmp_path):
    expected = {step.id: step.expected for steps in _step_lists() for step in steps}
    refuse, reject = (lambda e, which=which: expected[e.get_id()] == which for which in ("receipt.refused", "receipt.rejected"))
    with FakeHub(broker.uri(), list(AGENCIES), refuse=refuse, reject=reject) as hub:
        for _ in range(2):
            with StepSender(endpoints, tmp_path) as sender:
                assert sender.send_all([OpenDispute(steps) for steps in _step_lists()], patience=20)
            assert sender.counts["finished"] == len(expected)
            assert not sender.unexpected_receipts

        received = defaultdict(list)
        for agency, _, event in hub.received:
            received[event.rsplit("-", 1)[0]].append((event, agency))
        for steps in _step_lists():
            if steps:
                assert received[steps[0].id.rsplit("-", 1)[0]] == [(step.id, step.agency) for step in steps]


def test_send_all_returns_false_if_no_receipt_arrives_for_the_given_number_of_seconds(broker, endpoints, tmp_path):
    with FakeHub(broker.uri(), list(AGENCIES), answer=False), StepSender(endpoints, tmp_path) as sender:
        assert not sender.send_all([OpenDispute(_step_lists()[0])], patience=3)
        assert sender.unfinished_count == 1
