"""The judicial bureau and the court report changes of mediators' rosters. A change takes effect on its date, or is rejected with a reason."""

from datetime import datetime

from contracts.dates import SHANGHAI
from tests.county import DAMAN_COMMITTEE

COMMITTEE = "committee-620702102"
UNUSED_TOWNSHIP = "620702109"  # Sanzha: no other test uses this township, so its new committee is in no proposal of other tests


def today():
    return datetime.now(SHANGHAI).date().isoformat()


def test_a_mediator_removed_from_the_roster_is_refused_and_another_mediator_of_the_committee_is_accepted(county):
    left = county.judicial_bureau.reports("roster.changed", COMMITTEE, organisation=COMMITTEE, change="removed", mediator="daman-020", on=today())
    county.settle()
    code = county.create_routed_dispute(DAMAN_COMMITTEE)
    committee = county.agency(DAMAN_COMMITTEE)
    theirs = committee.reports("referral.accepted", code, mediator="daman-020")
    county.settle()
    another = committee.reports("referral.accepted", code, mediator="daman-019")
    county.settle()

    assert left.receipts == ["receipt.accepted", "receipt.applied"]
    assert theirs.refusal["code"] == "unknown_mediator"
    assert another.receipts[-1] == "receipt.applied"
    assert county.rows("select valid_to_on is not null from mediation.members where organisation = %s and id = 'daman-020'", COMMITTEE) == [(True,)]


def test_a_roster_change_is_published_with_the_organisation_as_subject_and_not_as_a_dispute(county):
    added = county.judicial_bureau.reports(
        "roster.changed", COMMITTEE, organisation=COMMITTEE, change="added", mediator="daman-021", role="mediator", on=today()
    )
    county.settle()

    assert [receipt.data.get("organisation") for receipt in added._receipts] == [COMMITTEE, COMMITTEE]
    assert county.rows("select last_sequence > 0 from intake.spoken where subject = %s", COMMITTEE) == [(True,)]
    assert county.rows("select last_sequence > 0 from mediation.spoken where subject = %s", COMMITTEE) == [(True,)]
    assert county.rows("select count(*) from mediation.disputes where code = %s", COMMITTEE) == [(0,)]
    assert county.rows("select count(*) from metrics.timeline where code = %s", COMMITTEE) == [(0,)]


def test_an_impossible_roster_change_is_rejected_with_a_reason(county):
    bureau = county.judicial_bureau
    unknown = bureau.reports("roster.changed", "committee-x", organisation="committee-x", change="removed", on=today())
    other = county.court.reports("roster.changed", COMMITTEE, organisation=COMMITTEE, change="removed", mediator="daman-001", on=today())
    elsewhere = bureau.reports("roster.changed", "committee-y", organisation=COMMITTEE, change="removed", on=today())
    stranger = county.police.reports("roster.changed", COMMITTEE, organisation=COMMITTEE, change="removed", on=today())
    county.settle()

    assert unknown.refusal["code"] == "unknown_organisation" and unknown.receipts == ["receipt.accepted", "receipt.rejected"]
    assert other.refusal["code"] == "not_your_roster"
    assert (elsewhere.receipts, elsewhere.refusal["code"]) == (["receipt.refused"], "malformed_data")
    assert (stranger.receipts, stranger.refusal["code"]) == (["receipt.refused"], "not_yours_to_say")
    assert county.rows("select count(*) from mediation.members where id = 'daman-001' and valid_to_on is null") == [(1,)]


def test_a_new_committee_is_added_to_the_roster_with_a_mediator(county):
    bureau, code = county.judicial_bureau, "committee-new"
    added = bureau.reports("roster.changed", code, organisation=code, change="added", on=today(), kind="peoples_mediation_committee",
                        agency="peoples_mediation_committee", township=UNUSED_TOWNSHIP, takes=["neighbour"])  # fmt: skip
    county.settle()
    person = bureau.reports("roster.changed", code, organisation=code, change="added", mediator="new-001", role="mediator", on=today())
    county.settle()

    assert added.receipts[-1] == person.receipts[-1] == "receipt.applied"
    assert county.rows("select takes from mediation.organisations where code = %s", code) == [(["neighbour"],)]
