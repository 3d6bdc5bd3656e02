"""An agency corrects a step that it reported. A step without effect on the state can be corrected at any time, else only the last step."""

from contracts import TOWNSHIPS
from tests.county import DAMAN_COMMITTEE, DAMAN_TOWN


def test_a_step_that_did_not_change_the_state_can_be_corrected_after_later_steps(county):
    code = county.create_mediated_dispute()
    committee = county.agency(DAMAN_COMMITTEE)
    session = committee.reports("session.held", code, mode="in_person", minutes=9)
    county.apply_steps(code, (DAMAN_COMMITTEE, "session.held", {"mode": "video", "minutes": 30}))

    facts = {"mode": "in_person", "minutes": 90}
    correction_result = county.apply_steps(
        code, (DAMAN_COMMITTEE, "report.corrected", {"event": session.id, "reason": "wrong_facts", "corrects": "session.held", "facts": facts})
    )

    assert correction_result.state == "mediating"


def test_a_correction_of_the_last_step_replaces_the_data_of_the_step(county):
    code = county.create_mediated_dispute()
    committee = county.agency(DAMAN_COMMITTEE)
    agreed = committee.reports(
        "agreement.reached", code, form="written", effective_on="2026-11-02", confirmable=True, terms=[{"kind": "payment", "due_on": "2026-12-01"}]
    )
    county.settle()

    facts = {"form": "written", "effective_on": "2026-11-02", "confirmable": True, "terms": [{"kind": "payment", "due_on": "2027-01-15"}]}
    correction = {"event": agreed.id, "reason": "wrong_facts", "corrects": "agreement.reached", "facts": facts}
    correction_result = county.apply_steps(code, (DAMAN_COMMITTEE, "report.corrected", correction))

    assert correction_result.state == "agreed"
    assert county.rows("select terms->0->>'due_on' from mediation.disputes where code = %s", code) == [("2027-01-15",)]
    assert county.state_from_history(code) == "agreed"
    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "report.corrected", **correction) == "already_taken_back"


def test_an_agency_cannot_correct_another_agencys_report(county):
    code = county.create_routed_dispute(DAMAN_COMMITTEE)
    accepted = county.agency(DAMAN_COMMITTEE).reports("referral.accepted", code)
    county.settle()

    assert county.report_rejected_step(code, "mediation_centre", "report.corrected", event=accepted.id, reason="wrong_facts") == "no_such_report"


OTHER_TOWNSHIP = next(code for code in TOWNSHIPS if code != DAMAN_TOWN)
PARTIES = [{"role": "applicant", "name": "虚构丙"}, {"role": "respondent", "name": "虚构丁"}, {"role": "respondent", "name": "虚构戊"}]


def place_and_kind(county, code):
    """Return township and kind of the dispute as mediation and as intake store them."""
    ((in_mediation,),) = county.rows("select array[township, kind] from mediation.disputes where code = %s", code)
    ((at_intake,),) = county.rows("select array[facts->>'township', facts->>'kind'] from intake.reports where code = %s", code)
    return in_mediation, at_intake


def test_the_reporting_agency_corrects_all_facts_of_its_report(county):
    report = county.womens_federation.reports_dispute()
    county.settle()
    code = report.dispute
    facts = {"channel": "phone", "place": {"township": OTHER_TOWNSHIP}, "kind": "contract", "wants": "mediation", "parties": PARTIES}
    correction = {"event": report.id, "reason": "wrong_facts", "corrects": "dispute.reported", "facts": facts}
    county.apply_steps(code, (county.womens_federation.code, "report.corrected", correction))
    county.settle()

    assert place_and_kind(county, code) == ([OTHER_TOWNSHIP, "contract"],) * 2
    labels = county.rows("select facts->'party_labels' from intake.reports where code = %s", code)
    assert labels == [(["applicant", "respondent", "respondent-2"],)]
    assert county.rows("select count(*) from intake.parties where code = %s", code) == [(1,)]


def test_the_centre_corrects_place_and_kind_of_another_agencys_report(county):
    report = county.womens_federation.reports_dispute(amount_cny="500.00")
    county.settle()
    code = report.dispute
    facts = {"place": {"township": OTHER_TOWNSHIP}, "kind": "contract"}
    correction = {"event": report.id, "reported_by": county.womens_federation.code, "reason": "wrong_facts", "corrects": "dispute.reported", "facts": facts}
    county.apply_steps(code, (county.mediation_centre.code, "report.corrected", correction))
    county.settle()

    assert place_and_kind(county, code) == ([OTHER_TOWNSHIP, "contract"],) * 2
    assert county.rows("select facts->>'amount_cny' from intake.reports where code = %s", code) == [("500.00",)]
    refused = county.police.reports("report.corrected", code, **correction)
    county.settle()
    assert (refused.receipts, refused.refusal["code"]) == (["receipt.refused"], "not_your_report")


def test_a_withdrawn_correction_of_a_report_restores_it(county):
    report = county.womens_federation.reports_dispute()
    county.settle()
    code, federation = report.dispute, county.womens_federation
    facts = {"channel": "phone", "place": {"township": OTHER_TOWNSHIP}, "kind": "contract", "wants": "mediation"}
    correction = {"event": report.id, "reason": "wrong_facts", "corrects": "dispute.reported", "facts": facts}
    corrected = county.apply_steps(code, (federation.code, "report.corrected", correction))
    county.apply_steps(code, (federation.code, "report.withdrawn", {"event": corrected.id, "reason": "wrong_facts"}))
    county.settle()

    assert place_and_kind(county, code) == ([DAMAN_TOWN, "family"],) * 2
    assert county.report_rejected_step(code, federation.code, "report.withdrawn", event=report.id, reason="wrong_facts") == "registration_stands"
