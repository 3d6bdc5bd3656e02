"""What does a safeguard hold do to a dispute, in every state that it can be in? Pure: no database, no broker."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import contracts
from contracts import AGENCIES, safeguard
from contracts.dates import SHANGHAI
from services.mediation.dispute.guards import MOVES_NOTHING
from services.mediation.dispute.hold import CLOCKS, PUT_OFF, TAKE_BACK
from services.mediation.law.policy import USUAL_POLICY
from services.mediation.life.transitions import FIRST, TRANSITIONS
from services.mediation.routing import effects as routing_effects
from services.mediation.safeguard import lane
from tests.mediation.lives import CENTRE, CODE, COURT, DAMAN, FACTS, MONDAY, WOMEN, Heard, Life, copied, life_until, registered, reported

POLICE, GRID, SEALED = "police", "grid", "intake-safeguard"
STATES = [state for state in TRANSITIONS if state != FIRST]
CAUSE_OF = {
    "dv.warning_issued": "warning",
    "protection_order.applied": "protection_order",
    "protection_order.accepted": "protection_order",
    "protection_order.issued": "protection_order",
    "protection_order.refused": "protection_order",
}
OUTSIDE = (CENTRE, DAMAN, GRID, "judicial_bureau", "peoples_mediation_committee-xijie", "trade_union", "petition_office")


def decide(dispute, event, now, source="intake"):
    event.source = source
    decision = lane.decide(dispute, event, now, USUAL_POLICY)
    for word, data in decision.said:
        contracts.dump(word, data, "mediation")
    for word, data in decision.late:
        contracts.dump(word, data, "mediation")
    for word, data in decision.sealed:
        contracts.dump(word, data, "mediation-safeguard")
    return decision


def sealed_step(word, agency, now, id="s-1", **facts):
    data = {"event": {"source": f"/agencies/{agency}", "id": id}, "agency": agency, "step": word, "happened_at": now.isoformat(), "facts": facts}
    return Heard("step.reported", data, now, id=f"{CODE}/s1")


def flagged(agency, now, id="2"):
    data = {"event": {"source": f"/agencies/{agency}", "id": id}, "agency": agency, "dangers": ["minor"], "happened_at": now.isoformat()}
    return Heard("risk.flagged", data, now, id=f"{CODE}/s1")


def opened(life, word="dv.warning_issued", agency=POLICE, **facts):
    return decide(life.dispute, sealed_step(word, agency, life.now, **facts), life.now, SEALED)


def words(decision):
    return [word for word, _ in decision.sealed]


# ── it opens ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("word", CAUSE_OF)
def test_it_opens_in_every_state_and_nothing_ordinary_is_said(state, word):
    life = life_until(state)
    before = copied(life.dispute)

    decision = opened(life, word, COURT)

    assert (decision.said, decision.late, decision.deadlines, decision.transition) == ([], [], [], None)
    assert words(decision)[:2] == ["safeguard.held", "step.applied"]
    assert life.dispute.hold.cause == CAUSE_OF[word]
    life.dispute.hold = None
    assert life.dispute == before


def test_a_word_of_the_lane_that_was_quicker_than_the_registration_has_its_turn_again():
    """The two voices are heard apart."""
    with pytest.raises(lane.NotYetRegistered):
        decide(None, sealed_step("dv.warning_issued", POLICE, MONDAY), MONDAY, SEALED)


@pytest.mark.parametrize("known", [True, False])
def test_what_a_person_discards_is_answered_in_the_voice_in_which_it_came(known):
    life, event = life_until("routed") if known else Life(), sealed_step("dv.warning_issued", POLICE, MONDAY)
    event.source = SEALED
    decision = lane.discard(life.dispute, event)

    (told,) = decision.sealed
    contracts.dump(*told, "mediation-safeguard")
    assert (decision.said, told[0], told[1]["reason"]["code"]) == ([], "step.refused", "discarded_by_operator")


def test_opened_twice_it_is_held_once():
    life = life_until("mediating")
    opened(life)

    assert words(opened(life, "protection_order.applied", WOMEN)) == ["step.applied"]
    assert life.dispute.hold.cause == "warning"


def test_the_step_that_carried_the_flag_is_taken_whichever_is_heard_first():
    for order in ((0, 1), (1, 0)):
        life = life_until("registered")
        events = [(reported("dispute.screened", life.now, CENTRE), "intake"), (flagged(CENTRE, life.now), SEALED)]
        decisions = [decide(life.dispute, *(events[at][0], life.now, events[at][1])) for at in order]

        assert [decision.refused for decision in decisions] == [None, None]
        assert (life.dispute.state, life.dispute.hold.cause) == ("screened", "risk")


# ── it stands still ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(STATES), st.sampled_from(sorted(FACTS)), st.sampled_from(OUTSIDE))
def test_what_somebody_outside_reports_is_refused_as_ever_or_as_stayed(state, step, agency):
    free, held = life_until(state), life_until(state)
    opened(held)
    before = copied(held.dispute)
    event = reported(step, free.now, agency)

    answers = [decide(life.dispute, copied(event), life.now) for life in (free, held)]

    assert answers[1].sealed == []
    if answers[0].refused is not None or step in MOVES_NOTHING:
        assert answers[1].said == answers[0].said
    else:
        assert answers[1].refused == "stayed" and [word for word, _ in answers[1].said] == ["step.refused"]
    if step not in MOVES_NOTHING:
        assert held.dispute == before


@given(st.sampled_from(STATES), st.sampled_from(sorted(FACTS)), st.sampled_from(OUTSIDE))
@settings(max_examples=100, deadline=None)
def test_a_hold_and_a_stay_are_answered_alike(state, step, agency):
    held, stayed = life_until(state), life_until(state)
    opened(held)
    opened(stayed, "dispute.stayed", COURT, reason="recusal")
    event = reported(step, held.now, agency)

    assert decide(held.dispute, copied(event), held.now).said == decide(stayed.dispute, copied(event), stayed.now).said


def test_the_federation_is_inside_and_moves_nothing():
    life = life_until("registered")
    opened(life)

    decision = decide(life.dispute, reported("dispute.screened", life.now, WOMEN), life.now, SEALED)

    assert (decision.refused, decision.said) == ("held_for_safety", [])
    assert decision.sealed[0][1]["state"] == "safeguard_hold"


def test_what_the_court_does_is_said_sealed_and_told_when_it_is_over():
    life = life_until("mediating")
    opened(life)
    filed = decide(life.dispute, reported("case.filed", life.now, COURT), life.now, SEALED)

    assert (filed.said, words(filed), life.dispute.state) == ([], ["step.applied"], "filed")
    assert life.dispute.hold.pending_events

    released = opened(life, "hold.released", POLICE, reason="unfounded")
    assert words(released) == ["safeguard.released", "step.applied"]
    assert [word for word, _ in released.late][:2] == ["case.filed", "step.applied"] and life.dispute.hold.pending_events == []


# ── it ends ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", STATES)
def test_released_it_is_as_if_nothing_had_been(state):
    free, held = life_until(state), life_until(state)
    opened(held)
    released = opened(held, "hold.released", COURT, reason="danger_passed")

    assert (released.said, released.late, released.transition) == ([], [], None)
    held.dispute.hold = None
    assert held.dispute == free.dispute


@pytest.mark.parametrize("word", ["hold.released", "stay.lifted"])
def test_what_is_not_there_is_not_ended(word):
    life = life_until("routed")
    facts = {"reason": "unfounded"} if word == "hold.released" else {}

    assert opened(life, word, COURT, **facts).refused == "nothing_to_release"


def test_who_stayed_it_lifts_its_own_stay_and_learns_nothing_of_others():
    life = life_until("routed")
    opened(life)
    opened(life, "dispute.stayed", CENTRE, reason="file_lent")
    opened(life, "dispute.stayed", COURT, reason="recusal")

    assert opened(life, "stay.lifted", CENTRE).refused is None
    assert opened(life, "stay.lifted", CENTRE).refused == "nothing_to_release"
    assert (life.dispute.hold.active_holds, life.dispute.hold.stays) == (["hold", "stay"], [COURT])
    assert decide(life.dispute, reported("referral.accepted", life.now, DAMAN), life.now).refused == "stayed"


def test_only_police_and_court_can_say_that_it_is_over():
    assert {AGENCIES[agency].role for agency in AGENCIES if contracts.may_say(agency, "hold.released")} == {"P", "C"}
    assert {"P", "C"} == safeguard.MOVERS


def test_what_becomes_of_a_protection_order_is_told_by_those_inside_the_lane_only():
    """反家庭暴力法 23, 28: a court decides; the women's federation and the police, who are told, may pass it on."""
    for word in ("protection_order.applied", "protection_order.accepted", "protection_order.issued", "protection_order.refused"):
        assert {AGENCIES[agency].role for agency in AGENCIES if contracts.may_say(agency, word)} == {"W", "P", "C"}


@pytest.mark.parametrize("opener", ["dv.warning_issued", "dispute.stayed"])
def test_nobody_is_proposed_for_a_dispute_that_stands_still(opener):
    """What begins the time for routing, by a court in the lane or by time, is not said aloud; so no body is named beside it."""
    for state, step in (("registered", "dispute.screened"), ("routed", "referral.declined"), ("mediating", "mediator.refused")):
        life = life_until(state)
        opened(life, opener, COURT, **({"reason": "recusal"} if opener == "dispute.stayed" else {}))
        decisions = [
            decide(life.dispute, reported(step, life.now, CENTRE if state == "registered" else DAMAN), life.now),
            decide(life.dispute, reported(step, life.now, COURT), life.now, SEALED),
        ]

        assert not any(routing_effects.begins_routing(decision) or routing_effects.needs_a_mediator(decision) for decision in decisions)
        assert "routing.proposed" not in [word for word, _ in until(life, life.now + timedelta(days=80))]


# ── an agency's own notes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

NO_PART = (GRID, "petition_office", "trade_union", "peoples_mediation_committee-xijie")


def alike(state) -> dict[str, Life]:
    """The same dispute three times: free, held after a warning, stayed by a court."""
    lives = {how: life_until(state) for how in ("free", "held", "stayed")}
    opened(lives["held"])
    opened(lives["stayed"], "dispute.stayed", COURT, reason="recusal")
    return lives


def with_disputes_of_their_own(lives):
    return {how: replace(life, dispute=copied(life.dispute)) for how, life in lives.items()}


def said_by(agency, word, life, id, about=None, **facts):
    event = reported(word, life.now, agency, **({"event": about} if about else {}), **facts)
    event.data["event"]["id"] = id
    return event


def answers(lives, agency, word, id, about=None, **facts):
    """What is said in each of the three to one step; and whether the free one refuses it."""
    decisions = {how: decide(life.dispute, said_by(agency, word, life, id, about, **facts), life.now) for how, life in lives.items()}
    for how, decision in decisions.items():
        lives[how].dispute = decision.dispute
    return [decision.said for decision in decisions.values()], decisions["free"].refused


@pytest.mark.parametrize("agency", (*NO_PART, CENTRE, DAMAN))
@pytest.mark.parametrize("state", ["registered", "mediating"])
def test_whoever_has_no_part_gets_the_same_answers_to_any_two_words_whether_it_is_held_stayed_or_free(state, agency):
    """A word that is refused leaves everything as it was, so only after one that was taken the next can make a difference."""
    before = alike(state)
    for first in FACTS:
        lives = with_disputes_of_their_own(before)
        (free, held, stayed), refused = answers(lives, agency, first, "e-1")
        assert held == stayed, first
        if refused is None and first not in MOVES_NOTHING:
            continue  # it has a part here: it may learn that the dispute is stayed
        assert free == held, first
        if refused is not None:
            continue
        for second in FACTS:
            after = with_disputes_of_their_own(lives)
            (free, held, stayed), refused = answers(after, agency, second, "e-2", "e-1" if second in TAKE_BACK else None)
            assert held == stayed, (first, second)
            if refused is not None or second in (*MOVES_NOTHING, *TAKE_BACK):
                assert free == held, (first, second)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_whoever_has_no_part_gets_the_same_answers_to_a_longer_sequence_of_notes_and_withdrawals(data):
    agency, lives = data.draw(st.sampled_from(NO_PART)), alike(data.draw(st.sampled_from(STATES)))
    words = data.draw(st.lists(st.sampled_from((*MOVES_NOTHING[1:], *TAKE_BACK)), min_size=2, max_size=8))
    for number, word in enumerate(words):
        about, facts = None, {}
        if word in TAKE_BACK:
            earlier = data.draw(st.integers(0, max(0, number - 1)))
            about = f"e-{earlier}"
            if word == "report.corrected" and words[earlier].startswith("petition.") and data.draw(st.booleans()):
                facts = {"corrects": words[earlier], "facts": FACTS[words[earlier]]}
        (free, held, stayed), _ = answers(lives, agency, word, f"e-{number}", about, **facts)

        assert free == held == stayed, (word, about, facts)


def test_a_note_can_be_withdrawn_although_a_court_moved_the_held_dispute_meanwhile():
    """What the court did is known in the lane only: it may not make a difference outside it."""
    lives = alike("mediating")
    answers(lives, "petition_office", "petition.registered", "e-1")
    moved = decide(lives["held"].dispute, reported("case.procedure_set", lives["held"].now, COURT), lives["held"].now, SEALED)
    moved = moved if moved.refused is None else decide(lives["held"].dispute, reported("session.held", lives["held"].now, COURT), lives["held"].now, SEALED)
    assert moved.refused is None

    (free, held, stayed), refused = answers(lives, "petition_office", "report.withdrawn", "e-2", "e-1")
    assert refused is None and free == held == stayed


def test_a_petition_stands_once_its_own_clock_was_changed_by_a_later_step():
    life = life_until("mediating")
    for number, word in enumerate(("petition.registered", "petition.accepted")):
        life.dispute = decide(life.dispute, said_by("petition_office", word, life, f"e-{number}"), life.now).dispute

    assert decide(life.dispute, said_by("petition_office", "report.withdrawn", life, "e-9", "e-0"), life.now).refused == "later_steps_stand"


# ── born in the lane ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def born():
    life, event = Life(MONDAY), registered(MONDAY, GRID)
    event.data["dangers"] = ["domestic_violence"]
    life.dispute = decide(None, event, MONDAY, SEALED).dispute
    return life


def test_a_report_of_danger_has_a_code_and_a_state_and_no_ordinary_clock():
    event = registered(MONDAY, GRID)
    event.data["dangers"] = ["domestic_violence"]
    decision = decide(None, event, MONDAY, SEALED)

    assert (decision.said, words(decision)) == ([], ["safeguard.held", "step.applied"])
    assert decision.sealed[1][1]["state"] == "registered"  # what the reporter is told, as ever
    assert (decision.dispute.state, decision.dispute.deadlines, decision.deadlines, decision.dispute.hold.reported_in_lane) == ("registered", {}, [], True)


def test_it_comes_out_as_if_it_were_reported_that_day():
    life = born()
    later = MONDAY + timedelta(days=40)
    opened(life, "hold.released", POLICE, reason="unfounded")
    assert life.dispute.hold.reported_in_lane  # until intake has named it

    out, usual = decide(life.dispute, registered(later, GRID), later), decide(None, registered(later, GRID), later)

    assert out.said == usual.said and not life.dispute.hold.reported_in_lane


def test_it_comes_out_at_its_release_even_if_that_is_processed_weeks_later():
    """Steps that followed the release must not stand before the registration, nor must its clocks start late."""
    life, released, processed = born(), MONDAY + timedelta(days=3), MONDAY + timedelta(days=40)
    opened(life, "hold.released", POLICE, reason="unfounded")

    out = decide(life.dispute, registered(released, GRID), processed)

    began = [data["started_at"] for word, data in out.said if word == "deadline.set"]
    assert began and set(began) == {released}


# ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def until(life, now):
    """Every ordinary deadline is asked when it wants to be; what was said."""
    said = []
    while due := [d for d in life.dispute.deadlines.values() if d.next_check_at is not None and d.next_check_at <= now]:
        deadline = min(due, key=lambda d: d.next_check_at)
        decision = lane.time_passes(life.dispute, deadline, deadline.next_check_at, USUAL_POLICY)
        for word, data in decision.said:
            contracts.dump(word, data, "mediation")
        said += decision.said
    return said


@pytest.mark.parametrize("opener", ["dv.warning_issued", "dispute.stayed"])
def test_a_policy_deadline_is_put_off_and_neither_reminds_nor_passes(opener):
    life = life_until("mediating")
    (deadline,) = [d for d in life.dispute.deadlines.values() if d.clock == "mediation_out_of_court_policy"]
    was = deadline.due_at
    opened(life, opener, COURT, **({"reason": "recusal"} if opener == "dispute.stayed" else {}))

    said = until(life, MONDAY + timedelta(days=80))

    assert {word for word, _ in said} == {"deadline.recomputed"} and {data["because"] for _, data in said} == {"not_counted"}
    assert deadline.due_at >= was + PUT_OFF and deadline.state == "open"


def test_what_was_put_off_stays_put_off_when_everybody_consents_to_more_time():
    """Thirty days for every time it came near, and then the fifteen that the parties agreed on."""
    life = life_until("mediating")
    deadline = life.dispute.deadlines["mediation_out_of_court_policy"]
    assert deadline.due_at == datetime(2026, 4, 1, 23, 59, 59, tzinfo=SHANGHAI)
    opened(life)
    until(life, datetime(2026, 4, 10, tzinfo=SHANGHAI))
    assert deadline.due_at == datetime(2026, 5, 6, 23, 59, 59, tzinfo=SHANGHAI)  # 1 May, and Labour Day until the 5th
    opened(life, "hold.released", POLICE, reason="unfounded")

    life.now = datetime(2026, 4, 10, tzinfo=SHANGHAI)
    assert decide(life.dispute, reported("mediation.extended", life.now, DAMAN), life.now).refused is None

    assert deadline.due_at == datetime(2026, 5, 18, 23, 59, 59, tzinfo=SHANGHAI)  # 45 days end on 16 April, 30 more on Saturday 16 May


def test_what_was_put_off_is_not_forgotten_when_a_step_is_taken_back():
    life = life_until("mediating")
    extended = decide(life.dispute, reported("mediation.extended", life.now, DAMAN), life.now)
    opened(life)
    until(life, datetime(2026, 4, 14, tzinfo=SHANGHAI))
    opened(life, "hold.released", POLICE, reason="unfounded")

    life.now = datetime(2026, 4, 14, tzinfo=SHANGHAI)
    back = reported("report.withdrawn", life.now, DAMAN, event=extended.taken.reported)
    back.data["event"]["id"] = "3"
    taken_back = decide(life.dispute, back, life.now)

    assert taken_back.refused is None
    assert taken_back.dispute.deadlines["mediation_out_of_court_policy"].due_at == datetime(2026, 5, 6, 23, 59, 59, tzinfo=SHANGHAI)


def test_a_date_of_the_law_runs_on_as_for_everybody():
    life, free = life_until("agreed"), life_until("agreed")
    opened(life)
    later = MONDAY + timedelta(days=60)

    def of_the_law(said):
        return [(word, data["clock"]) for word, data in said if data.get("kind") == "LAW"]

    assert of_the_law(until(life, later)) == of_the_law(until(free, later))


@pytest.mark.parametrize(
    ("urgent", "accepted", "last"),
    [  # 反家庭暴力法 28, counted by hand: from the next full hour, through nights and rest days
        (False, "2026-03-02T10:30:00+08:00", "2026-03-05T10:59:59+08:00"),
        (True, "2026-03-02T10:30:00+08:00", "2026-03-03T10:59:59+08:00"),
        (True, "2026-02-13T23:59:00+08:00", "2026-02-14T23:59:59+08:00"),
        (False, "2026-02-16T09:00:00+08:00", "2026-02-19T09:59:59+08:00"),  # in the Spring Festival: not moved
    ],
)
def test_the_period_of_a_protection_order(urgent, accepted, last):
    life = life_until("registered")
    decision = opened(life, "protection_order.accepted", COURT, urgent=urgent, accepted_at=accepted)

    (told,) = [data for word, data in decision.sealed if word == "deadline.set"]
    assert (told["due_at"], told["kind"], told["article"]) == (datetime.fromisoformat(last), "LAW", "反家庭暴力法 28")
    assert told["owed_by"] == ["court"]


def test_time_reminds_the_court_and_then_says_that_the_hours_are_over():
    life = life_until("registered")
    opened(life, "protection_order.accepted", COURT, urgent=True, accepted_at="2026-03-02T10:30:00+08:00")
    times = ("2026-03-03T04:00:00", "2026-03-03T05:00:00", "2026-03-03T10:59:59", "2026-03-03T11:00:00", "2026-03-04T11:00:00")

    said = [words(lane.lane_time_passes(life.dispute, datetime.fromisoformat(at).replace(tzinfo=SHANGHAI))) for at in times]

    assert said == [[], ["deadline.approached"], [], ["deadline.passed"], []]


@pytest.mark.parametrize("word", ["protection_order.issued", "protection_order.refused"])
def test_a_decision_meets_the_hours_and_opens_the_review(word):
    life = life_until("registered")
    opened(life, "protection_order.accepted", COURT, urgent=False, accepted_at=MONDAY.isoformat())
    decision = opened(life, word, COURT)

    met = [data for said, data in decision.sealed if said == "deadline.met"]
    assert [(data["clock"], data["late"]) for data in met] == [("protection_order", False)]
    assert [data["clock"] for said, data in decision.sealed if said == "deadline.set"] == ["protection_order_review"]
    assert life.dispute.hold.cause == "protection_order"  # an order does not end the hold, nor does its refusal


def test_every_clock_of_the_lane_is_a_word_of_the_contract():
    assert set(CLOCKS) <= set(contracts.clocks.CLOCKS)
    assert set(safeguard.TOLD) <= {agency for agency in AGENCIES if safeguard.is_inside(agency)}
