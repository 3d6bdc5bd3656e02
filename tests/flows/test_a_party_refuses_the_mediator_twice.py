"""A party refuses two mediators, one after the other. The first refusal is allowed; the second counts as refusing mediation."""

from tests.county import DAMAN_COMMITTEE


def test_a_second_refusal_of_a_mediator_ends_mediation(county):
    code = county.create_accepted_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediator.appointed", {"mediator": "daman-014"}))

    first = county.apply_steps(code, (DAMAN_COMMITTEE, "mediator.refused", {"party": "respondent", "mediator": "daman-014"}))
    assert first.state == "consent_pending"
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediator.appointed", {"mediator": "daman-015"}))
    second = county.apply_steps(code, (DAMAN_COMMITTEE, "mediator.refused", {"party": "respondent", "mediator": "daman-015"}))

    assert second.state == "terminated"  # by 在线调解规则 14 and 特邀调解规定 12
    county.apply_steps(code, (DAMAN_COMMITTEE, "dispute.archived", {"archive_no": "大满调〔2026〕14号"}))
    assert county.outcome(code) == "consent_refused"
