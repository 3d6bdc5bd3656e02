"""Two reported disputes may be the same. The centre gets a proposal and joins them; then both codes and report numbers refer to one dispute."""

import httpx

from tests.county import DAMAN_COMMITTEE, wait_until
from tests.intake.people import person


def test_after_the_centre_joins_a_proposed_duplicate_all_reporters_get_the_current_code_of_the_dispute(county):
    police = county.police.reports_dispute(report_no="110-dup-9", kind="contract", parties=[person(21), person(22, "respondent")])
    county.settle()
    grid = county.grid.reports_dispute(
        report_no="W-dup-9", kind="private_loan", parties=[person(21), person(22, "respondent")]
    )  # the parties are the same, the kind of dispute differs
    county.settle()
    older, newer = police.dispute, grid.dispute

    assert newer != older
    assert county.notices("mediation_centre", newer) == ["notice.deadline", "notice.duplicate"]
    (notice,) = [notice for notice in county.mediation_centre.agency.notices() if notice.type == "notice.duplicate" and notice.data["dispute"] == newer]
    assert notice.data == {"dispute": newer, "other": older, "reasons": ["same_parties", "same_place", "within_days"], "days": 0}

    county.mediation_centre.reports("dispute.screened", newer, suitable=True, track="A", kind="private_loan")
    county.mediation_centre.reports("dispute.routed", newer, to=DAMAN_COMMITTEE, reason="by_place")
    county.settle()
    joined = county.mediation_centre.reports("reports.joined", newer, into=older)
    county.settle()

    assert joined.receipts == ["receipt.accepted", "receipt.applied"]
    assert (county.state(newer), county.state_from_history(newer), county.state(older)) == ("closed", "closed", "registered")
    assert county.rows("select outcome from mediation.disputes where code = %s", newer) == [("merged",)]
    assert (grid.dispute, county.grid.agency.code_of("W-dup-9")) == (older, older)
    assert "notice.joined" in county.notices(DAMAN_COMMITTEE, newer)
    assert county.rows("select clock from mediation.deadlines where code = %s and state = 'open' and next_check_at is not null", newer) == []

    screened = county.mediation_centre.reports("dispute.screened", newer, suitable=True, track="A", kind="contract")  # reported with the former code
    county.settle()
    assert (screened.dispute, screened.receipts[-1], county.state(older)) == (older, "receipt.applied", "screened")

    counted = county.rows("select sum(count) from metrics.daily_disputes where code = any(%s) and figure in ('reported', 'closed')", [older, newer])
    assert counted == [(1,)]
    for language, words in (("zh", "并入"), ("en", "Joined to")):
        page = wait_until(lambda language=language: httpx.get(f"{county.system.endpoints['dashboard']}/disputes/{newer}?lang={language}", trust_env=False).text)
        assert older in page and words.lower() in page.lower()


def test_a_dispute_cannot_be_joined_to_itself_or_to_an_ended_dispute(county):
    one = county.police.reports_dispute(kind="consumer")
    county.settle()
    county.mediation_centre.reports("dispute.screened", one.dispute, suitable=False, track="A", kind="consumer")
    county.mediation_centre.reports("dispute.archived", one.dispute, archive_no="A-dup-1")
    other = county.police.reports_dispute(kind="consumer")
    county.settle()
    itself = county.mediation_centre.reports("reports.joined", other.dispute, into=other.dispute)
    ended = county.mediation_centre.reports("reports.joined", other.dispute, into=one.dispute)
    county.settle()

    assert (itself.refusal["code"], ended.refusal["code"]) == ("joins_itself", "joins_an_ended_one")
