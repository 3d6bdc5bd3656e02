"""A grid worker (village-level worker, 网格员) settles a dispute on the spot, without a referral. The centre follows up unperformed terms."""

from datetime import date, timedelta

from tests.county import DAMAN_COMMITTEE


def dispute_found_by_grid(county):
    report = county.grid.reports_dispute(kind="neighbour", channel="grid")
    county.settle()
    return report.dispute


def test_a_dispute_settled_and_performed_on_the_spot_is_resolved(county):
    code = dispute_found_by_grid(county)

    agreed = county.apply_steps(code, ("grid", "agreement.reached", {"form": "oral", "effective_on": date.today().isoformat(), "confirmable": False}))
    assert agreed.state == "resolved"
    county.apply_steps(
        code,
        ("mediation_centre", "dispute.followed_up", {"settled": True}),
        ("mediation_centre", "dispute.archived", {"archive_no": "甘综〔2026〕11号"}),
    )

    assert county.outcome(code) == "settled"


def test_the_centre_follows_up_an_agreement_on_the_spot_whose_terms_are_not_performed_yet(county):
    code, today = dispute_found_by_grid(county), date.today()
    terms = [{"kind": "restore", "due_on": (today + timedelta(7)).isoformat()}]

    agreed = county.apply_steps(code, ("grid", "agreement.reached", {"form": "oral", "effective_on": today.isoformat(), "confirmable": True, "terms": terms}))
    assert agreed.state == "agreed" and county.next_actors(code) == ["mediation_centre"]

    # The agreement was not made at a mediation body, so a court cannot confirm it (民事诉讼法 205).
    assert county.report_rejected_step(code, "court", "confirmation.applied", applied_on=today.isoformat()) == "not_before_a_mediation_body"
    done = county.apply_steps(code, ("mediation_centre", "performance.recorded", {"term": 1, "result": "full", "on": today.isoformat()}))
    assert done.state == "resolved"


def test_an_agency_that_did_not_find_the_dispute_cannot_settle_it_on_the_spot(county):
    code, today = dispute_found_by_grid(county), date.today().isoformat()

    assert (
        county.report_rejected_step(code, DAMAN_COMMITTEE, "agreement.reached", form="oral", effective_on=today, confirmable=False) == "not_the_mediating_body"
    )
