"""Tests of applying the history of a dispute again. What is found must not depend on when deadlines were checked or when reports arrived."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.mediation.law.policy import USUAL_POLICY
from services.mediation.lifecycle import recomputing
from tests.mediation.lifecycle.test_walks import random_steps, registered_dispute, seeds
from tests.mediation.simulated_dispute import MONDAY, SimulatedDispute, registered_event, reported_event

LATER = timedelta(days=4000)  # after the last of the random steps and all their deadlines


def condition(dispute):
    """Return everything about a dispute that must not depend on times of checks: its fields, and its unmet deadlines."""
    deadlines = {key: (d.state, d.started_at, d.due_at, d.owed_by, d.pauses, d.extensions) for key, d in dispute.deadlines.items()}
    return replace(dispute, deadlines={}, steps=0, applied_steps=[], hold=None), deadlines


def automatic_steps(dispute):
    return [(step.step_type, step.happened_at, step.facts) for step in recompute(dispute).automatic]


def recompute(dispute):
    steps = recomputing.steps_that_count(dispute.applied_steps, USUAL_POLICY)
    return recomputing.apply_history(dispute, steps, recomputing.passed_deadlines(dispute), MONDAY, USUAL_POLICY)


def check_everything(simulation):
    """Advance the simulated clock until every deadline has passed."""
    simulation.advance_to(simulation.now + LATER)
    return simulation


@settings(max_examples=150, deadline=None)
@given(seeds)
def test_applying_all_steps_again_gives_the_present_dispute(seed):
    simulation = registered_dispute()
    for step, agency, facts, wait in random_steps(seed, simulation):
        simulation.advance_to(simulation.now + wait)
        simulation.hear(reported_event(step, simulation.now, agency, **facts))

    assert condition(recompute(simulation.dispute).dispute) == condition(simulation.dispute)


@settings(max_examples=150, deadline=None)
@given(seeds, st.integers(0, 2**32))
def test_it_makes_no_difference_when_deadlines_are_checked(seed, other_seed):
    """The same steps with the same times: once the deadlines are checked all the time, as in a running system; once at random, as when history is loaded."""
    live = registered_dispute()
    steps = []
    for step, agency, facts, wait in random_steps(seed, live):
        live.advance_to(live.now + wait)
        live.hear(reported_event(step, live.now, agency, **facts))
        steps.append((step, agency, facts, live.now))

    loaded, random = SimulatedDispute(now=live.now), Random(other_seed)
    loaded.hear(registered_event(MONDAY))
    for step, agency, facts, happened_at in steps:
        loaded.hear(reported_event(step, happened_at, agency, **facts))
        if random.random() < 0.1:
            for deadline in list(loaded.dispute.deadlines.values()):
                if deadline.due_at < happened_at and deadline.state == "open" and deadline.next_check_at:
                    deadline.next_check_at = loaded.now
            loaded.advance_to(loaded.now)

    assert condition(check_everything(loaded).dispute) == condition(check_everything(live).dispute)
    assert automatic_steps(loaded.dispute) == automatic_steps(live.dispute)
