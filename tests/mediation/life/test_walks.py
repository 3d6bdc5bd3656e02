"""Whatever agencies say, in whatever order: does a dispute stay whole? Random walks over steps, facts, speakers and waiting."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.steps import CORRECTABLE
from services.mediation.deadlines.clocks import BY_NAME
from services.mediation.life import decisions
from services.mediation.life.transitions import TRANSITIONS
from tests.mediation.lives import CENTRE, COURT, DAMAN, FACTS, SPEAKER, XIJIE, Life, copied, reported

TERMS = FACTS["agreement.reached"]["terms"]
# fmt: off
VARIANTS = {
    "dispute.screened":     {"suitable": [True, True, True, False]},
    "dispute.routed":       {"to": [DAMAN, DAMAN, XIJIE]},
    "consent.given":        {"party": ["applicant", "respondent", "third_party"]},
    "mediation.extended":   {"days": [1, 7, 40]},
    "agreement.reached":    {"terms": [TERMS, TERMS[:1], []]},
    "performance.recorded": {"term": [1, 2, 3], "result": ["full", "full", "part", "default"]},
    "dispute.followed_up":  {"settled": [True, False, False]},
    "mediation.terminated": {"ground": ["differences_too_large", "party_unwilling", "agreement_reached", "other_obstacle"]},
    "confirmation.applied": {"applied_on": ["2026-03-30", "2026-03-30", "2026-09-30"]},
    "case.closed":          {"mode": ["other", "judgment", "mediated", "withdrawn"]},
    "case.procedure_set":   {"procedure": ["simplified", "ordinary"]},
    "conflict.disclosed":   {"mediator": ["daman-014", "daman-015"], "agreed_after_disclosure": [True, False]},
    "enforcement.completed": {"result": ["full", "none_found"]},
}
RARE = (
    "dispute.reported", "consent.refused", "mediation.terminated", "mediation.suspended", "dispute.archived", "case.filed", "case.filing_refused",
    "petition.registered", "petition.accepted", "petition.decided", "petition.extended", "petition.transferred", "petition.returned", "papers.received",
    "confirmation.objected", "confirmation.extended", "trial.extended", "mediator.requested", "participant.named", "dispute.redirected", "case.closed", "dispute.followed_up",
    "departments.called", "call.answered", "level.escalated", "supervision.issued", "supervision.answered", "mediator.refused", "conflict.disclosed", "report.corrected", "report.withdrawn",
)  # fmt: skip
ODDS = {"reports.joined": 0.02}  # else most lives would end in another before they have begun
# fmt: on


def walk(seed, life, length=60):
    """Each time a step (mostly one that the present state lists), who says it, what it says, and how long after the one before."""
    chance = Random(seed)
    for _ in range(length):
        row = sorted(set(TRANSITIONS[life.state]) & set(FACTS)) if chance.random() < 0.85 else sorted(FACTS)
        step = chance.choice([step for step in row if chance.random() < (0.15 if step in RARE else ODDS.get(step, 1))] or row)
        said_by = chance.choice([CENTRE, COURT, XIJIE]) if chance.random() < 0.1 else SPEAKER.get(step) or life.dispute.body
        facts = {name: chance.choice(values) for name, values in VARIANTS.get(step, {}).items()}
        if step.startswith("report."):
            earlier = chance.choice(life.dispute.taken[-6:])  # mostly something that could be meant, and mostly by whoever said it
            said_by, facts = earlier.agency or CENTRE, {"event": earlier.reported or "e-0"}
            if step == "report.corrected" and earlier.word in FACTS and earlier.word in CORRECTABLE:
                facts |= {"corrects": earlier.word, "facts": FACTS[earlier.word]}
        yield step, said_by, facts, timedelta(hours=chance.choice([0, 1, 5, 30, 100, 400]))


def begun():
    life = Life()
    life.begins()
    return life


seeds = st.integers(0, 2**32)


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_a_dispute_stays_whole_whatever_is_said(seed):
    life = begun()
    for step, agency, facts, wait in walk(seed, life):
        life.until(life.now + wait)  # every word said is checked against the contract on the way
        before = copied(replace(life.dispute, taken=[]))
        decision = life._hears(reported(step, life.now, agency, **facts))

        dispute = life.dispute
        assert [type for type, _ in decision.said if type.startswith("step.")] == ["step.refused" if decision.refused else "step.applied"]
        if decision.refused:
            assert dispute == before
        assert decisions.fold(life.history) == dispute.state
        assert dispute.steps == len(life.history)
        assert len({d.clock for d in dispute.deadlines.values()}) == len(dispute.deadlines), "one deadline of a clock at a time"
        assert all(dispute.state in BY_NAME[d.clock].runs_in for d in dispute.deadlines.values()), "no clock runs where it has no business"
        assert all((d.next_check_at is None) == (d.state == "passed" or d.paused) for d in dispute.deadlines.values()), (
            "time looks at every open deadline again"
        )
        assert dispute.state != "closed" or "dispute.closed" in life.words()


@settings(max_examples=40, deadline=None)
@given(seeds)
@example(1313)  # an urging that followed one whose time had passed is corrected
def test_whoever_hears_only_what_is_said_knows_which_deadlines_are_open(seed):
    life, heard = begun(), {}
    for step, agency, facts, wait in walk(seed, life):
        life.until(life.now + wait)
        life.says(step, agency, **facts)
    for type, data in life.said:
        if type in ("deadline.set", "deadline.recomputed"):
            heard[data["clock"]] = data["due_at"]
        elif type in ("deadline.met", "deadline.stopped"):
            del heard[data["clock"]]

    assert heard == {d.clock: d.due_at for d in life.dispute.deadlines.values()}


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_same_history_always_gives_the_same_dispute(seed):
    def told():
        life = begun()
        for step, agency, facts, wait in walk(seed, life):
            life.says(step, agency, after=wait, **facts)
        return life

    one, other = told(), told()
    assert (one.dispute, one.said, one.history) == (other.dispute, other.said, other.history)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_what_is_said_twice_under_two_ids_moves_no_state_twice(seed):
    life = begun()
    for step, agency, facts, wait in walk(seed, life):
        first = life.says(step, agency, after=wait, **facts)
        again = life.says(step, agency, after=timedelta(0), **facts)
        if step == "mediator.refused":
            continue  # a second refusal is a refusal of mediation, by the law itself
        if first.refused is None and again.refused is None:
            assert again.transition.before == again.transition.after == first.transition.after


def test_the_walks_come_through_every_state_so_that_they_prove_something():
    seen = Counter()
    for seed in range(1200):
        life = begun()
        for step, agency, facts, wait in walk(seed, life):
            life.says(step, agency, after=wait, **facts)
            seen[life.state] += 1
        if set(seen) | {"detected"} == set(TRANSITIONS):
            break

    assert set(seen) | {"detected"} == set(TRANSITIONS)
