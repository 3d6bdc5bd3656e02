"""Do the tables hold together? Every pair that is not listed is refused, every clock ends, and nobody waits for nobody."""

import re
from datetime import date
from pathlib import Path

import pytest

import contracts
import contracts.kinds
from contracts.clocks import CLOCKS as NAMES
from contracts.clocks import is_article
from docs.generate.lifecycle import mermaid
from services.mediation.deadlines.clocks import BY_NAME, CLOCKS
from services.mediation.dispute import guards, tracks
from services.mediation.dispute.matters import NOT_CONFIRMED, NOT_MEDIATED
from services.mediation.dispute.model import Dispute, who
from services.mediation.dispute.tracks import TRACKS
from services.mediation.law.periods import LAW
from services.mediation.life import decisions, transitions
from services.mediation.life.effects import EFFECTS
from services.mediation.life.transitions import ENDS, FIRST, GUARDS, IN_COURT, NEXT_ACTORS, OPEN, PRINCIPLES, TIME_SAYS, TRANSITIONS, leads_to
from tests.mediation.lives import DAMAN, FACTS, life_until, registered

ONLY_TIME_SAYS = set(TIME_SAYS.values()) - set(contracts.STEPS)
STEPS = sorted(({step for row in TRANSITIONS.values() for step in row} | set(FACTS)) - ONLY_TIME_SAYS)
NOT_OF_ONE_LIFE = set()
UNLISTED = [(step, state) for step in STEPS for state, row in TRANSITIONS.items() if state != FIRST and step not in row]


def goes_to(state):
    """Where the row of `state` leads, each with the step that leads there; a noted step leads nowhere."""
    return [(step, target) for step, cell in TRANSITIONS[state].items() for target in leads_to(cell)]


@pytest.mark.parametrize(("step", "state"), UNLISTED)
def test_a_step_that_the_table_does_not_list_is_refused_and_changes_nothing(step, state):
    life = life_until(state)
    before = repr(life.dispute)

    decision = life._hears(registered()) if step == "dispute.registered" else life.says(step)

    assert decision.refused == ("dispute_closed" if state == "closed" else "illegal_here")
    assert [type for type, _ in decision.said] == ["step.refused"]
    assert (repr(life.dispute), decision.transition, decision.deadlines) == (before, None, [])


def test_every_target_is_a_state_of_the_contract():
    assert set(TRANSITIONS) <= set(contracts.STATES)
    assert {target for state in TRANSITIONS for _, target in goes_to(state)} <= set(TRANSITIONS)


def test_there_is_no_dead_end_and_an_end_is_left_only_by_opening_it_again_or_by_suing():
    assert all(any(target != state for _, target in goes_to(state)) for state in TRANSITIONS)
    assert {step for end in ENDS for step, _ in goes_to(end)} == {"dispute.reopened", "case.filed"}


def test_the_way_to_court_is_open_from_every_state_that_is_not_in_court():
    assert all(TRANSITIONS[state]["case.filed"] == "filed" for state in (*OPEN, *ENDS) if state not in IN_COURT)


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

    assert said - {"dispute.registered", *ONLY_TIME_SAYS} == set(contracts.STEPS) - NOT_OF_ONE_LIFE
    assert {"dispute.registered", *ONLY_TIME_SAYS} <= set(contracts.DOMAIN_EVENTS)


def test_every_guard_stands_before_a_step_and_has_a_reason_of_the_contract():
    assert set(GUARDS) <= {step for row in TRANSITIONS.values() for step in row}
    assert {reason for row in GUARDS.values() for _, reason in row} <= set(contracts.REASONS)


def test_every_state_but_an_end_waits_for_somebody():
    assert set(NEXT_ACTORS) == set(TRANSITIONS)
    assert {state for state, roles in NEXT_ACTORS.items() if not roles} == {FIRST, *ENDS}


@pytest.mark.parametrize("state", [state for state, roles in NEXT_ACTORS.items() if roles])
def test_whom_a_dispute_waits_for_can_take_it_further(state):
    for agency in who(Dispute("", body=DAMAN), NEXT_ACTORS[state][:1]):
        assert any(target != state and contracts.may_say(agency, step) for step, target in goes_to(state)), agency


@pytest.mark.parametrize("agency", [code for code in contracts.AGENCIES if contracts.may_say(code, "referral.accepted")])
def test_whoever_may_take_a_referral_may_say_everything_that_a_mediator_has_to_say(agency):
    mediators = ["consent.given", "consent.refused", "mediation.started", "session.held", "agreement.reached", "mediation.terminated", "performance.recorded"]

    assert all(contracts.may_say(agency, step) for step in mediators)


def test_every_principle_of_the_domain_is_a_guard_that_stands_where_it_says():
    for question, step, article in PRINCIPLES.values():
        asked = {guard.__name__ for guard, _ in GUARDS.get(step, ())} | {"may_ask_for_another_mediator"}
        assert question in asked and hasattr(guards, question) and is_article(article)


def test_what_may_not_be_mediated_or_confirmed_has_a_reason_and_a_word():
    assert set(NOT_MEDIATED) <= set(contracts.kinds.MATTERS) and set(NOT_MEDIATED.values()) <= {reason for _, reason in GUARDS["dispute.screened"]}
    assert set(NOT_CONFIRMED) <= set(contracts.kinds.SUBJECTS)


def test_every_day_has_one_track_for_what_a_court_received_and_no_day_has_two():
    for day in (date(2020, 1, 1), date(2024, 12, 31), date(2025, 1, 1), date(2026, 3, 2)):
        assert len([track for track in TRACKS if track.in_court and tracks.is_open(track.code, day)]) == 1
    assert (tracks.track_of(date(2024, 12, 31)), tracks.track_of(date(2025, 1, 1)), tracks.track_of(None)) == ("legacy", "B", "A")
    assert {track.code for track in TRACKS} == set(contracts.kinds.TRACKS) and all(is_article(track.article) for track in TRACKS)


def test_the_database_knows_the_same_states():
    migrations = sorted((Path(transitions.__file__).parents[1] / "migrations").glob("*.sql"))
    listed = re.findall(r"a_state_of_the_table check \(state in \(([^)]*)\)", "".join(file.read_text("utf-8") for file in migrations))[-1]

    assert set(re.findall(r"'(\w+)'", listed)) == set(TRANSITIONS) - {FIRST}


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_every_clock_names_its_authority_its_kind_and_who_owes_it(clock):
    assert clock.name in NAMES
    for rule in LAW[clock.name]:
        assert rule.kind in ("LAW", "LOCAL_RULE", "POLICY")
        assert is_article(rule.article)
        assert rule.kind == "POLICY" or not rule.article.startswith(("after", "none")), "a borrowed rule is no law here"
    assert clock.owed_by in ("centre", "body", "court", "sender", "reporter", "level", "called", "urged", "appoints")


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_every_clock_can_start_and_can_be_met(clock):
    starts = any(target in clock.runs_in for step in clock.started_by for state in TRANSITIONS for s, target in goes_to(state) if s == step)
    assert starts or (clock.beside and any(step in TRANSITIONS[state] for step in clock.started_by for state in clock.runs_in))
    assert any(step in TRANSITIONS[state] for step in clock.met_by for state in clock.runs_in)


def test_a_clock_that_the_new_state_asks_nothing_of_is_stopped_and_that_is_said():
    life = life_until("mediating")

    decision = life.says("case.filed")

    assert [(word, data["clock"]) for word, data in decision.said if word.startswith("deadline.st")] == [("deadline.stopped", "mediation_out_of_court_policy")]
    assert "mediation_out_of_court_policy" not in {deadline.clock for deadline in life.dispute.deadlines.values()}


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_an_extension_is_only_possible_while_the_clock_runs(clock):
    if clock.extended_by:
        assert {state for state, row in TRANSITIONS.items() if clock.extended_by in row} <= set(clock.runs_in)


def test_no_two_clocks_share_a_name():
    assert len(BY_NAME) == len(CLOCKS)


def test_what_a_dispute_remembers_is_about_steps_of_the_table():
    assert set(EFFECTS) <= {step for row in TRANSITIONS.values() for step in row}
    assert set(decisions.ENDS_AS.values()) <= set(contracts.event_type("dispute.closed").schema().fields["outcome"].validate.choices)


def test_the_drawing_shows_every_change_of_the_table():
    drawn = {(state, target): steps for state, target, steps in re.findall(r"(\w+) --> (\w+): (.*)", mermaid())}

    for state in TRANSITIONS:
        for step, target in goes_to(state):
            if target != state:
                assert step in drawn[state, target].split(", ")


def test_everything_that_can_be_told_on_a_page_has_a_name_there():
    from services.metrics.web.names import NAMES as SHOWN

    assert set(TRANSITIONS) <= set(SHOWN["state"])
    assert {step for row in TRANSITIONS.values() for step in row} <= set(SHOWN["event"])
