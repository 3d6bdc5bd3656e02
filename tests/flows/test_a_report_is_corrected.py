"""An agency reported something with a mistake in it. How is that put right?"""

from tests.county import DAMAN_COMMITTEE


def test_a_mere_note_is_corrected_at_any_time(county):
    code = county.mediated_dispute()
    committee = county.agency(DAMAN_COMMITTEE)
    session = committee.reports("session.held", code, mode="in_person", minutes=9)
    county.apply_steps(code, (DAMAN_COMMITTEE, "session.held", {"mode": "video", "minutes": 30}))

    facts = {"mode": "in_person", "minutes": 90}
    right = county.apply_steps(
        code, (DAMAN_COMMITTEE, "report.corrected", {"event": session.id, "reason": "wrong_facts", "corrects": "session.held", "facts": facts})
    )

    assert right.state == "mediating"


def test_the_last_step_is_taken_anew_with_the_right_facts(county):
    code = county.mediated_dispute()
    committee = county.agency(DAMAN_COMMITTEE)
    agreed = committee.reports(
        "agreement.reached", code, form="written", effective_on="2026-11-02", confirmable=True, terms=[{"kind": "payment", "due_on": "2026-12-01"}]
    )
    county.settle()

    facts = {"form": "written", "effective_on": "2026-11-02", "confirmable": True, "terms": [{"kind": "payment", "due_on": "2027-01-15"}]}
    correction = {"event": agreed.id, "reason": "wrong_facts", "corrects": "agreement.reached", "facts": facts}
    right = county.apply_steps(code, (DAMAN_COMMITTEE, "report.corrected", correction))

    assert right.state == "agreed"
    assert county.rows("select terms->0->>'due_on' from mediation.disputes where code = %s", code) == [("2027-01-15",)]
    assert county.state_from_history(code) == "agreed"
    assert county.rejection_of(code, DAMAN_COMMITTEE, "report.corrected", **correction) == "already_taken_back"


def test_nobody_corrects_what_another_agency_said(county):
    code = county.routed_dispute(DAMAN_COMMITTEE)
    taken = county.agency(DAMAN_COMMITTEE).reports("referral.accepted", code)
    county.settle()

    assert county.rejection_of(code, "mediation_centre", "report.corrected", event=taken.id, reason="wrong_facts") == "no_such_report"
