"""The grid worker settles what she finds, there and then. Does that take a referral?"""

from datetime import date, timedelta

from tests.county import DAMAN_COMMITTEE


def found(county):
    report = county.grid.reports_dispute(kind="neighbour", channel="grid")
    county.settle()
    return report.dispute


def test_settled_and_performed_at_once_it_is_resolved(county):
    code = found(county)

    told = county.apply_steps(code, ("grid", "agreement.reached", {"form": "oral", "effective_on": date.today().isoformat(), "confirmable": False}))
    assert told.state == "resolved"
    county.apply_steps(
        code,
        ("mediation_centre", "dispute.followed_up", {"settled": True}),
        ("mediation_centre", "dispute.archived", {"archive_no": "甘综〔2026〕11号"}),
    )

    assert county.outcome(code) == "settled"


def test_what_is_still_owed_the_centre_follows(county):
    code, today = found(county), date.today()
    terms = [{"kind": "restore", "due_on": (today + timedelta(7)).isoformat()}]

    told = county.apply_steps(code, ("grid", "agreement.reached", {"form": "oral", "effective_on": today.isoformat(), "confirmable": True, "terms": terms}))
    assert told.state == "agreed" and county.next_actors(code) == ["mediation_centre"]

    # No mediation body was there, so no court can confirm it (民事诉讼法 205).
    assert county.rejection_of(code, "court", "confirmation.applied", applied_on=today.isoformat()) == "not_before_a_mediation_body"
    done = county.apply_steps(code, ("mediation_centre", "performance.recorded", {"term": 1, "result": "full", "on": today.isoformat()}))
    assert done.state == "resolved"


def test_nobody_settles_on_the_spot_what_another_found(county):
    code, today = found(county), date.today().isoformat()

    assert county.rejection_of(code, DAMAN_COMMITTEE, "agreement.reached", form="oral", effective_on=today, confirmable=False) == "not_the_mediating_body"
