"""Nobody applies for judicial confirmation within thirty days. The right to apply lapses, and the agreement remains valid as a contract.

An application that was made in time but reported late is accepted.
"""

from datetime import UTC, datetime

from tests.county import DAMAN_COMMITTEE, wait_until


def test_the_right_to_apply_for_confirmation_lapses_and_the_agreement_is_performed_as_a_contract(county):
    code = county.create_agreed_dispute(datetime(2026, 3, 2, 2, tzinfo=UTC))

    wait_until(lambda: county.state(code) == "performing", what="the period ended")

    county.settle()
    assert ("mediation", "confirmation.lapsed") in county.published_events(code)
    assert county.state_from_history(code) == "performing"
    done = county.apply_steps(code, (DAMAN_COMMITTEE, "performance.recorded", {"term": 1, "result": "full", "on": "2026-03-30"}))
    assert done.state == "resolved"


def test_an_application_for_confirmation_made_in_time_but_reported_late_is_accepted(county):
    code = county.create_agreed_dispute(datetime(2026, 3, 2, 2, tzinfo=UTC))
    wait_until(lambda: county.state(code) == "performing", what="the period ended")

    applied = county.apply_steps(code, (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": "2026-03-31"}))

    assert applied.state == "confirm_applied"
