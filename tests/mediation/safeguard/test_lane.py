"""Tests of decisions in the safeguard lane (events that only police, courts and women's federation see), without database or broker.

Subjects: safeguard holds and stays in every state of a dispute, their secrecy, and the deadlines of protection orders.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import contracts
from contracts import AGENCIES, safeguard
from contracts.dates import SHANGHAI
from services.mediation.deadlines.passing import Watermark
from services.mediation.dispute.guards import ALWAYS_REPORTABLE
from services.mediation.dispute.hold import CORRECTING_STEPS, POSTPONEMENT, SAFEGUARD_LANE_CLOCKS
from services.mediation.law.policy import USUAL_POLICY
from services.mediation.lifecycle.transitions import INITIAL_STATE, TRANSITIONS
from services.mediation.routing import effects as routing_effects
from services.mediation.safeguard import lane
from tests.mediation.simulated_dispute import (
    CENTRE,
    CODE,
    COURT,
    DAMAN,
    FACTS,
    MONDAY,
    WOMEN,
    IncomingEvent,
    SimulatedDispute,
    deep_copy,
    dispute_in_state,
    registered_event,
    reported_event,
)

POLICE, GRID, SEALED = "police", "grid", "intake-safeguard"
STATES = [state for state in TRANSITIONS if state != INITIAL_STATE]
HOLD_CAUSE_BY_STEP = {
    "dv.warning_issued": "warning",
    "protection_order.applied": "protection_order",
    "protection_order.accepted": "protection_order",
    "protection_order.issued": "protection_order",
    "protection_order.refused": "protection_order",
}
AGENCIES_WITHOUT_SAFEGUARD_ACCESS = (CENTRE, DAMAN, GRID, "judicial_bureau", "peoples_mediation_committee-xijie", "trade_union", "petition_office")


def decide(dispute, event, now, source="intake"):
    """Return the decision on the event, after validating all events of the decision against their schemas."""
    event.source = source
    decision = lane.decide(dispute, event, now, USUAL_POLICY)
    for event_type, data in decision.new_events:
        contracts.dump(event_type, data, "mediation")
    for event_type, data in decision.delayed_events:
        contracts.dump(event_type, data, "mediation")
    for event_type, data in decision.sealed_events:
        contracts.dump(event_type, data, "mediation-safeguard")
    return decision


def sealed_step(step, agency, now, id="s-1", **facts):
    """Return an event step.reported of the sealed stream."""
    data = {"event": {"source": f"/agencies/{agency}", "id": id}, "agency": agency, "step": step, "happened_at": now.isoformat(), "facts": facts}
    return IncomingEvent("step.reported", data, now, id=f"{CODE}/s1")


def risk_flagged_event(agency, now, id="2"):
    """Return an event risk.flagged of the sealed stream, with the danger flag `minor`."""
    data = {"event": {"source": f"/agencies/{agency}", "id": id}, "agency": agency, "dangers": ["minor"], "happened_at": now.isoformat()}
    return IncomingEvent("risk.flagged", data, now, id=f"{CODE}/s1")


def decide_sealed_step(simulation, step="dv.warning_issued", agency=POLICE, **facts):
    """Decide a step reported in the sealed stream at the present time of the simulation. Return the decision."""
    return decide(simulation.dispute, sealed_step(step, agency, simulation.now, **facts), simulation.now, SEALED)


def sealed_event_types(decision):
    return [event_type for event_type, _ in decision.sealed_events]


# ── start of a hold ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", HOLD_CAUSE_BY_STEP)
def test_a_safeguard_hold_opens_in_every_state_without_any_ordinary_event(state, step):
    simulation = dispute_in_state(state)
    before = deep_copy(simulation.dispute)

    decision = decide_sealed_step(simulation, step, COURT)

    assert (decision.new_events, decision.delayed_events, decision.deadlines, decision.transition) == ([], [], [], None)
    assert sealed_event_types(decision)[:2] == ["safeguard.held", "step.applied"]
    assert simulation.dispute.hold.cause == HOLD_CAUSE_BY_STEP[step]
    simulation.dispute.hold = None
    assert simulation.dispute == before


def test_a_sealed_event_that_arrives_before_the_registration_is_retried():
    """Such an event can arrive first, because the ordinary and the sealed stream are processed independently."""
    with pytest.raises(lane.NotYetRegistered):
        decide(None, sealed_step("dv.warning_issued", POLICE, MONDAY), MONDAY, SEALED)


@pytest.mark.parametrize("is_registered", [True, False])
def test_a_discarded_sealed_event_is_refused_in_the_sealed_stream(is_registered):
    simulation, event = dispute_in_state("routed") if is_registered else SimulatedDispute(), sealed_step("dv.warning_issued", POLICE, MONDAY)
    event.source = SEALED
    decision = lane.discard(simulation.dispute, event, MONDAY)

    (refusal,) = decision.sealed_events
    contracts.dump(*refusal, "mediation-safeguard")
    assert (decision.new_events, refusal[0], refusal[1]["reason"]["code"]) == ([], "step.refused", "discarded_by_operator")


def test_a_second_cause_does_not_open_a_second_safeguard_hold():
    simulation = dispute_in_state("mediating")
    decide_sealed_step(simulation)

    assert sealed_event_types(decide_sealed_step(simulation, "protection_order.applied", WOMEN)) == ["step.applied"]
    assert simulation.dispute.hold.cause == "warning"


def test_the_step_reported_with_a_risk_flag_takes_effect_whether_step_or_flag_arrives_first():
    for order in ((0, 1), (1, 0)):
        simulation = dispute_in_state("registered")
        events = [(reported_event("dispute.screened", simulation.now, CENTRE), "intake"), (risk_flagged_event(CENTRE, simulation.now), SEALED)]
        decisions = [decide(simulation.dispute, *(events[at][0], simulation.now, events[at][1])) for at in order]

        assert [decision.refused for decision in decisions] == [None, None]
        assert (simulation.dispute.state, simulation.dispute.hold.cause) == ("screened", "risk")


# ── steps reported during a hold ──────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(STATES), st.sampled_from(sorted(FACTS)), st.sampled_from(AGENCIES_WITHOUT_SAFEGUARD_ACCESS))
def test_a_refusal_to_an_agency_without_safeguard_access_does_not_reveal_the_hold(state, step, agency):
    free, held = dispute_in_state(state), dispute_in_state(state)
    decide_sealed_step(held)
    before = deep_copy(held.dispute)
    event = reported_event(step, free.now, agency)

    answers = [decide(simulation.dispute, deep_copy(event), simulation.now) for simulation in (free, held)]

    assert answers[1].sealed_events == []
    if answers[0].refused is not None or step in ALWAYS_REPORTABLE:
        assert answers[1].new_events == answers[0].new_events
    else:
        assert answers[1].refused == "stayed" and [event_type for event_type, _ in answers[1].new_events] == ["step.refused"]
    if step not in ALWAYS_REPORTABLE:
        assert held.dispute == before


@given(st.sampled_from(STATES), st.sampled_from(sorted(FACTS)), st.sampled_from(AGENCIES_WITHOUT_SAFEGUARD_ACCESS))
@settings(max_examples=100, deadline=None)
def test_an_agency_without_safeguard_access_receives_the_same_answer_for_a_hold_as_for_a_stay(state, step, agency):
    held, stayed = dispute_in_state(state), dispute_in_state(state)
    decide_sealed_step(held)
    decide_sealed_step(stayed, "dispute.stayed", COURT, reason="recusal")
    event = reported_event(step, held.now, agency)

    assert decide(held.dispute, deep_copy(event), held.now).new_events == decide(stayed.dispute, deep_copy(event), stayed.now).new_events


def test_the_womens_federation_has_safeguard_access_but_cannot_change_a_held_dispute():
    simulation = dispute_in_state("registered")
    decide_sealed_step(simulation)

    decision = decide(simulation.dispute, reported_event("dispute.screened", simulation.now, WOMEN), simulation.now, SEALED)

    assert (decision.refused, decision.new_events) == ("held_for_safety", [])
    assert decision.sealed_events[0][1]["state"] == "safeguard_hold"


def test_a_court_step_under_a_safeguard_hold_is_published_in_the_ordinary_stream_only_after_the_release():
    simulation = dispute_in_state("mediating")
    decide_sealed_step(simulation)
    filed = decide(simulation.dispute, reported_event("case.filed", simulation.now, COURT), simulation.now, SEALED)

    assert (filed.new_events, sealed_event_types(filed), simulation.dispute.state) == ([], ["step.applied"], "filed")
    assert simulation.dispute.hold.pending_events

    filed_at, simulation.now = simulation.now, simulation.now + timedelta(hours=1)
    released = decide_sealed_step(simulation, "hold.released", POLICE, reason="unfounded")
    assert sealed_event_types(released) == ["safeguard.released", "step.applied"]
    ((event_type, data),) = released.delayed_events
    assert event_type == "case.filed" and simulation.dispute.hold.pending_events == []
    assert ("stopped", "mediation_out_of_court_policy") in [(change["change"], change["clock"]) for change in data["deadlines"]]
    # For all who listen there, the step is decided at the release.
    assert (datetime.fromisoformat(data["happened_at"]), data["decided_at"]) == (filed_at, simulation.now)


# ── end of a hold ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", STATES)
def test_a_dispute_released_from_a_hold_equals_a_dispute_that_was_never_held(state):
    free, held = dispute_in_state(state), dispute_in_state(state)
    decide_sealed_step(held)
    released = decide_sealed_step(held, "hold.released", COURT, reason="danger_passed")

    assert (released.new_events, released.delayed_events, released.transition) == ([], [], None)
    held.dispute.hold = None
    assert held.dispute == free.dispute


@pytest.mark.parametrize("step", ["hold.released", "stay.lifted"])
def test_a_step_that_ends_a_hold_or_stay_is_refused_if_there_is_none(step):
    simulation = dispute_in_state("routed")
    facts = {"reason": "unfounded"} if step == "hold.released" else {}

    assert decide_sealed_step(simulation, step, COURT, **facts).refused == "nothing_to_release"


def test_an_agency_lifts_only_its_own_stay_and_learns_nothing_of_a_hold_or_other_stays():
    simulation = dispute_in_state("routed")
    decide_sealed_step(simulation)
    decide_sealed_step(simulation, "dispute.stayed", CENTRE, reason="file_lent")
    decide_sealed_step(simulation, "dispute.stayed", COURT, reason="recusal")

    assert decide_sealed_step(simulation, "stay.lifted", CENTRE).refused is None
    assert decide_sealed_step(simulation, "stay.lifted", CENTRE).refused == "nothing_to_release"
    assert (simulation.dispute.hold.active_holds, simulation.dispute.hold.stays) == (["hold", "stay"], [COURT])
    assert decide(simulation.dispute, reported_event("referral.accepted", simulation.now, DAMAN), simulation.now).refused == "stayed"


def test_only_police_and_courts_may_release_a_safeguard_hold():
    assert {AGENCIES[agency].role for agency in AGENCIES if contracts.may_report(agency, "hold.released")} == {"P", "C"}
    assert {"P", "C"} == safeguard.ROLES_ACTING_UNDER_HOLD


def test_only_agencies_with_safeguard_access_may_report_steps_of_a_protection_order():
    """反家庭暴力法 23, 28: a court decides on the order; the women's federation and the police are informed of it and may report it too."""
    for step in ("protection_order.applied", "protection_order.accepted", "protection_order.issued", "protection_order.refused"):
        assert {AGENCIES[agency].role for agency in AGENCIES if contracts.may_report(agency, step)} == {"W", "P", "C"}


@pytest.mark.parametrize("opening_step", ["dv.warning_issued", "dispute.stayed"])
def test_no_body_or_mediator_is_proposed_for_a_held_or_stayed_dispute(opening_step):
    """The start of the routing deadline is not published while the dispute is held, so no routing proposal is published with it."""
    for state, step in (("registered", "dispute.screened"), ("routed", "referral.declined"), ("mediating", "mediator.refused")):
        simulation = dispute_in_state(state)
        decide_sealed_step(simulation, opening_step, COURT, **({"reason": "recusal"} if opening_step == "dispute.stayed" else {}))
        decisions = [
            decide(simulation.dispute, reported_event(step, simulation.now, CENTRE if state == "registered" else DAMAN), simulation.now),
            decide(simulation.dispute, reported_event(step, simulation.now, COURT), simulation.now, SEALED),
        ]

        assert not any(routing_effects.starts_routing_deadline(decision) or routing_effects.needs_mediator(decision) for decision in decisions)
        assert "routing.proposed" not in [event_type for event_type, _ in check_deadlines_until(simulation, simulation.now + timedelta(days=80))]


# ── agencies that have no part in the dispute ─────────────────────────────────────────────────────────────────────────────────────

UNINVOLVED_AGENCIES = (GRID, "petition_office", "trade_union", "peoples_mediation_committee-xijie")


def free_held_and_stayed_disputes(state) -> dict[str, SimulatedDispute]:
    """Return three equal disputes: one without hold or stay (free), one held after a police warning, one stayed by a court."""
    simulations = {condition: dispute_in_state(state) for condition in ("free", "held", "stayed")}
    decide_sealed_step(simulations["held"])
    decide_sealed_step(simulations["stayed"], "dispute.stayed", COURT, reason="recusal")
    return simulations


def copy_simulations(simulations):
    """Return copies whose disputes can be changed independently."""
    return {condition: replace(simulation, dispute=deep_copy(simulation.dispute)) for condition, simulation in simulations.items()}


def step_event(agency, step, simulation, id, about=None, **facts):
    """Return an event step.reported with this event id. `about`: id of the earlier event that it withdraws or corrects."""
    event = reported_event(step, simulation.now, agency, **({"event": about} if about else {}), **facts)
    event.data["event"]["id"] = id
    return event


def decide_in_each_dispute(simulations, agency, step, id, about=None, **facts):
    """Decide one step in each of the three disputes. Return the ordinary events of each, and the reason of refusal in the free dispute or None."""
    decisions = {
        condition: decide(simulation.dispute, step_event(agency, step, simulation, id, about, **facts), simulation.now)
        for condition, simulation in simulations.items()
    }
    for condition, decision in decisions.items():
        simulations[condition].dispute = decision.dispute
    return [decision.new_events for decision in decisions.values()], decisions["free"].refused


@pytest.mark.parametrize("agency", (*UNINVOLVED_AGENCIES, CENTRE, DAMAN))
@pytest.mark.parametrize("state", ["registered", "mediating"])
def test_two_steps_of_an_uninvolved_agency_get_the_same_answers_whether_the_dispute_is_free_held_or_stayed(state, agency):
    """A refused step changes nothing, so only a step after an accepted step could reveal whether the dispute is held."""
    before = free_held_and_stayed_disputes(state)
    for first in FACTS:
        simulations = copy_simulations(before)
        (free, held, stayed), refused = decide_in_each_dispute(simulations, agency, first, "e-1")
        assert held == stayed, first
        if refused is None and first not in ALWAYS_REPORTABLE:
            continue  # the free dispute accepts the step, so the agency has a part in the dispute and may learn of a stay
        assert free == held, first
        if refused is not None:
            continue
        for second in FACTS:
            after = copy_simulations(simulations)
            (free, held, stayed), refused = decide_in_each_dispute(after, agency, second, "e-2", "e-1" if second in CORRECTING_STEPS else None)
            assert held == stayed, (first, second)
            if refused is not None or second in (*ALWAYS_REPORTABLE, *CORRECTING_STEPS):
                assert free == held, (first, second)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_notes_and_withdrawals_of_an_uninvolved_agency_get_the_same_answers_whether_the_dispute_is_free_held_or_stayed(data):
    agency, simulations = data.draw(st.sampled_from(UNINVOLVED_AGENCIES)), free_held_and_stayed_disputes(data.draw(st.sampled_from(STATES)))
    steps = data.draw(st.lists(st.sampled_from((*ALWAYS_REPORTABLE[1:], *CORRECTING_STEPS)), min_size=2, max_size=8))
    for number, step in enumerate(steps):
        about, facts = None, {}
        if step in CORRECTING_STEPS:
            earlier = data.draw(st.integers(0, max(0, number - 1)))
            about = f"e-{earlier}"
            if step == "report.corrected" and steps[earlier].startswith("petition.") and data.draw(st.booleans()):
                facts = {"corrects": steps[earlier], "facts": FACTS[steps[earlier]]}
        (free, held, stayed), _ = decide_in_each_dispute(simulations, agency, step, f"e-{number}", about, **facts)

        assert free == held == stayed, (step, about, facts)


def test_a_petition_can_be_withdrawn_after_a_court_step_in_the_held_dispute():
    """Only agencies with safeguard access know of the court's step, so it must not change the answer to the petition office."""
    simulations = free_held_and_stayed_disputes("mediating")
    decide_in_each_dispute(simulations, "petition_office", "petition.registered", "e-1")
    court_decision = decide(simulations["held"].dispute, reported_event("case.procedure_set", simulations["held"].now, COURT), simulations["held"].now, SEALED)
    court_decision = (
        court_decision
        if court_decision.refused is None
        else decide(simulations["held"].dispute, reported_event("session.held", simulations["held"].now, COURT), simulations["held"].now, SEALED)
    )
    assert court_decision.refused is None

    (free, held, stayed), refused = decide_in_each_dispute(simulations, "petition_office", "report.withdrawn", "e-2", "e-1")
    assert refused is None and free == held == stayed


def test_a_registered_petition_can_be_withdrawn_after_later_steps_of_the_petition():
    simulation = dispute_in_state("mediating")
    for number, step in enumerate(("petition.registered", "petition.accepted")):
        simulation.dispute = decide(simulation.dispute, step_event("petition_office", step, simulation, f"e-{number}"), simulation.now).dispute

    withdrawn = decide(simulation.dispute, step_event("petition_office", "report.withdrawn", simulation, "e-9", "e-0"), simulation.now)

    assert withdrawn.refused is None and "petition_decide" in withdrawn.dispute.deadlines


# ── disputes first reported in the safeguard lane ─────────────────────────────────────────────────────────────────────────────────


def dispute_registered_as_safeguarded():
    """Return a simulated dispute whose first report, by a grid worker (网格员), had the danger flag `domestic_violence`."""
    simulation, event = SimulatedDispute(MONDAY), registered_event(MONDAY, GRID)
    event.data["dangers"] = ["domestic_violence"]
    simulation.dispute = decide(None, event, MONDAY, SEALED).dispute
    return simulation


def test_a_dispute_registered_in_the_safeguard_lane_has_a_code_and_a_state_but_no_ordinary_deadline():
    event = registered_event(MONDAY, GRID)
    event.data["dangers"] = ["domestic_violence"]
    decision = decide(None, event, MONDAY, SEALED)

    assert (decision.new_events, sealed_event_types(decision)) == ([], ["safeguard.held", "step.applied"])
    assert decision.sealed_events[1][1]["state"] == "registered"  # the answer names the ordinary state, not safeguard_hold
    assert (decision.dispute.state, decision.dispute.deadlines, decision.deadlines, decision.dispute.hold.reported_in_lane) == ("registered", {}, [], True)


def json_events(decision):
    """Return the events of the decision for the ordinary stream, as they are published."""
    return [(event_type, contracts.dump(event_type, data, "mediation")) for event_type, data in decision.new_events]


def test_a_dispute_reported_in_the_safeguard_lane_is_published_as_registered_on_the_day_of_its_release():
    simulation = dispute_registered_as_safeguarded()
    later = MONDAY + timedelta(days=40)
    decide_sealed_step(simulation, "hold.released", POLICE, reason="unfounded")
    assert simulation.dispute.hold.reported_in_lane  # stays True until intake publishes the registration

    published, usual = decide(simulation.dispute, registered_event(later, GRID), later), decide(None, registered_event(later, GRID), later)

    assert json_events(published) == json_events(usual) and not simulation.dispute.hold.reported_in_lane
    assert [event_type for event_type, _ in published.new_events] == ["dispute.reported"]


def test_no_event_of_a_released_dispute_has_a_time_before_the_release():
    """The times of a dispute that was reported and screened in the safeguard lane would show that it is older."""
    simulation = dispute_registered_as_safeguarded()
    screened = decide(simulation.dispute, reported_event("dispute.screened", simulation.now, COURT), simulation.now, SEALED)
    assert screened.refused is None and simulation.dispute.state == "screened"
    later = MONDAY + timedelta(days=40)
    decide_sealed_step(simulation, "hold.released", POLICE, reason="unfounded")

    published = decide(simulation.dispute, registered_event(later, GRID), later)

    assert [event_type for event_type, _ in published.new_events] == ["dispute.reported", "dispute.screened"]
    assert {data[name] for _, data in published.new_events for name in ("happened_at", "decided_at")} == {later}
    assert "deadlines" not in published.new_events[0][1]  # the deadline for screening, which was met in the lane, is never published


def test_the_registration_of_a_released_dispute_has_the_time_of_the_release_even_if_processed_weeks_later():
    """Otherwise steps after the release could precede the registration, and the deadlines would start too late."""
    simulation, released, processed = dispute_registered_as_safeguarded(), MONDAY + timedelta(days=3), MONDAY + timedelta(days=40)
    decide_sealed_step(simulation, "hold.released", POLICE, reason="unfounded")

    published = decide(simulation.dispute, registered_event(released, GRID), processed)

    ((_, registration),) = published.new_events
    assert [(change["change"], change["started_at"]) for change in registration["deadlines"]] == [("set", released)]
    assert (registration["happened_at"], registration["decided_at"]) == (released, processed)


# ── deadlines during a hold ───────────────────────────────────────────────────────────────────────────────────────────────────────


def check_deadlines_until(simulation, now):
    """Check the ordinary deadlines at the times of their checks until `now`. Return the published events."""
    events = []
    while due := [d for d in simulation.dispute.deadlines.values() if d.next_check_at is not None and d.next_check_at <= now]:
        deadline = min(due, key=lambda d: d.next_check_at)
        decision = lane.check_deadline(simulation.dispute, deadline, deadline.next_check_at, USUAL_POLICY)
        for event_type, data in decision.new_events:
            contracts.dump(event_type, data, "mediation")
        events += decision.new_events
    return events


@pytest.mark.parametrize("opening_step", ["dv.warning_issued", "dispute.stayed"])
def test_a_policy_deadline_of_a_held_or_stayed_dispute_is_postponed_without_reminder(opening_step):
    simulation = dispute_in_state("mediating")
    (deadline,) = [d for d in simulation.dispute.deadlines.values() if d.clock == "mediation_out_of_court_policy"]
    due_before = deadline.due_at
    decide_sealed_step(simulation, opening_step, COURT, **({"reason": "recusal"} if opening_step == "dispute.stayed" else {}))

    events = check_deadlines_until(simulation, MONDAY + timedelta(days=80))

    assert {event_type for event_type, _ in events} == {"deadline.recomputed"} and {data["because"] for _, data in events} == {"not_counted"}
    assert deadline.due_at >= due_before + POSTPONEMENT and deadline.state == "open"


def test_a_legal_deadline_that_a_withheld_step_set_is_neither_reminded_of_nor_published_as_passed():
    """Other agencies do not know of the step, so an event about its deadline would show that the dispute is held."""
    simulation = dispute_in_state("filed")
    decide_sealed_step(simulation)
    decide(simulation.dispute, reported_event("case.procedure_set", simulation.now, COURT), simulation.now, SEALED)
    (trial,) = [deadline for deadline in simulation.dispute.deadlines.values() if deadline.clock.startswith("trial_")]

    events = check_deadlines_until(simulation, trial.due_at + timedelta(days=3))

    assert trial.kind == "LAW" and trial.state == "open"
    assert [event_type for event_type, data in events if data.get("clock") == trial.clock] == []


def test_an_agreed_extension_is_added_to_a_postponed_deadline():
    """The postponement adds thirty days, and the extension that the parties agreed on adds fifteen."""
    simulation = dispute_in_state("mediating")
    deadline = simulation.dispute.deadlines["mediation_out_of_court_policy"]
    assert deadline.due_at == datetime(2026, 4, 1, 23, 59, 59, tzinfo=SHANGHAI)
    decide_sealed_step(simulation)
    check_deadlines_until(simulation, datetime(2026, 4, 10, tzinfo=SHANGHAI))
    assert deadline.due_at == datetime(
        2026, 5, 6, 23, 59, 59, tzinfo=SHANGHAI
    )  # 30 days end on 1 May; the end is moved past the Labour Day holiday (1 to 5 May)
    decide_sealed_step(simulation, "hold.released", POLICE, reason="unfounded")

    simulation.now = datetime(2026, 4, 10, tzinfo=SHANGHAI)
    assert decide(simulation.dispute, reported_event("mediation.extended", simulation.now, DAMAN), simulation.now).refused is None

    assert deadline.due_at == datetime(
        2026, 5, 18, 23, 59, 59, tzinfo=SHANGHAI
    )  # 45 days end on 16 April, 30 more on Saturday 16 May; the end is moved to Monday


def test_the_withdrawal_of_an_extension_does_not_undo_the_postponement_of_the_deadline():
    simulation = dispute_in_state("mediating")
    extended = decide(simulation.dispute, reported_event("mediation.extended", simulation.now, DAMAN), simulation.now)
    decide_sealed_step(simulation)
    simulation.now = datetime(2026, 4, 14, tzinfo=SHANGHAI)
    check_deadlines_until(simulation, simulation.now)
    decide_sealed_step(simulation, "hold.released", POLICE, reason="unfounded")

    withdrawal = reported_event("report.withdrawn", simulation.now, DAMAN, event=extended.applied_step.event_id)
    withdrawal.data["event"]["id"] = "3"
    withdrawn = decide(simulation.dispute, withdrawal, simulation.now)

    assert withdrawn.refused is None
    assert withdrawn.dispute.deadlines["mediation_out_of_court_policy"].due_at == datetime(2026, 5, 6, 23, 59, 59, tzinfo=SHANGHAI)


def test_a_law_deadline_of_a_held_dispute_runs_as_in_a_free_dispute():
    simulation, free = dispute_in_state("agreed"), dispute_in_state("agreed")
    decide_sealed_step(simulation)
    later = MONDAY + timedelta(days=60)

    def law_deadlines(events):
        return [(event_type, data["clock"]) for event_type, data in events if data.get("kind") == "LAW"]

    assert law_deadlines(check_deadlines_until(simulation, later)) == law_deadlines(check_deadlines_until(free, later))


@pytest.mark.parametrize(
    ("urgent", "accepted_at", "due_at"),
    [  # 反家庭暴力法 28, computed by hand: hours count from the next full hour and include nights and rest days
        (False, "2026-03-02T10:30:00+08:00", "2026-03-05T10:59:59+08:00"),
        (True, "2026-03-02T10:30:00+08:00", "2026-03-03T10:59:59+08:00"),
        (True, "2026-02-13T23:59:00+08:00", "2026-02-14T23:59:59+08:00"),
        (False, "2026-02-16T09:00:00+08:00", "2026-02-19T09:59:59+08:00"),  # in the Spring Festival: an end in hours is not moved
    ],
)
def test_the_court_has_72_or_24_hours_for_a_protection_order(urgent, accepted_at, due_at):
    simulation = dispute_in_state("registered")
    decision = decide_sealed_step(simulation, "protection_order.accepted", COURT, urgent=urgent, accepted_at=accepted_at)

    (deadline,) = [data for event_type, data in decision.sealed_events if event_type == "deadline.set"]
    assert (deadline["due_at"], deadline["kind"], deadline["article"]) == (datetime.fromisoformat(due_at), "LAW", "反家庭暴力法 28")
    assert deadline["owed_by"] == ["court"]


def test_the_court_is_reminded_once_before_the_deadline_of_an_urgent_protection_order():
    simulation = dispute_in_state("registered")
    decide_sealed_step(simulation, "protection_order.accepted", COURT, urgent=True, accepted_at="2026-03-02T10:30:00+08:00")
    times = ("2026-03-03T04:00:00", "2026-03-03T05:00:00", "2026-03-03T10:59:59", "2026-03-03T11:00:00", "2026-03-04T11:00:00")

    published = [sealed_event_types(lane.check_safeguard_clocks(simulation.dispute, datetime.fromisoformat(at).replace(tzinfo=SHANGHAI))) for at in times]

    assert published == [[], ["deadline.approached"], [], ["deadline.passed"], []]


def test_the_deadline_of_a_protection_order_waits_an_hour_at_most_for_a_court_that_has_not_been_heard():
    due = datetime.fromisoformat("2026-03-03T10:59:59+08:00")

    def published_at(minutes, watermarks):
        simulation = dispute_in_state("registered")
        decide_sealed_step(simulation, "protection_order.accepted", COURT, urgent=True, accepted_at="2026-03-02T10:30:00+08:00")
        simulation.dispute.hold.running["protection_order_urgent"].next_check_at = due
        return sealed_event_types(lane.check_safeguard_clocks(simulation.dispute, due + timedelta(minutes=minutes), USUAL_POLICY, watermarks))

    assert published_at(30, {}) == []
    assert published_at(30, {COURT: Watermark(due + timedelta(minutes=29))}) == ["deadline.passed"]
    assert published_at(60, {}) == ["deadline.passed"]


@pytest.mark.parametrize("step", ["protection_order.issued", "protection_order.refused"])
def test_a_decision_on_a_protection_order_meets_its_deadline_and_starts_the_review_period(step):
    simulation = dispute_in_state("registered")
    decide_sealed_step(simulation, "protection_order.accepted", COURT, urgent=False, accepted_at=MONDAY.isoformat())
    decision = decide_sealed_step(simulation, step, COURT)

    met = [data for event_type, data in decision.sealed_events if event_type == "deadline.met"]
    assert [(data["clock"], data["late"]) for data in met] == [("protection_order", False)]
    assert [data["clock"] for event_type, data in decision.sealed_events if event_type == "deadline.set"] == ["protection_order_review"]
    assert simulation.dispute.hold.cause == "protection_order"  # neither the order nor its refusal ends the hold


def test_every_clock_of_the_safeguard_lane_is_defined_in_package_contracts():
    assert set(SAFEGUARD_LANE_CLOCKS) <= set(contracts.clocks.CLOCKS)
    assert set(safeguard.HOLD_NOTICE_RECIPIENTS) <= {agency for agency in AGENCIES if safeguard.has_safeguard_access(agency)}
