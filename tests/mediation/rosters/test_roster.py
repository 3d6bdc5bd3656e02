"""Who stands on the rosters on which day, and who may change what?"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contracts
from services.mediation.rosters import roster_events
from services.mediation.rosters.roster import Member, Organisation, Refusal, Roster, change, clashes, holds_on, overlapping

DAMAN, BUREAU, COURT = "peoples_mediation_committee-daman", "judicial_bureau", "court"
BEGAN = date(2024, 1, 1)
COMMITTEE = Organisation("committee-daman", BEGAN, None, "peoples_mediation_committee", DAMAN, "620702102", "620702102201", ("family",))
MEDIATOR = Member("daman-014", "committee-daman", BEGAN, None, "mediator")


def told(by=BUREAU, **facts):
    return {"organisation": "committee-daman", "on": date(2026, 3, 1), **facts}, by


def changed(versions=(COMMITTEE,), members=(MEDIATOR,), by=BUREAU, **facts):
    told = {"organisation": "committee-daman", "on": date(2026, 3, 1), **facts}
    return change(told, by, list(versions), list(members))


def test_what_is_removed_ends_the_day_before_and_its_people_with_it():
    gone = changed(change="removed")

    assert [(entry.key, entry.valid_to) for entry in gone] == [("committee-daman", date(2026, 2, 28)), (("committee-daman", "daman-014"), date(2026, 2, 28))]


def test_a_change_begins_a_new_version_and_what_held_before_can_still_be_asked():
    roster = Roster.of([COMMITTEE], [MEDIATOR])
    roster.learn(changed(change="changed", takes=["labour"]))

    assert roster.organisation("committee-daman", date(2026, 2, 28)).takes == ("family",)
    assert roster.organisation("committee-daman", date(2026, 3, 1)).takes == ("labour",)
    assert roster.organisation("committee-daman", date(2023, 12, 31)) is None


def test_one_that_moves_to_another_township_leaves_its_village():
    _, moved = changed(change="changed", township="620702108")

    assert (moved.township, moved.village) == ("620702108", None)


def test_who_left_may_come_back():
    away = changed(change="removed", mediator="daman-014")
    (back,) = change({"organisation": "committee-daman", "mediator": "daman-014", "change": "added", "role": "mediator", "on": date(2026, 5, 1)}, BUREAU,
                     [COMMITTEE], away)  # fmt: skip
    roster = Roster.of([COMMITTEE], [*away, back])

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
        ({"change": "removed", "by": COURT}, "not_your_roster"),
        ({"change": "changed", "kind": "fast_track_team"}, "not_your_roster"),
        ({"change": "removed", "mediator": "daman-014", "by": COURT}, "not_your_roster"),
        ({"change": "added", "mediator": "judge-001", "role": "judge"}, "not_your_roster"),
    ],
)
def test_what_cannot_be_done_has_its_reason(facts, reason):
    assert changed(**facts).reason == reason


def test_the_court_puts_invited_mediators_on_any_bodys_roster():
    (new,) = changed(change="added", mediator="invited-001", role="invited_mediator", by=COURT)

    assert new.role == "invited_mediator" and new.valid_from == date(2026, 3, 1)


def test_a_mediator_is_asked_about_only_where_rosters_are_kept():
    roster = Roster.of([COMMITTEE], [MEDIATOR, Member("invited-001", "committee-x", BEGAN, None, "invited_mediator")])
    day = date(2026, 3, 1)

    assert roster.may_mediate_for(DAMAN, "daman-014", day)
    assert roster.may_mediate_for(DAMAN, "invited-001", day)
    assert not roster.may_mediate_for(DAMAN, "daman-015", day)
    assert not roster.may_mediate_for(DAMAN, "daman-014", date(2023, 1, 1))
    assert roster.may_mediate_for("trade_union", "anybody", day)


DAYS = st.dates(date(2026, 1, 1), date(2026, 3, 1))
CHANGES = st.lists(st.tuples(st.sampled_from(["added", "changed", "removed"]), DAYS, st.sampled_from([None, "m-1", "m-2"])), max_size=12)


@given(CHANGES)
def test_whatever_is_told_no_two_versions_hold_on_one_day_and_nothing_is_forgotten(history):
    roster, begun = Roster(), set()
    for word, day, mediator in history:
        facts = {"role": "mediator", "mediator": mediator} if mediator else {"kind": "peoples_mediation_committee", "agency": DAMAN, "township": "620702102"}
        found = change({"organisation": "o-1", "change": word, "on": day, **facts}, BUREAU, roster.organisations.get("o-1", []), roster.members.get("o-1", []))
        if isinstance(found, Refusal):
            contracts.REASONS[found.reason].text(**found.facts)
            continue
        roster.learn(found)
        begun |= {(entry.key, entry.valid_from) for entry in found}
    known = [*roster.organisations.get("o-1", ()), *roster.members.get("o-1", ())]

    assert overlapping(roster.organisations.get("o-1", ())) == overlapping(roster.members.get("o-1", ())) == []
    assert {(entry.key, entry.valid_from) for entry in known} == begun
    assert all(holds_on(member, member.valid_from) or member.valid_to < member.valid_from for member in known)


def test_a_file_may_replace_a_version_but_not_stand_across_it():
    known = Roster.of([COMMITTEE], [])
    other = Organisation("committee-daman", date(2025, 1, 1), None, "peoples_mediation_committee", DAMAN, "620702102")

    assert clashes(known, [COMMITTEE]) == []
    assert clashes(known, [other]) == [(COMMITTEE, other)]


class Told:
    discarded, subject = False, "committee-daman"

    def __init__(self, **facts):
        event = {"source": f"/agencies/{BUREAU}", "id": "1"}
        self.data = {"organisation": "committee-daman", "on": "2026-03-01", "event": event, "told_by": BUREAU, "happened_at": "2026-02-27T02:00:00Z", **facts}


def test_what_mediation_says_of_it_fits_the_contract():
    for facts in ({"change": "removed", "mediator": "daman-014"}, {"change": "removed", "mediator": "nobody"}):
        _, (word, data) = roster_events.decide(Told(**facts), Roster.of([COMMITTEE], [MEDIATOR]))

        assert contracts.dump(word, data, "mediation")["organisation"] == "committee-daman"
        assert word == ("roster.changed" if facts["mediator"] == "daman-014" else "roster.refused")
