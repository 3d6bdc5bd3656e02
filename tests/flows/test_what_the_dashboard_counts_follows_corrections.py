"""What the dashboard counts follows every correction: a wrong place, the kind found at screening, a step that is taken back, a join that is undone."""

from types import SimpleNamespace

from contracts import TOWNSHIPS
from services.metrics import recount_store
from tests.county import DAMAN_COMMITTEE, DAMAN_TOWN, wait_until

OTHER_TOWNSHIP = next(code for code in TOWNSHIPS if code != DAMAN_TOWN)


def counted(county, code):
    """Return in how many daily figures the dispute counts: {figure: count}."""
    return dict(county.rows("select figure, sum(count)::int from metrics.daily_disputes where code = %s group by figure having sum(count) <> 0", code))


def recount(county):
    """Return the differences between all stored counts and a recount from the history of all disputes of the flow tests so far."""
    county.settle()
    return recount_store.find_differences(SimpleNamespace(rows=lambda sql, parameters=(): county.rows(sql, *parameters)))


def test_a_dispute_reported_with_the_wrong_township_and_kind_counts_where_it_belongs_after_screening_and_correction(county):
    report = county.womens_federation.reports_dispute(kind="contract")
    county.settle()
    code = report.dispute
    county.apply_steps(code, (county.mediation_centre.code, "dispute.screened", {"suitable": True, "track": "A", "kind": "labour", "cause": "17"}))
    facts = {"channel": "phone", "place": {"township": OTHER_TOWNSHIP}, "kind": "contract", "wants": "mediation", "amount_cny": "500.00"}
    correction = {"event": report.id, "reason": "wrong_facts", "corrects": "dispute.reported", "facts": facts}
    county.apply_steps(code, (county.womens_federation.code, "report.corrected", correction))
    county.settle()

    shown = county.rows("select township, kind, state, channel, particulars->>'cause', particulars->>'amount_cny' from metrics.disputes where code = %s", code)
    assert shown == [(OTHER_TOWNSHIP, "labour", "screened", "phone", "17", "500.00")]
    assert counted(county, code) == {"reported": 1}
    assert recount(county) == []


def test_a_dispute_that_is_archived_taken_back_and_archived_again_counts_once_as_closed(county):
    code = county.create_agreed_dispute(terms=[])
    committee = county.agency(DAMAN_COMMITTEE)
    county.apply_steps(code, (DAMAN_COMMITTEE, "dispute.followed_up", {"settled": True}))
    archived = committee.reports("dispute.archived", code, archive_no="大满调〔2026〕8号")
    county.settle()
    assert counted(county, code)["closed"] == 1

    county.apply_steps(code, (DAMAN_COMMITTEE, "report.withdrawn", {"event": archived.id, "reason": "not_happened"}))
    county.settle()
    assert "closed" not in counted(county, code)
    assert county.rows("select is_open, outcome from metrics.disputes where code = %s", code) == [(True, None)]

    county.apply_steps(code, (DAMAN_COMMITTEE, "dispute.archived", {"archive_no": "大满调〔2026〕9号"}))
    county.settle()
    assert counted(county, code)["closed"] == 1
    assert recount(county) == []


def test_a_dispute_counts_in_no_figure_while_it_is_joined_to_another_and_again_after_the_join_is_undone(county):
    older, newer = county.create_screened_dispute(), county.create_accepted_dispute()
    centre = county.mediation_centre
    county.settle()
    before = counted(county, newer)
    assert before == {"reported": 1, "accepted": 1}

    county.apply_steps(newer, (centre.code, "reports.joined", {"into": older}))
    county.settle()
    assert counted(county, newer) == {}

    county.apply_steps(newer, (centre.code, "reports.unjoined", {"reported_by": county.womens_federation.code}))
    county.settle()
    assert counted(county, newer) == before
    assert recount(county) == []


def test_a_follow_up_that_finds_a_dispute_unsettled_is_shown_until_the_dispute_is_reopened(county):
    code = county.create_agreed_dispute(terms=[])
    county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "dispute.followed_up", {"settled": True}),
        (DAMAN_COMMITTEE, "dispute.followed_up", {"settled": False, "satisfied": False}),
    )
    county.settle()
    assert county.rows("select is_unsettled from metrics.disputes where code = %s", code) == [(True,)]

    county.apply_steps(code, (county.mediation_centre.code, "dispute.reopened", {"reason": "recurred"}))
    county.settle()
    assert county.rows("select is_unsettled, is_open from metrics.disputes where code = %s", code) == [(False, True)]


def test_the_dashboard_hears_how_far_an_agency_has_reported(county):
    code = county.create_screened_dispute()
    county.settle()
    ((screened_at,),) = county.rows("select max(at) from metrics.timeline where code = %s and agency = 'mediation_centre'", code)

    wait_until(
        lambda: county.rows("select 1 from metrics.watermarks where agency = 'mediation_centre' and up_to_at >= %s", screened_at),
        what="the time of the screening is the watermark of the mediation centre",
    )
