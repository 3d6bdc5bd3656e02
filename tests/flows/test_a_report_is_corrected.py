"""An agency corrects a step that it reported. A step without effect on the state can be corrected at any time, else only the last step."""

from tests.county import DAMAN_COMMITTEE


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
