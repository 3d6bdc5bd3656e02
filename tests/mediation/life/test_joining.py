"""What does it mean for the life of a dispute that it is the same as another, and that it is not?"""

from datetime import timedelta

import pytest

import contracts
from services.mediation.life import decisions
from services.mediation.life.transitions import OPEN
from tests.mediation.lives import CENTRE, CODE, DAMAN, MONDAY, Heard, Life, life_until


@pytest.mark.parametrize("state", OPEN)
def test_from_every_open_state_it_ends_in_the_other_and_comes_back_to_where_it_was(state):
    life = life_until(state)
    stood, deadlines = (life.state, life.dispute.outcome, life.dispute.body, life.dispute.mediator, life.dispute.consents), {*life.dispute.deadlines}

    joined = life.says("reports.joined")
    assert joined.refused is None and (life.state, life.dispute.outcome, life.dispute.deadlines) == ("closed", "merged", {})
    assert life.last("dispute.closed")["outcome"] == "merged"

    undone = life.says("reports.unjoined")
    assert undone.refused is None
    assert (life.state, life.dispute.outcome, life.dispute.body, life.dispute.mediator, life.dispute.consents) == stood
    assert {*life.dispute.deadlines} == deadlines
    assert life.last("reports.unjoined")["before"] == "closed" and decisions.fold(life.history) == state


def test_the_body_that_had_it_is_named_and_nobody_where_nobody_had_it():
    routed, registered = life_until("mediating"), life_until("registered")
    for life in (routed, registered):
        life.says("reports.joined")

    assert routed.last("reports.joined")["body"] == DAMAN and "body" not in registered.last("reports.joined")


def test_what_ended_otherwise_is_not_taken_apart():
    life = life_until("closed")

    assert life.says("reports.unjoined").refused == "illegal_here"
    assert life.says("reports.joined").refused == "dispute_closed"


def test_undone_it_can_be_joined_and_undone_again():
    life = life_until("routed")
    for _ in range(2):
        assert life.says("reports.joined").refused is None
        assert life.says("reports.unjoined").refused is None
    assert life.says("reports.unjoined").refused == "illegal_here"
    assert life.state == "routed"


def test_a_possible_duplicate_is_put_before_the_centre_and_changes_nothing():
    life = life_until("registered")
    told = contracts.DOMAIN_EVENTS["duplicate.proposed"].example
    decision = decisions.decide(life.dispute, Heard("duplicate.proposed", told, MONDAY, f"{CODE}/9"), MONDAY + timedelta(days=1))

    ((word, data),) = decision.said
    assert (word, data["owed_by"], data["other"]) == ("duplicate.noted", (CENTRE,), told["other"])
    contracts.dump(word, data, "mediation")
    assert decision.transition is None and life.state == "registered" and isinstance(life, Life)
