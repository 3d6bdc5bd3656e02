"""Tests of the rosters: entries valid on a day, and changes that an agency may or may not make."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contracts
from services.mediation.rosters import roster_events
from services.mediation.rosters.roster import Member, Organisation, Refusal, Roster, decide_change, find_overlaps, find_overlaps_with_stored, is_valid_on

DAMAN, BUREAU, COURT = "peoples_mediation_committee-daman", "judicial_bureau", "court"
VALID_FROM = date(2024, 1, 1)
COMMITTEE = Organisation("committee-daman", VALID_FROM, None, "peoples_mediation_committee", DAMAN, "620702102", "620702102201", ("family",))
MEDIATOR = Member("daman-014", "committee-daman", VALID_FROM, None, "mediator")


def decide_change_of_committee(versions=(COMMITTEE,), members=(MEDIATOR,), by_agency=BUREAU, **facts):
    """Return the decision on a change of COMMITTEE, or of a member of COMMITTEE, that takes effect on 1 March 2026."""
    report = {"organisation": "committee-daman", "on": date(2026, 3, 1), **facts}
    return decide_change(report, by_agency, list(versions), list(members))


def test_the_removal_of_an_organisation_ends_its_entry_and_its_members_entries_on_the_day_before():
    removed = decide_change_of_committee(change="removed")

    assert [(entry.key, entry.valid_to) for entry in removed] == [("committee-daman", date(2026, 2, 28)), (("committee-daman", "daman-014"), date(2026, 2, 28))]


def test_a_change_of_an_organisation_begins_a_new_version_and_keeps_the_earlier_version():
    roster = Roster.of([COMMITTEE], [MEDIATOR])
    roster.add_versions(decide_change_of_committee(change="changed", takes=["labour"]))

    assert roster.organisation("committee-daman", date(2026, 2, 28)).takes == ("family",)
    assert roster.organisation("committee-daman", date(2026, 3, 1)).takes == ("labour",)
    assert roster.organisation("committee-daman", date(2023, 12, 31)) is None


def test_a_change_of_an_organisations_township_clears_its_village():
    _, moved = decide_change_of_committee(change="changed", township="620702108")

    assert (moved.township, moved.village) == ("620702108", None)


def test_a_member_removed_from_a_roster_may_be_added_again():
    removed = decide_change_of_committee(change="removed", mediator="daman-014")
    (added,) = decide_change({"organisation": "committee-daman", "mediator": "daman-014", "change": "added", "role": "mediator", "on": date(2026, 5, 1)}, BUREAU,
                     [COMMITTEE], removed)  # fmt: skip
    roster = Roster.of([COMMITTEE], [*removed, added])

    assert [len(roster.members_of("committee-daman", day)) for day in (date(2026, 2, 28), date(2026, 3, 15), date(2026, 5, 1))] == [1, 0, 1]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"change": "added", "kind": "peoples_mediation_committee", "agency": DAMAN, "township": "620702102"}, "already_on_the_roster"),
        ({"change": "added", "kind": "peoples_mediation_committee"}, "roster_entry_incomplete"),
        ({"change": "changed", "on": date(2020, 1, 1)}, "unknown_organisation"),
        ({"change": "added", "mediator": "daman-014", "role": "mediator"}, "already_on_the_roster"),
        ({"change": "added", "mediator": "daman-099"}, "roster_entry_incomplete"),
        ({"change": "removed", "mediator": "daman-099"}, "not_on_the_roster"),
        ({"change": "removed", "mediator": "daman-014", "on": date(2020, 1, 1)}, "unknown_organisation"),
        ({"change": "removed", "by_agency": COURT}, "not_your_roster"),
        ({"change": "changed", "kind": "fast_track_team"}, "not_your_roster"),
        ({"change": "removed", "mediator": "daman-014", "by_agency": COURT}, "not_your_roster"),
        ({"change": "added", "mediator": "judge-001", "role": "judge"}, "not_your_roster"),
    ],
)
def test_an_impossible_or_unauthorised_roster_change_is_refused_with_a_reason(facts, reason):
    assert decide_change_of_committee(**facts).reason == reason


def test_the_court_may_add_an_invited_mediator_to_any_organisation():
    (new,) = decide_change_of_committee(change="added", mediator="invited-001", role="invited_mediator", by_agency=COURT)

    assert new.role == "invited_mediator" and new.valid_from == date(2026, 3, 1)


def test_any_mediator_may_mediate_for_an_agency_without_a_roster():
    roster = Roster.of([COMMITTEE], [MEDIATOR, Member("invited-001", "committee-x", VALID_FROM, None, "invited_mediator")])
    day = date(2026, 3, 1)

    assert roster.may_mediate_for(DAMAN, "daman-014", day)
    assert roster.may_mediate_for(DAMAN, "invited-001", day)
    assert not roster.may_mediate_for(DAMAN, "daman-015", day)
    assert not roster.may_mediate_for(DAMAN, "daman-014", date(2023, 1, 1))
    assert roster.may_mediate_for("trade_union", "anybody", day)


CHANGE_DAYS = st.dates(date(2026, 1, 1), date(2026, 3, 1))
CHANGE_SEQUENCES = st.lists(st.tuples(st.sampled_from(["added", "changed", "removed"]), CHANGE_DAYS, st.sampled_from([None, "m-1", "m-2"])), max_size=12)


@given(CHANGE_SEQUENCES)
def test_any_sequence_of_roster_changes_keeps_all_versions_and_gives_no_overlapping_versions(changes):
    roster, starts = Roster(), set()
    for kind_of_change, day, mediator in changes:
        facts = {"role": "mediator", "mediator": mediator} if mediator else {"kind": "peoples_mediation_committee", "agency": DAMAN, "township": "620702102"}
        result = decide_change(
            {"organisation": "o-1", "change": kind_of_change, "on": day, **facts}, BUREAU, roster.organisations.get("o-1", []), roster.members.get("o-1", [])
        )
        if isinstance(result, Refusal):
            contracts.REASONS[result.reason].text(**result.facts)
            continue
        roster.add_versions(result)
        starts |= {(entry.key, entry.valid_from) for entry in result}
    stored = [*roster.organisations.get("o-1", ()), *roster.members.get("o-1", ())]

    assert find_overlaps(roster.organisations.get("o-1", ())) == find_overlaps(roster.members.get("o-1", ())) == []
    assert {(entry.key, entry.valid_from) for entry in stored} == starts
    assert all(is_valid_on(member, member.valid_from) or member.valid_to < member.valid_from for member in stored)


def test_a_version_from_a_file_may_replace_a_stored_version_but_must_not_overlap_with_it():
    stored = Roster.of([COMMITTEE], [])
    other = Organisation("committee-daman", date(2025, 1, 1), None, "peoples_mediation_committee", DAMAN, "620702102")

    assert find_overlaps_with_stored(stored, [COMMITTEE]) == []
    assert find_overlaps_with_stored(stored, [other]) == [(COMMITTEE, other)]


class RosterReportedEvent:
    """An event roster.reported."""

    discarded, subject = False, "committee-daman"

    def __init__(self, **facts):
        event = {"source": f"/agencies/{BUREAU}", "id": "1"}
        self.data = {"organisation": "committee-daman", "on": "2026-03-01", "event": event, "told_by": BUREAU, "happened_at": "2026-02-27T02:00:00Z", **facts}


def test_the_published_roster_event_matches_its_schema():
    for facts in ({"change": "removed", "mediator": "daman-014"}, {"change": "removed", "mediator": "nobody"}):
        _, (event_type, data) = roster_events.decide(RosterReportedEvent(**facts), Roster.of([COMMITTEE], [MEDIATOR]))

        assert contracts.dump(event_type, data, "mediation")["organisation"] == "committee-daman"
        assert event_type == ("roster.changed" if facts["mediator"] == "daman-014" else "roster.refused")
