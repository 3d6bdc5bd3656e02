"""A dispute was put away and comes up again. Does it get a second code?"""

from tests.county import DAMAN_COMMITTEE


def closed(county):
    code = county.mediated_dispute()
    county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "self_settled_withdrawn"}),
        (DAMAN_COMMITTEE, "dispute.archived", {"archive_no": "大满调〔2026〕13号"}),
    )
    county.settle()
    return code


def test_it_keeps_its_code_and_begins_anew(county):
    code = closed(county)

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
    assert county.rejection_of(code, DAMAN_COMMITTEE, "mediation.started") == "illegal_here"  # the old consents are no consents now


def test_a_dispute_that_was_put_away_can_still_be_sued_about(county):
    code = closed(county)

    county.filed_dispute(code)
    county.settle()

    assert county.rows("select is_open, state from metrics.disputes where code = %s", code) == [(True, "filed")]
