"""An agency reports a step that is not allowed. The step is rejected with a reason in Chinese and English, and the dispute does not change."""

from tests.county import DAMAN_COMMITTEE


def test_a_body_without_a_referral_cannot_accept_the_dispute(county):
    report = county.womens_federation.reports_dispute()
    county.settle()

    step = county.agency(DAMAN_COMMITTEE).reports("referral.accepted", report.dispute, conflict_of_interest=False)
    county.settle()

    assert step.receipts == ["receipt.accepted", "receipt.rejected"]
    assert step.refusal["code"] == "illegal_here"
    assert "不能办理" in step.refusal["zh"] and "not possible" in step.refusal["en"]
    assert county.state(report.dispute) == "registered"


def test_mediation_cannot_start_before_all_parties_consented(county):
    code = county.create_accepted_dispute()
    committee = county.agency(DAMAN_COMMITTEE)
    committee.reports("consent.given", code, party="applicant", how="in_writing")

    started = committee.reports("mediation.started", code)
    county.settle()

    assert started.receipts[-1] == "receipt.rejected"
    assert started.refusal["code"] == "consent_missing"
    assert "人民调解法第17条" in started.refusal["zh"]


def test_a_step_that_the_agencys_role_may_not_report_is_refused(county):
    report = county.womens_federation.reports_dispute()
    county.settle()

    step = county.police.reports("mediation.started", report.dispute)
    county.settle()

    assert step.receipts == ["receipt.refused"]
    assert step.refusal["code"] == "not_yours_to_say"


def test_a_step_that_is_illegal_in_the_state_of_the_dispute_does_not_change_the_dispute(county):
    report = county.womens_federation.reports_dispute()
    county.settle()
    early = county.mediation_centre.reports("dispute.routed", report.dispute, to=DAMAN_COMMITTEE, reason="by_place")
    county.settle()

    assert early.state == county.state(report.dispute) == "registered"
    assert "已登记" in early.refusal["zh"] and "分流交办" in early.refusal["zh"]
    assert county.published_events(report.dispute) == [
        ("intake", "dispute.registered"), ("intake", "step.reported"),
        ("mediation", "dispute.reported"), ("mediation", "step.refused"),
        ("notify", "notice.sent"),
    ]  # fmt: skip


def test_a_step_about_an_unassigned_dispute_code_is_refused_by_intake(county):
    unknown = county.mediation_centre.reports("dispute.screened", "620702-2026-999999-9", suitable=True, track="A", kind="family")
    county.settle()

    assert unknown.receipts == ["receipt.refused"] and unknown.refusal["code"] == "unknown_dispute"
