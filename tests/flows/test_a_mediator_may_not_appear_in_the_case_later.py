"""The court names the former mediator of a dispute as assessor or witness in the later case. The step is refused (特邀调解规定 16)."""

from tests.county import DAMAN_COMMITTEE


def test_the_former_mediator_of_a_dispute_is_refused_as_assessor_and_as_witness_in_the_case(county):
    code = county.create_accepted_dispute()
    county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "consent.given", {"party": "applicant", "how": "in_writing"}),
        (DAMAN_COMMITTEE, "consent.given", {"party": "respondent", "how": "in_writing"}),
        (DAMAN_COMMITTEE, "mediator.agreed", {"mediator": "daman-014"}),
        (DAMAN_COMMITTEE, "mediation.started", {}),
        (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "differences_too_large"}),
    )
    county.file_court_case(code)

    assert county.report_rejected_step(code, "court", "participant.named", part="assessor", mediator="daman-014") == "mediated_this_case"
    assert county.report_rejected_step(code, "court", "participant.named", part="witness", mediator="daman-014") == "mediated_this_case"
    assert county.apply_steps(code, ("court", "participant.named", {"part": "assessor", "mediator": "daman-019"})).state == "filed"
