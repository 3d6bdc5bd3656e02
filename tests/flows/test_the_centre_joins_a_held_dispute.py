"""What happens when the mediation centre joins a dispute that stands still for somebody's safety?"""

import pytest

from tests.county import NO_RISK, Lane, found_outside


def joined(county, about, into):
    told = county.mediation_centre.reports("reports.joined", about, into=into)
    county.settle()
    return told


@pytest.fixture
def four(county):
    """(held, stayed, and one free dispute for each), all in mediation."""
    held, stayed, another, other = (county.mediated_dispute() for _ in range(4))
    county.police.reports("dv.warning_issued", held)
    county.court.reports("dispute.stayed", stayed, reason="jurisdiction")
    county.settle()
    return held, stayed, another, other


def test_it_ends_in_no_other_and_the_reason_is_that_of_an_ordinary_stay(county, four):
    held, stayed, another, other = four
    of_held, of_stayed = joined(county, held, another), joined(county, stayed, other)

    for told in (of_held, of_stayed):
        assert (told.receipts, told.refusal["code"], told.state) == (["receipt.accepted", "receipt.rejected"], "stayed", "mediating")
    assert county.rows("select code from intake.disputes where merged_into is not null and code = any(%s)", [held, stayed]) == []
    assert [county.state(code) for code in four] == ["mediating"] * 4
    assert found_outside(county, held, Lane.WORDS) == []


def test_another_that_is_joined_to_it_is_noted_as_with_an_ordinary_stay(county, four):
    held, stayed, another, other = four
    of_held, of_stayed = joined(county, another, held), joined(county, other, stayed)

    for told, ended, into in ((of_held, another, held), (of_stayed, other, stayed)):
        assert told.receipts[-1] == "receipt.applied"
        assert county.rows("select merged_into from intake.disputes where code = %s", ended) == [(into,)]
        assert county.state(into) == "mediating"
    assert of_held.receipts == of_stayed.receipts
    assert [word for word in county.published(held) if word[1] != "routing.proposed"] == [
        word for word in county.published(stayed) if word[1] != "routing.proposed"
    ]
    assert found_outside(county, held, Lane.WORDS) == []


def test_one_that_was_reported_into_the_lane_is_as_unknown_as_a_code_that_was_never_given(county):
    reported_in_lane = county.womens_federation.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    ordinary = county.grid.reports_dispute()
    county.settle()

    tries = [joined(county, ordinary.dispute, into) for into in (reported_in_lane.dispute, "620702-2026-000000-9")]
    tries += [joined(county, about, ordinary.dispute) for about in (reported_in_lane.dispute, "620702-2026-000000-9")]

    assert [told.receipts for told in tries] == [["receipt.refused"]] * 4
    assert tries[0].refusal == tries[1].refusal and tries[2].refusal == tries[3].refusal
    assert county.rows(
        "select count(*) from intake.disputes where merged_into is not null and code = any(%s)", [reported_in_lane.dispute, ordinary.dispute]
    ) == [(0,)]
