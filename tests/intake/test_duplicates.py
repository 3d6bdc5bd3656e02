"""When are two reports one dispute? The table, row by row, and what must never be joined."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import kinds
from services.intake import duplicates, identity
from services.intake.duplicates import RULES, SAME, compare, judge, reasons_for, verdict_on
from services.intake.model import ENDED, OPEN, SETTLED, Dispute, Report
from tests.intake.people import BANK, person, resident, two

KEY, DAMAN, VILLAGE, ANOTHER = identity.token_key(bytes(32)), "620702102", "620702102201", "620702102202"
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def report(parties=None, agency="police", days=0, kind="private_loan", township=DAMAN, village=None, cause=None, amount=None, standing=OPEN):
    persons = identity.persons_in(two() if parties is None else parties, village, KEY)
    return Report(
        agency,
        AT + timedelta(days=days),
        township,
        kind,
        persons,
        village,
        cause,
        amount and Decimal(amount),
        Dispute("620702-2026-000001-7", standing=standing),
    )


def women(*args, **others):
    return report(*args, **{"agency": "womens_federation"} | others)


def verdict(one, other):
    assert verdict_on(compare(one, other)) == verdict_on(compare(other, one)) or one.dispute.standing != other.dispute.standing
    return verdict_on(compare(one, other))


def bare(serial, role="applicant", **others):
    return person(serial, role, id_number=None, phone=None, **others)


SWAPPED = [person(2), person(1, "respondent")]
BY_MOBILE = [person(1, id_number=None), person(2, "respondent", id_number=None)]
NAMES = [bare(1), bare(2, "respondent")]
ONE_BY_NAME = [person(1), bare(2, "respondent")]
ALONE = [person(1)]


# ── certain ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "other",
    [
        women(),
        women(SWAPPED),  # each complains of the other
        women(BY_MOBILE),
        women(days=30),
        women(days=-30),
        women(village=VILLAGE, amount="500", cause="10"),  # told more than the first: nothing contradicts
        women([*two(), person(5, "representative"), person(6, "third_party")]),
        women([person(2, "respondent"), person(1)]),
    ],
)
def test_both_sides_proved_by_another_agency_of_one_place_and_kind_within_a_month_is_certain(other):
    assert verdict(report(), other) == "certain"


def test_both_of_several_respondents_have_to_be_there():
    three = [*two(), person(3, "respondent")]

    assert verdict(report(three), women(three)) == "certain"
    assert verdict(report(three), women()) == "likely"
    assert verdict(report(three), women([*two(), person(4, "respondent")])) == "likely"


# ── at most likely ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (report(), women(kind="contract")),  # the same two, another matter perhaps
        (report(cause="10"), women(cause="11")),
        (report(amount="500"), women(amount="5000")),
        (report(village=VILLAGE), women(village=ANOTHER)),
        (report(), women(township="620702108")),
        (report(standing=SETTLED), women()),  # a breach of what was agreed, or nothing new
        (report(), report(days=2)),  # two desks of one agency
        (report(), women(ONE_BY_NAME, days=20)),
        (report(ONE_BY_NAME), women(ONE_BY_NAME)),
        (report(), women(ALONE)),  # the other side is not known yet
        (report(), women([person(1), bare(3, "respondent")], days=2)),  # a name misheard
        (report(NAMES, village=VILLAGE), women(NAMES, village=VILLAGE)),
        (report(NAMES, village=VILLAGE), women([bare(2), bare(1, "respondent")], village=VILLAGE)),
        (report([BANK, bare(2, "respondent")], village=VILLAGE), women([BANK, bare(2, "respondent")], village=VILLAGE)),
    ],
)
def test_a_likely_duplicate_is_for_a_person_to_decide(one, other):
    assert verdict_on(compare(other, one)) == "likely"


# ── not ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (report(), women(days=31)),
        (report(standing=ENDED), women()),  # an old dispute that has ended
        (report(), report(days=8)),  # one agency, two numbers: it knows why
        (report(amount="1"), report(amount="2")),
        (report(), women(kind="family", township="620702108")),
        (report(NAMES), women(NAMES)),  # names alone, and no village
        (report(NAMES, village=VILLAGE), women(NAMES, village=VILLAGE, days=8)),
        (report(NAMES, village=VILLAGE), women(NAMES, village=VILLAGE, kind="family")),
        (report(ALONE), women(ALONE, days=8)),
        (report(), women([person(1), person(3, "respondent")], days=4)),  # another opponent
        (report(), women([person(1, id_number=resident(8)), person(2, "respondent", id_number=resident(9))])),  # names and telephones of others
        (report([BANK, person(2, "respondent")]), women([BANK, person(3, "respondent")])),  # the bank and another debtor
        (report([BANK]), women([BANK])),
        (report([BANK, bare(2, "respondent")]), women([BANK, bare(2, "respondent")])),
        (report([]), women([])),
        (report([person(1, name="张某", id_number=None), person(2, "respondent", name="张某", id_number=None)]),
         women([person(1, name="张某", id_number=None), person(2, "respondent", name="张某", id_number=None)])),
    ],
)  # fmt: skip
def test_what_is_not_even_proposed(one, other):
    assert verdict_on(compare(other, one)) is None


def test_a_family_with_one_telephone_has_its_own_disputes():
    father, son, neighbour = person(1, id_number=None), person(3, id_number=None, phone=person(1)["phone"]), person(2, "respondent")

    assert verdict(report([father, neighbour]), women([son, neighbour], days=4)) is None


def test_one_person_as_both_sides_is_a_slip_of_the_pen_and_is_not_compared():
    assert not duplicates.is_telling(report([person(1), person(1, "respondent")]))
    assert duplicates.is_telling(report()) and duplicates.is_telling(report([]))


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_what_is_proved_on_both_sides_is_joined_without_a_person():
    certain = [rule for rule in RULES if rule.verdict == "certain"]

    assert certain and all(
        (rule.surer, rule.other, rule.everybody, rule.another_agency, rule.differs, rule.standing) == (SAME, SAME, True, True, False, (OPEN,))
        for rule in certain
    )
    assert all(rule.days <= duplicates.WINDOW.days and ENDED not in rule.standing for rule in RULES)
    assert {rule.verdict for rule in RULES} == {"certain", "likely"}


def test_reasons_are_words_of_the_contract():
    assert reasons_for(compare(report(), women())) == ["same_parties", "same_place", "same_kind", "within_days"]
    assert reasons_for(compare(report(NAMES, village=VILLAGE), women(NAMES, village=VILLAGE))) == ["same_names", "same_place", "same_kind", "within_days"]
    assert reasons_for(compare(report(), women(ALONE, kind="family"))) == ["one_party", "same_place", "within_days"]
    assert {"same_parties", "one_party", "same_names", "same_place", "same_kind", "within_days"} == set(kinds.SAMENESS)


def test_two_disputes_that_are_both_certainly_the_same_are_both_proposed():
    """They are one, most likely; which of them the new report belongs to is not ours to guess."""
    found = judge(women(), [report(), report(days=1, agency="court")])

    assert found.joins is None and len(found.proposals) == 2


def test_two_reports_of_one_dispute_count_as_one():
    first, second = report(), report(agency="court", days=1)
    second.dispute.merged_into = first.dispute

    assert judge(women(), [first, second]).joins is not None


def test_no_more_than_three_are_proposed_the_nearest_first():
    others = [report(kind="contract", days=days) for days in (9, 3, 1, 5, 7)]

    assert [likeness.days for _, likeness in judge(women(), others).proposals] == [1, 3, 5]


@pytest.mark.parametrize("flag", ["domestic_violence", "minor", "violence_threat"])
def test_what_belongs_to_the_sealed_lane_takes_no_part(flag):
    safeguarded = ("domestic_violence", "minor", "violence_threat")

    assert not duplicates.takes_part({flag: True}, safeguarded)
    assert duplicates.takes_part({flag: False, "mass": True}, safeguarded)


# ── properties ────────────────────────────────────────────────────────────────────────────────────────────────────────────

serials = st.integers(1, 4)
parties = st.lists(
    st.builds(
        lambda serial, role, number, phone: person(serial, role, **({} if number else {"id_number": None}), **({} if phone else {"phone": None})),
        serials, st.sampled_from(["applicant", "respondent", "representative"]), st.booleans(), st.booleans(),
    ),
    max_size=4,
)  # fmt: skip
told = st.fixed_dictionaries(
    {
        "parties": parties,
        "agency": st.sampled_from(["police", "court"]),
        "days": st.integers(-40, 40),
        "kind": st.sampled_from(["family", "contract"]),
        "village": st.sampled_from([None, VILLAGE, ANOTHER]),
        "amount": st.sampled_from([None, "1", "2"]),
    }
)


@settings(max_examples=150, deadline=None)
@given(told, told)
def test_comparing_is_the_same_both_ways(one, other):
    assert compare(report(**one), report(**other)) == compare(report(**other), report(**one))


@settings(max_examples=150, deadline=None)
@given(told, told)
def test_certain_needs_the_same_people_on_both_sides(one, other):
    if verdict_on(compare(report(**one), report(**other))) == "certain":
        sides = [{role: {p["name"] for p in told["parties"] if p["role"] == role} for role in identity.SIDES} for told in (one, other)]
        proved = [p for told in (one, other) for p in told["parties"] if p["role"] in identity.SIDES]

        assert sides[0] in (sides[1], {"applicant": sides[1]["respondent"], "respondent": sides[1]["applicant"]})
        assert sides[0]["applicant"] and sides[0]["respondent"]
        assert all("id_number" in p or "phone" in p for p in proved)


@settings(max_examples=100, deadline=None)
@given(told, told, st.sampled_from(["applicant", "respondent"]))
def test_knowing_less_of_a_party_never_makes_a_dispute_more_certain(one, other, side):
    """What is left out can turn a certain one into a likely one, never the other way round."""
    less = one | {"parties": [bare(ord(p["name"][-1]) - 0x7532, p["role"]) if p["role"] == side else p for p in one["parties"]]}

    if verdict_on(compare(report(**less), report(**other))) == "certain":
        assert not [p for p in one["parties"] if p["role"] == side]
