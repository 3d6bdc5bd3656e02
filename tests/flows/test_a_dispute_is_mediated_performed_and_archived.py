"""A dispute is reported, mediated, settled, performed and archived. Each service publishes the expected events; all services have the same state."""

from datetime import date, timedelta

from tests.county import DAMAN_COMMITTEE

EXPECTED_EVENT_TYPES = (
    "dispute.reported", "dispute.screened", "routing.proposed", "dispute.routed", "referral.accepted", "mediators.proposed", "consent.given",
    "consent.given", "mediator.agreed", "mediation.started", "session.held", "agreement.reached", "performance.recorded", "dispute.followed_up", "dispute.archived", "dispute.closed",
)  # fmt: skip


def test_a_family_dispute_is_settled_performed_and_archived_with_the_expected_events_and_deadlines(county):
    report = county.womens_federation.reports_dispute(kind="family")
    county.settle()
    code, centre, committee = report.dispute, county.mediation_centre, county.agency(DAMAN_COMMITTEE)
    today = date.today()

    centre.reports("dispute.screened", code, suitable=True, track="A", kind="family")
    centre.reports("dispute.routed", code, to=DAMAN_COMMITTEE, reason="by_place")
    county.settle()
    committee.reports("referral.accepted", code, conflict_of_interest=False)
    committee.reports("consent.given", code, party="applicant", how="in_writing")
    committee.reports("consent.given", code, party="respondent", how="by_phone")
    committee.reports("mediator.agreed", code, mediator="daman-014")
    committee.reports("mediation.started", code)
    committee.reports("session.held", code, mode="in_person", minutes=90)
    terms = [{"kind": "payment", "due_on": (today + timedelta(days=30)).isoformat(), "amount_cny": "12000.00"}]
    committee.reports("agreement.reached", code, form="written", effective_on=today.isoformat(), terms=terms, confirmable=True)
    committee.reports("performance.recorded", code, term=1, result="full", on=today.isoformat())
    committee.reports("dispute.followed_up", code, settled=True, satisfied=True)
    last = committee.reports("dispute.archived", code, archive_no="大满调〔2026〕7号")
    county.settle()

    assert last.state == "closed"
    assert [event_type for producer, event_type in county.published_events(code) if producer == "mediation"] == list(EXPECTED_EVENT_TYPES)
    assert county.rows("select outcome from mediation.disputes where code = %s", code) == [("performed",)]
    assert set(county.clocks_of_met_deadlines(code)) == {
        "screening", "routing", "referral_answer", "online_ask_other_party", "mediation_out_of_court_policy", "performance", "follow_up",
        "online_parties_choose", "archiving",
    }  # fmt: skip
    assert county.notices(DAMAN_COMMITTEE, code)[0] == "notice.referral"


def test_the_read_model_and_the_recorded_steps_agree_with_the_state_of_a_dispute(county):
    code = county.create_mediated_dispute()
    county.settle()

    assert county.rows("select state from metrics.disputes where code = %s", code) == [(county.state(code),)]
    assert county.state_from_history(code) == county.state(code)


def test_each_service_publishes_the_expected_events_in_order(county):
    committee = county.agency(DAMAN_COMMITTEE)
    code = county.create_mediated_dispute()
    steps = [
        committee.reports("session.held", code, mode="in_person", minutes=90),
        committee.reports("agreement.reached", code, form="written", effective_on=date.today().isoformat(), confirmable=True,
                       terms=[{"kind": "payment", "due_on": (date.today() + timedelta(30)).isoformat(), "amount_cny": "6000.00"}]),
        committee.reports("performance.recorded", code, term=1, result="full", on=date.today().isoformat()),
        committee.reports("dispute.followed_up", code, settled=True, satisfied=True),
        committee.reports("dispute.archived", code, archive_no="大满调〔2026〕7号"),
    ]  # fmt: skip
    county.settle()

    assert [step.receipts for step in steps] == [["receipt.accepted", "receipt.applied"]] * 5
    assert [step.state for step in steps] == ["mediating", "agreed", "resolved", "resolved", "closed"]
    assert county.state(code) == "closed"
    assert [event_type for producer, event_type in county.published_events(code) if producer == "intake"] == ["dispute.registered", *["step.reported"] * 11]
    assert [event_type for producer, event_type in county.published_events(code) if producer == "mediation"] == [
        "dispute.reported",
        "dispute.screened",
        "routing.proposed",
        "dispute.routed",
        "referral.accepted",
        "mediators.proposed",
        "consent.given",
        "consent.given",
        "mediation.started",
        "session.held",
        "agreement.reached",
        "performance.recorded",
        "dispute.followed_up",
        "dispute.archived",
        "dispute.closed",
    ]
    # One line for each step that changes deadlines: the deadline that it meets, those that it sets, and the deadline that it stops.
    # fmt: off
    assert [(change["change"], change["clock"]) for change in county.changes_of_deadlines(code, "met", "set", "stopped")] == [
                                        ("set", "screening"),
        ("met", "screening"),           ("set", "routing"),
        ("met", "routing"),             ("set", "referral_answer"),
        ("met", "referral_answer"),     ("set", "online_ask_other_party"), ("set", "mediation_out_of_court_policy"),
        ("met", "online_ask_other_party"), ("set", "online_parties_choose"),
        ("met", "online_parties_choose"),
        ("met", "mediation_out_of_court_policy"), ("set", "confirmation_apply"), ("set", "performance"),
        ("met", "performance"),         ("set", "follow_up"), ("set", "archiving"), ("stopped", "confirmation_apply"),
        ("met", "follow_up"),
        ("met", "archiving"),
    ]
    # fmt: on
    assert [event_type for producer, event_type in county.published_events(code) if producer == "notify"] == ["notice.sent"] * 9
    assert county.notices("mediation_centre", code) == ["notice.deadline", "notice.proposal"]
    assert county.notices(DAMAN_COMMITTEE, code) == ["notice.referral", *["notice.deadline"] * 2, "notice.mediators", *["notice.deadline"] * 3]
    assert county.rows("select outcome from mediation.disputes where code = %s", code) == [("performed",)]
    assert county.rows("select state, is_open, outcome, overdue from metrics.disputes where code = %s", code) == [("closed", False, "performed", "none")]


def test_the_state_of_every_dispute_equals_the_state_after_its_last_recorded_step(county):
    """The test checks the disputes of all flow tests that have run so far."""
    county.create_mediated_dispute()
    county.settle()

    wrong = county.rows(
        "select d.code, d.state, d.steps, count(t.step), (array_agg(t.after order by t.step desc))[1] from mediation.disputes d"
        " left join mediation.transitions t using (code) group by d.code having d.steps <> count(t.step)"
        " or d.state is distinct from (array_agg(t.after order by t.step desc))[1] or max(t.step) <> count(t.step)"
    )
    broken = county.rows(
        "select code, step from (select code, step, before, lag(after) over (partition by code order by step) as came_from from mediation.transitions) t"
        " where before is distinct from coalesce(came_from, 'detected')"
    )
    assert wrong == broken == []
    assert county.rows("select d.code from mediation.disputes d join metrics.disputes m using (code) where d.state <> m.state") == []
