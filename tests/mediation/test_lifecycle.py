"""Do the tables hold together? Every pair that is not listed is refused, every clock ends, and nobody waits for nobody."""

import re
from pathlib import Path

import pytest

import contracts
from contracts.clocks import CLOCKS as NAMES
from contracts.clocks import is_article
from services.mediation import domain, lifecycle
from services.mediation.clocks.law import LAW
from services.mediation.deadlines import BY_NAME, CLOCKS
from services.mediation.lifecycle import ENDS, FIRST, GUARDS, NOTED, TRANSITIONS, WAITS_FOR, mermaid, targets
from tests.mediation.lives import CENTRE, DAMAN, FACTS, life_until, registered

STEPS = sorted({step for row in TRANSITIONS.values() for step in row} | set(FACTS))
REACHABLE = [state for state in TRANSITIONS if state != FIRST]


def goes_to(state):
    """Where the row of `state` leads, each with the step that leads there; a noted step leads nowhere."""
    return [(step, target) for step, cell in TRANSITIONS[state].items() for target in targets(cell) if target != NOTED]


@pytest.mark.parametrize("state", REACHABLE)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_the_table_does_not_list_is_refused_and_changes_nothing(state, step):
    if step in TRANSITIONS[state]:
        return
    life = life_until(state)
    before = repr(life.dispute)

    decision = life._hears(registered()) if step == "dispute.registered" else life.says(step)

    assert decision.refused == ("dispute_closed" if state == "closed" else "illegal_here")
    assert [type for type, _ in decision.said] == ["step.refused"]
    assert (repr(life.dispute), decision.transition, decision.deadlines) == (before, None, [])


def test_every_target_is_a_state_of_the_contract():
    assert set(TRANSITIONS) <= set(contracts.STATES)
    assert {target for state in TRANSITIONS for _, target in goes_to(state)} <= set(TRANSITIONS)


def test_only_the_declared_ends_have_no_way_out():
    assert tuple(state for state in TRANSITIONS if not any(target != state for _, target in goes_to(state))) == ENDS


def test_every_state_can_be_reached():
    reached, frontier = {FIRST}, [FIRST]
    while frontier:
        found = {target for _, target in goes_to(frontier.pop())} - reached
        reached |= found
        frontier += found

    assert reached == set(TRANSITIONS)


def test_from_every_state_an_end_can_be_reached():
    ending = set(ENDS)
    while more := {state for state in TRANSITIONS if {target for _, target in goes_to(state)} & ending} - ending:
        ending |= more

    assert ending == set(TRANSITIONS)


def test_every_step_is_a_word_of_the_contract_and_every_word_has_a_row():
    said = {step for row in TRANSITIONS.values() for step in row}

    assert said - {"dispute.registered"} <= set(contracts.STEPS)
    assert "dispute.registered" in contracts.DOMAIN_EVENTS


def test_every_guard_stands_before_a_step_and_has_a_reason_of_the_contract():
    assert set(GUARDS) <= {step for row in TRANSITIONS.values() for step in row}
    assert {reason for row in GUARDS.values() for _, reason in row} <= set(contracts.REASONS)


def test_every_state_but_an_end_waits_for_somebody():
    assert set(WAITS_FOR) == set(TRANSITIONS)
    assert {state for state, roles in WAITS_FOR.items() if not roles} == {FIRST, *ENDS}


@pytest.mark.parametrize("state", [state for state, roles in WAITS_FOR.items() if roles])
def test_whom_a_dispute_waits_for_can_take_it_further(state):
    agency = {"centre": CENTRE, "body": DAMAN}[WAITS_FOR[state][0]]

    assert any(target != state and contracts.may_say(agency, step) for step, target in goes_to(state))


def test_the_database_knows_the_same_states():
    migrations = sorted((Path(lifecycle.__file__).parent / "migrations").glob("*.sql"))
    listed = re.findall(r"a_state_of_the_table check \(state in \(([^)]*)\)", "".join(file.read_text("utf-8") for file in migrations))[-1]

    assert set(re.findall(r"'(\w+)'", listed)) == set(TRANSITIONS) - {FIRST}


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_every_clock_names_its_authority_its_kind_and_who_owes_it(clock):
    assert clock.name in NAMES
    for rule in LAW[clock.name]:
        assert rule.kind in ("LAW", "LOCAL_RULE", "POLICY")
        assert is_article(rule.article)
        assert rule.kind == "POLICY" or not rule.article.startswith(("after", "none")), "a borrowed rule is no law here"
    assert clock.owed_by in ("centre", "body")


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_every_clock_can_start_and_can_be_met(clock):
    assert any(target in clock.runs_in for step in clock.started_by for state in TRANSITIONS for s, target in goes_to(state) if s == step)
    assert any(step in TRANSITIONS[state] for step in clock.met_by for state in clock.runs_in)


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_no_clock_is_left_running_by_a_step_that_leads_out_of_its_states(clock):
    ways_out = {step for state in clock.runs_in for step, target in goes_to(state) if target not in clock.runs_in}

    assert ways_out <= set(clock.met_by)


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_an_extension_is_only_possible_while_the_clock_runs(clock):
    if clock.extended_by:
        assert {state for state, row in TRANSITIONS.items() if clock.extended_by in row} <= set(clock.runs_in)


def test_no_two_clocks_share_a_name():
    assert len(BY_NAME) == len(CLOCKS)


def test_what_a_dispute_remembers_is_about_steps_of_the_table():
    assert set(domain.REMEMBERED) <= {step for row in TRANSITIONS.values() for step in row}
    assert set(domain.ENDS_AS.values()) <= set(contracts.event_type("dispute.closed").schema().fields["outcome"].validate.choices)


def test_the_drawing_shows_every_change_of_the_table():
    drawn = mermaid()

    for state in TRANSITIONS:
        for step, target in goes_to(state):
            assert f"{state} --> {target}: {step}" in drawn
