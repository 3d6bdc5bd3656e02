"""Tests that each clock of a dispute runs from the event that the generated table of clocks names (docs/deadlines.md, `runs_from` in law/periods.py)."""

from datetime import datetime, timedelta

import pytest

from contracts.dates import SHANGHAI
from services.mediation.deadlines.clocks import CLOCKS
from services.mediation.law.dates import day_start
from services.mediation.law.periods import DEFAULT_RULES
from tests.mediation.simulated_dispute import COURT, MONDAY, SimulatedDispute, reported_event


def at(day, hour=10):
    """Return a time in March 2026; a day after the 31st is in April."""
    return datetime(2026, 3, 1, hour, tzinfo=SHANGHAI) + timedelta(days=day - 1)


def course(*steps, **registration):
    """Return the facts of the registration on 2 March, and steps as (day, type of the step, reporting agency or None, facts)."""
    return registration, [(day, step, *(rest if len(rest) == 2 else (None, rest[0] if rest else {}))) for day, step, *rest in steps]


SCREENED = (3, "dispute.screened")
ROUTED = (SCREENED, (4, "dispute.routed"))
ACCEPTED = (*ROUTED, (5, "referral.accepted"))
CONSENTED = (*ACCEPTED, (6, "consent.given"), (7, "consent.given", {"party": "respondent"}))
MEDIATING = (*CONSENTED, (8, "mediation.started"))
AGREED = (*MEDIATING, (11, "agreement.reached", {"effective_on": "2026-03-10"}))
APPLIED = (*AGREED, (17, "confirmation.applied", {"applied_on": "2026-03-16"}))
CONFIRMED = (*APPLIED, (18, "confirmation.accepted"), (19, "confirmation.granted", {"served_on": "2026-03-18"}))
FILED = (SCREENED, (12, "case.filed", {"received_on": "2026-03-09", "decided_on": "2026-03-11"}))
PERFORMED = (
    *AGREED,
    (13, "performance.recorded", {"term": 1, "on": "2026-03-12"}),
    (21, "performance.recorded", {"term": 2, "on": "2026-03-20"}),
)
WITHOUT_MEDIATOR = {"mediator": None}


def filed_in(procedure):
    return (SCREENED, (12, "case.filed", {"received_on": "2026-03-09", "decided_on": "2026-03-11", "procedure": procedure}))


def entrusted(procedure):
    return (*filed_in(procedure), (13, "case.entrusted", {"procedure": procedure}), (14, "referral.accepted"))


# fmt: off
# A row says: clock, from when it runs by the table of clocks, registration and steps of a dispute, and the expected start.
STARTS = [
    ("screening",                      "registration or reopening",                      course(),                                                     MONDAY),
    ("screening",                      "registration or reopening",                      course(SCREENED, (4, "dispute.redirected"), (9, "dispute.reopened", "mediation_centre", {})), at(9)),
    ("routing",                        "screening, a referral declined, or a refusal to file", course(SCREENED),                                       at(3)),
    ("routing",                        "screening, a referral declined, or a refusal to file", course(*ROUTED, (6, "referral.declined")),              at(6)),
    ("referral_answer",                "referral received",                              course(*ROUTED),                                              at(4)),
    ("online_ask_other_party",         "delegation accepted",                            course(*ACCEPTED),                                            at(5)),
    ("online_parties_choose",          "both parties consented",                         course(*ROUTED, (5, "referral.accepted", WITHOUT_MEDIATOR), *CONSENTED[3:]), at(7)),
    ("online_appoint",                 "request received",                               course(*CONSENTED, (9, "mediator.requested")),                at(9)),
    ("mediation_out_of_court_policy",  "acceptance by the body",                         course(*MEDIATING),                                           at(5)),
    ("labour_mediation",               "application received",                           course((3, "dispute.screened", {"kind": "labour"}), *ACCEPTED[1:], kind="labour"), MONDAY),
    ("labour_mediation",               "application received",                           course((3, "dispute.screened", {"kind": "labour"}), *ACCEPTED[1:], kind="labour", wants="advice"), at(4)),
    ("medical_mediation",              "acceptance",                                     course((3, "dispute.screened", {"kind": "medical"}), (4, "dispute.routed", {"to": "medical_mediation"}),
                                                                                                (5, "referral.accepted", "medical_mediation", WITHOUT_MEDIATOR), kind="medical"), at(5)),
    ("mediation_entrusted_ordinary",   "signature for the court's papers; online: confirmation on the platform", course(*entrusted("ordinary")),      at(14)),
    ("mediation_entrusted_simplified", "signature for the court's papers; online: confirmation on the platform", course(*entrusted("simplified")),    at(14)),
    ("confirmation_apply",             "agreement effective",                            course(*AGREED),                                              day_start("2026-03-10")),
    ("confirmation_accept",            "application received",                           course(*APPLIED),                                             day_start("2026-03-16")),
    ("confirmation_decide",            "acceptance",                                     course(*APPLIED, (18, "confirmation.accepted")),              at(18)),
    ("confirmation_decide_outer",      "docketing",                                      course(*APPLIED, (18, "confirmation.accepted")),              at(18)),
    ("confirmation_objection",         "ruling received",                                course(*CONFIRMED),                                           day_start("2026-03-18")),
    ("confirmation_objection_third_party", "the day on which the interested person knew or should have known of the infringement",
                                       course(*CONFIRMED, (30, "confirmation.objected", {"by": "third_party", "objected_on": "2026-03-30", "knew_on": "2026-03-25"})), day_start("2026-03-25")),
    ("objection_review",               "the objection",                                  course(*CONFIRMED, (24, "confirmation.objected", {"objected_on": "2026-03-24"})), at(24)),
    ("performance",                    "the day agreed for performance",                 course(*AGREED),                                              day_start("2026-04-15")),
    ("follow_up",                      "complete performance",                           course(*PERFORMED),                                           day_start("2026-03-20")),
    ("archiving",                      "resolution, termination or redirection",         course(*PERFORMED),                                           at(21)),
    ("archiving",                      "resolution, termination or redirection",         course(*MEDIATING, (10, "mediation.terminated")),             at(10)),
    ("archiving",                      "resolution, termination or redirection",         course(SCREENED, (4, "dispute.redirected")),                  at(4)),
    ("enforcement_apply",              "last day for performance",                       course(*CONFIRMED),                                           day_start("2026-06-30")),
    ("filing_decision",                "complaint received",                             course((3, "dispute.screened", COURT, {"track": "B", "court_received_on": "2026-03-02"})), day_start("2026-03-02")),
    ("filing_decision",                "complaint received",                             course(*FILED),                                               day_start("2026-03-09")),
    ("trial_small_claims",             "filing",                                         course(*filed_in("small_claims")),                            day_start("2026-03-11")),
    ("trial_simplified",               "filing",                                         course(*filed_in("simplified")),                              day_start("2026-03-11")),
    ("trial_ordinary",                 "filing",                                         course(*filed_in("ordinary")),                                day_start("2026-03-11")),
    ("petition_accept",                "petition received",                              course((9, "petition.registered")),                           at(9)),
    ("petition_decide",                "acceptance",                                     course((9, "petition.registered"), (10, "petition.accepted")), at(10)),
    ("petition_transfer_objection",    "transfer received",                              course((9, "petition.transferred")),                          at(9)),
    ("group_level",                    "dispute found",                                  course(channel="grid"),                                       MONDAY),
    ("village_level",                  "escalation to the village",                      course((3, "level.escalated", {"level": "village_level"}), channel="grid"), at(3)),
    ("township_office_level",          "escalation to the judicial office",              course((3, "level.escalated", {"level": "township_office_level"}), channel="grid"), at(3)),
    ("township_level",                 "escalation to the township",                     course((3, "level.escalated", {"level": "township_level"}), channel="grid"), at(3)),
    ("call_answer",                    "the call of departments",                        course((6, "departments.called")),                            at(6)),
    ("supervision_answer",             "the supervision notice",                         course(*ACCEPTED, (9, "supervision.issued")),                 at(9)),
]
# fmt: on


@pytest.mark.parametrize(("clock", "runs_from", "course", "start"), STARTS, ids=[f"{number} {row[0]}" for number, row in enumerate(STARTS)])
def test_a_clock_runs_from_the_event_that_the_table_of_clocks_names(clock, runs_from, course, start):
    registration, steps = course
    simulation = SimulatedDispute()
    changes = list(simulation.register(**registration).new_events[0][1].get("deadlines", ()))
    for day, step, agency, facts in steps:
        simulation.now = at(day)
        event_facts = {name: value for name, value in facts.items() if value is not None}
        decision = report(simulation, step, agency, event_facts, without=[name for name, value in facts.items() if value is None])
        assert decision.refused is None, (step, decision.refused)
        changes += decision.new_events[0][1].get("deadlines", ())

    assert {rule.runs_from[1] for rule in DEFAULT_RULES[clock]} == {runs_from}
    started = [change["started_at"] for change in changes if change["clock"] == clock and change["change"] == "set"]
    assert started[-1] == start


def report(simulation, step, agency, facts, without):
    event = reported_event(step, simulation.now, agency, **facts)
    for name in without:
        event.data["facts"].pop(name, None)
    return simulation.hear(event)


def test_the_start_of_every_clock_of_a_dispute_is_tested():
    # Referrals on the legacy track ended with 2024; tests/mediation/deadlines/test_tracking.py has a dispute of that time.
    assert {row[0] for row in STARTS} | {"mediation_delegated_legacy"} == {clock.name for clock in CLOCKS}
