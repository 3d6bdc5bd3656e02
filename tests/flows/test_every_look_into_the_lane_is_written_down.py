"""Who may look at what is in the safeguard lane, and what remains of a look?"""

import pytest

from tests.county import NO_RISK, County


@pytest.fixture(scope="module")
def sealed(county: County) -> str:
    report = county.grid.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    county.settle()
    return report.dispute


def looks(county, dispute):
    return county.rows("select agency, officer, reason, granted from intake.looks where dispute = %s order by seq", dispute)


def test_those_inside_see_what_there_is_and_who_looked_before(county, sealed):
    before = len(looks(county, sealed))
    answer = county.look_up_safeguarded("police", sealed, "police_duty", "p-0815")

    assert answer.status_code == 200
    view = answer.json()
    assert (view["dispute"], view["held_by"], view["about"]["kind"]) == (sealed, ["hold"], "family")
    assert [entry["type"] for entry in view["entries"]] == ["safeguard.held", "step.applied"]
    assert looks(county, sealed)[before:] == [("police", "p-0815", "police_duty", True)]
    assert county.look_up_safeguarded("court", sealed, "release").json()["looks"][-2]["agency"] == "police"
    assert "虚构" not in answer.text


@pytest.mark.parametrize("agency", ["grid", "mediation_centre", "judicial_bureau", "trade_union"])
def test_for_all_others_it_is_as_if_there_were_nothing(county, sealed, agency):
    """Even for the grid, that reported it: it knows what it said, not what came of it."""
    ordinary = county.mediated_dispute()
    answers = [county.look_up_safeguarded(agency, code) for code in (sealed, ordinary, "620702-2026-000000-9")]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
    assert set(answers[0].headers) == set(answers[1].headers) == set(answers[2].headers)
    assert looks(county, sealed)[-1] == (agency, "p-0815", "police_duty", False)  # that somebody tried is known to those inside


def test_inside_there_is_nothing_to_see_of_an_ordinary_dispute(county):
    assert county.look_up_safeguarded("police", county.mediated_dispute()).status_code == 404


@pytest.mark.parametrize("asked", [{"reason": "curiosity"}, {"officer": "虚构甲"}, {"dispute": "R-1"}])
def test_nobody_looks_without_a_code_a_reason_and_a_number(county, sealed, asked):
    given = {"dispute": sealed, "reason": "police_duty", "officer": "p-0815"} | asked
    count = len(county.rows("select 1 from intake.looks"))

    assert county.look_up_safeguarded("police", **given).status_code == 400
    assert len(county.rows("select 1 from intake.looks")) == count


def test_a_look_cannot_be_taken_back(county, sealed):
    county.look_up_safeguarded("womens_federation", sealed, "support")
    for words in ("delete from intake.looks", "update intake.looks set officer = 'nobody'"):
        with pytest.raises(Exception, match="a look that was written down stays"):
            county.rows(words)
