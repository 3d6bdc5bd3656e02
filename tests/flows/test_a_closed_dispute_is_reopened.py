"""An archived dispute is reopened. The dispute keeps its code and starts again in the state registered; earlier consents no longer count."""

from tests.county import DAMAN_COMMITTEE


def archived_dispute(county):
    """Return the code of a dispute that was mediated without agreement and archived."""
    code = county.create_mediated_dispute()
    county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "self_settled_withdrawn"}),
        (DAMAN_COMMITTEE, "dispute.archived", {"archive_no": "大满调〔2026〕13号"}),
    )
    county.settle()
    return code


def test_a_reopened_dispute_keeps_its_code_and_needs_new_consents(county):
    code = archived_dispute(county)

    again = county.apply_steps(code, ("mediation_centre", "dispute.reopened", {"reason": "recurred"}))
    county.settle()

    assert again.state == "registered"
    assert county.rows("select is_open, outcome from metrics.disputes where code = %s", code) == [(True, None)]
    county.apply_steps(
        code,
        ("mediation_centre", "dispute.screened", {"suitable": True, "track": "A", "kind": "family"}),
        ("mediation_centre", "dispute.routed", {"to": DAMAN_COMMITTEE, "reason": "by_place"}),
        (DAMAN_COMMITTEE, "referral.accepted", {}),
    )
    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "mediation.started") == "illegal_here"  # earlier consents no longer count


def test_a_case_about_an_archived_dispute_can_be_filed(county):
    code = archived_dispute(county)

    county.file_court_case(code)
    county.settle()

    assert county.rows("select is_open, state from metrics.disputes where code = %s", code) == [(True, "filed")]
