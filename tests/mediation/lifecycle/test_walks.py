"""Property tests: a simulated dispute stays consistent under random sequences of steps, facts, agencies and waiting times."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

import contracts
from contracts.steps import CORRECTABLE_STEPS
from services.mediation.deadlines.clocks import CLOCK_BY_NAME
from services.mediation.lifecycle import decisions
from services.mediation.lifecycle.transitions import TRANSITIONS
from tests.mediation.simulated_dispute import CENTRE, COURT, DAMAN, FACTS, REPORTING_AGENCY, XIJIE, SimulatedDispute, deep_copy, reported_event

USUAL_TERMS = FACTS["agreement.reached"]["terms"]
# fmt: off
# Step type: values from which a fact is chosen at random; all other facts have their usual value.
FACT_VARIANTS = {
    "dispute.screened":     {"suitable": [True, True, True, False]},
    "dispute.routed":       {"to": [DAMAN, DAMAN, XIJIE]},
    "consent.given":        {"party": ["applicant", "respondent", "third_party"]},
    "mediation.extended":   {"days": [1, 7, 40]},
    "agreement.reached":    {"terms": [USUAL_TERMS, USUAL_TERMS[:1], []]},
    "performance.recorded": {"term": [1, 2, 3], "result": ["full", "full", "part", "default"]},
    "dispute.followed_up":  {"settled": [True, False, False]},
    "mediation.terminated": {"ground": ["differences_too_large", "party_unwilling", "agreement_reached", "other_obstacle"]},
    "confirmation.applied": {"applied_on": ["2026-03-30", "2026-03-30", "2026-09-30"]},
    "case.closed":          {"mode": ["other", "judgment", "mediated", "withdrawn"]},
    "case.procedure_set":   {"procedure": ["simplified", "ordinary"]},
    "conflict.disclosed":   {"mediator": ["daman-014", "daman-015"], "agreed_after_disclosure": [True, False]},
    "enforcement.completed": {"result": ["full", "none_found"]},
}
# Steps chosen with a probability of 15 % only, because they are always possible or end mediation early.
RARE_STEPS = (
    "dispute.reported", "consent.refused", "mediation.terminated", "mediation.suspended", "dispute.archived", "case.filed", "case.filing_refused",
    "petition.registered", "petition.accepted", "petition.decided", "petition.extended", "petition.transferred", "petition.returned", "papers.received",
    "confirmation.objected", "confirmation.extended", "trial.extended", "mediator.requested", "participant.named", "dispute.redirected", "case.closed", "dispute.followed_up",
    "departments.called", "call.answered", "level.escalated", "supervision.issued", "supervision.answered", "mediator.refused", "conflict.disclosed", "report.corrected", "report.withdrawn",
)  # fmt: skip
STEP_PROBABILITY = {"reports.joined": 0.02}  # a higher probability would close most disputes early by a join
# fmt: on


def random_steps(seed, simulation, length=60):
    """Yield random (step type, agency, facts, waiting time). Most of the steps are legal in the present state of the simulated dispute."""
    random = Random(seed)
    for _ in range(length):
        row = sorted(set(TRANSITIONS[simulation.state]) & set(FACTS)) if random.random() < 0.85 else sorted(FACTS)
        step = random.choice([step for step in row if random.random() < (0.15 if step in RARE_STEPS else STEP_PROBABILITY.get(step, 1))] or row)
        agency = random.choice([CENTRE, COURT, XIJIE]) if random.random() < 0.1 else REPORTING_AGENCY.get(step) or simulation.dispute.body
        facts = {name: random.choice(values) for name, values in FACT_VARIANTS.get(step, {}).items()}
        if step.startswith("report."):
            earlier = random.choice(simulation.dispute.applied_steps[-6:])  # one of the last six steps, to be corrected or withdrawn by its agency
            agency, facts = earlier.agency or CENTRE, {"event": earlier.event_id or "e-0"}
            if step == "report.corrected" and earlier.step_type in FACTS and earlier.step_type in CORRECTABLE_STEPS:
                facts |= {"corrects": earlier.step_type, "facts": FACTS[earlier.step_type]}
        yield step, agency, facts, timedelta(hours=random.choice([0, 1, 5, 30, 100, 400]))


def registered_dispute():
    simulation = SimulatedDispute()
    simulation.register()
    return simulation


seeds = st.integers(0, 2**32)


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_a_dispute_stays_consistent_under_random_steps(seed):
    simulation = registered_dispute()
    for step, agency, facts, wait in random_steps(seed, simulation):
        simulation.advance_to(simulation.now + wait)  # every published event is validated against the package contracts
        before = deep_copy(replace(simulation.dispute, applied_steps=[]))
        decision = simulation.hear(reported_event(step, simulation.now, agency, **facts))

        dispute = simulation.dispute
        outcomes = [outcome for event in decision.new_events if (outcome := contracts.step_outcome(*event))]
        assert outcomes == ["refused" if decision.refused else "applied"]
        assert decision.deadline_changes == [], "every change of a deadline is in an event"
        if decision.refused:
            assert dispute == before
        assert decisions.fold(simulation.history) == dispute.state
        assert dispute.steps == len(simulation.history)
        assert len({d.clock for d in dispute.deadlines.values()}) == len(dispute.deadlines), "at most one deadline of a clock"
        assert all(dispute.state in CLOCK_BY_NAME[d.clock].runs_in for d in dispute.deadlines.values()), "a clock runs only in its states"
        assert all((d.next_check_at is None) == (d.state == "passed" or d.is_paused) for d in dispute.deadlines.values()), (
            "every open deadline that is not paused has a next check"
        )
        assert dispute.state != "closed" or "dispute.closed" in simulation.event_types()


@settings(max_examples=40, deadline=None)
@given(seeds)
@example(1313)  # a sequence that corrects a supervision issued after the deadline of an earlier supervision has passed
def test_the_published_events_suffice_to_compute_the_unmet_deadlines_of_a_dispute(seed):
    simulation, due_at_by_clock = registered_dispute(), {}
    for step, agency, facts, wait in random_steps(seed, simulation):
        simulation.advance_to(simulation.now + wait)
        simulation.report(step, agency, **facts)
    for type, data in simulation.events:
        for change in data.get("deadlines", ()):
            if change["change"] in ("met", "stopped"):
                due_at_by_clock.pop(change["clock"], None)  # a deadline that was met may be met at another time after a correction
            else:
                due_at_by_clock[change["clock"]] = change["due_at"]
        if type == "deadline.recomputed":
            due_at_by_clock[data["clock"]] = data["due_at"]

    assert due_at_by_clock == {d.clock: d.due_at for d in simulation.dispute.deadlines.values()}


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_a_repeated_sequence_of_steps_results_in_an_equal_dispute_and_equal_events(seed):
    def simulate():
        simulation = registered_dispute()
        for step, agency, facts, wait in random_steps(seed, simulation):
            simulation.report(step, agency, after=wait, **facts)
        return simulation

    first, second = simulate(), simulate()
    assert (first.dispute, first.events, first.history) == (second.dispute, second.events, second.history)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_a_step_that_is_reported_under_two_event_ids_changes_the_state_only_once(seed):
    simulation = registered_dispute()
    for step, agency, facts, wait in random_steps(seed, simulation):
        first = simulation.report(step, agency, after=wait, **facts)
        again = simulation.report(step, agency, after=timedelta(0), **facts)
        if step == "mediator.refused":
            continue  # by law, a second refusal of a mediator counts as refusal of mediation
        if first.refused is None and again.refused is None:
            assert again.transition.before == again.transition.after == first.transition.after


def test_the_random_sequences_reach_every_state():
    seen = Counter()
    for seed in range(1200):
        simulation = registered_dispute()
        for step, agency, facts, wait in random_steps(seed, simulation):
            simulation.report(step, agency, after=wait, **facts)
            seen[simulation.state] += 1
        if set(seen) | {"detected"} == set(TRANSITIONS):
            break

    assert set(seen) | {"detected"} == set(TRANSITIONS)
