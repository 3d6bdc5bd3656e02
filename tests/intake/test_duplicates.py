"""Tests of duplicate detection: every rule of the list RULES, and dispute reports that must never be joined."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import kinds
from services.intake import duplicates, identity
from services.intake.duplicates import RULES, SAME_PARTY, classify, compare, find_duplicates, reasons_for_duplicate
from services.intake.model import ENDED, OPEN, SETTLED, ComparableReport, Dispute
from tests.intake.people import BANK, person, resident_id_number, two_parties

KEY, TOWNSHIP, VILLAGE, OTHER_VILLAGE = identity.matching_token_key(bytes(32)), "620702102", "620702102201", "620702102202"
REPORTED_AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def comparable_report(parties=None, agency="police", days=0, kind="private_loan", township=TOWNSHIP, village=None, cause=None, amount=None, phase=OPEN):
    tokens = identity.tokens_of_parties(two_parties() if parties is None else parties, village, KEY)
    return ComparableReport(
        agency,
        REPORTED_AT + timedelta(days=days),
        township,
        kind,
        tokens,
        village,
        cause,
        amount and Decimal(amount),
        Dispute("620702-2026-000001-7", phase=phase),
    )


def report_of_womens_federation(*args, **others):
    return comparable_report(*args, **{"agency": "womens_federation"} | others)


def verdict(one, other):
    """Return the verdict about two reports. Assert that the verdict does not depend on their order if the phases of their disputes are equal."""
    assert classify(compare(one, other)) == classify(compare(other, one)) or one.dispute.phase != other.dispute.phase
    return classify(compare(one, other))


def person_with_name_only(serial, role="applicant", **others):
    return person(serial, role, id_number=None, phone=None, **others)


SIDES_EXCHANGED = [person(2), person(1, "respondent")]
BY_MOBILE = [person(1, id_number=None), person(2, "respondent", id_number=None)]
NAMES_ONLY = [person_with_name_only(1), person_with_name_only(2, "respondent")]
RESPONDENT_BY_NAME_ONLY = [person(1), person_with_name_only(2, "respondent")]
APPLICANT_ONLY = [person(1)]


# ── certain ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "other",
    [
        report_of_womens_federation(),
        report_of_womens_federation(SIDES_EXCHANGED),  # the applicant of one report is the respondent of the other
        report_of_womens_federation(BY_MOBILE),
        report_of_womens_federation(days=30),
        report_of_womens_federation(days=-30),
        report_of_womens_federation(village=VILLAGE, amount="500", cause="10"),  # more facts than in the first report, without contradiction
        report_of_womens_federation([*two_parties(), person(5, "representative"), person(6, "third_party")]),
        report_of_womens_federation([person(2, "respondent"), person(1)]),
    ],
)
def test_a_report_by_another_agency_of_equal_parties_place_and_kind_within_30_days_is_a_certain_duplicate(other):
    assert verdict(comparable_report(), other) == "certain"


def test_all_respondents_must_match_for_a_certain_duplicate():
    three_parties = [*two_parties(), person(3, "respondent")]

    assert verdict(comparable_report(three_parties), report_of_womens_federation(three_parties)) == "certain"
    assert verdict(comparable_report(three_parties), report_of_womens_federation()) == "likely"
    assert verdict(comparable_report(three_parties), report_of_womens_federation([*two_parties(), person(4, "respondent")])) == "likely"


# ── likely ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (comparable_report(), report_of_womens_federation(kind="contract")),  # another kind of dispute: perhaps another matter
        (comparable_report(cause="10"), report_of_womens_federation(cause="11")),
        (comparable_report(amount="500"), report_of_womens_federation(amount="5000")),
        (comparable_report(village=VILLAGE), report_of_womens_federation(village=OTHER_VILLAGE)),
        (comparable_report(), report_of_womens_federation(township="620702108")),
        (comparable_report(phase=SETTLED), report_of_womens_federation()),  # the other dispute is settled: perhaps a breach of its agreement
        (comparable_report(), comparable_report(days=2)),  # perhaps two offices of one agency
        (comparable_report(), report_of_womens_federation(RESPONDENT_BY_NAME_ONLY, days=20)),
        (comparable_report(RESPONDENT_BY_NAME_ONLY), report_of_womens_federation(RESPONDENT_BY_NAME_ONLY)),
        (comparable_report(), report_of_womens_federation(APPLICANT_ONLY)),  # the other report has no respondent
        (comparable_report(), report_of_womens_federation([person(1), person_with_name_only(3, "respondent")], days=2)),  # perhaps a misspelt name
        (comparable_report(NAMES_ONLY, village=VILLAGE), report_of_womens_federation(NAMES_ONLY, village=VILLAGE)),
        (
            comparable_report(NAMES_ONLY, village=VILLAGE),
            report_of_womens_federation([person_with_name_only(2), person_with_name_only(1, "respondent")], village=VILLAGE),
        ),
        (
            comparable_report([BANK, person_with_name_only(2, "respondent")], village=VILLAGE),
            report_of_womens_federation([BANK, person_with_name_only(2, "respondent")], village=VILLAGE),
        ),
    ],
)
def test_a_report_that_matches_partly_is_a_likely_duplicate(one, other):
    assert classify(compare(other, one)) == "likely"


# ── no duplicate ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (comparable_report(), report_of_womens_federation(days=31)),
        (comparable_report(phase=ENDED), report_of_womens_federation()),  # the other dispute has ended
        (comparable_report(), comparable_report(days=8)),  # one agency that deliberately uses two report numbers
        (comparable_report(amount="1"), comparable_report(amount="2")),
        (comparable_report(), report_of_womens_federation(kind="family", township="620702108")),
        (comparable_report(NAMES_ONLY), report_of_womens_federation(NAMES_ONLY)),  # only the names are equal, and the village is missing
        (comparable_report(NAMES_ONLY, village=VILLAGE), report_of_womens_federation(NAMES_ONLY, village=VILLAGE, days=8)),
        (comparable_report(NAMES_ONLY, village=VILLAGE), report_of_womens_federation(NAMES_ONLY, village=VILLAGE, kind="family")),
        (comparable_report(APPLICANT_ONLY), report_of_womens_federation(APPLICANT_ONLY, days=8)),
        (comparable_report(), report_of_womens_federation([person(1), person(3, "respondent")], days=4)),  # the respondents differ
        (comparable_report(), report_of_womens_federation([person(1, id_number=resident_id_number(8)), person(2, "respondent", id_number=resident_id_number(9))])),  # equal names and mobile numbers, but other identity numbers
        (comparable_report([BANK, person(2, "respondent")]), report_of_womens_federation([BANK, person(3, "respondent")])),  # the same bank with another debtor
        (comparable_report([BANK]), report_of_womens_federation([BANK])),
        (comparable_report([BANK, person_with_name_only(2, "respondent")]), report_of_womens_federation([BANK, person_with_name_only(2, "respondent")])),
        (comparable_report([]), report_of_womens_federation([])),
        (comparable_report([person(1, name="张某", id_number=None), person(2, "respondent", name="张某", id_number=None)]),
         report_of_womens_federation([person(1, name="张某", id_number=None), person(2, "respondent", name="张某", id_number=None)])),
    ],
)  # fmt: skip
def test_a_report_that_matches_too_weakly_is_not_a_duplicate(one, other):
    assert classify(compare(other, one)) is None


def test_two_persons_who_share_a_mobile_number_are_not_the_same_party():
    father, son, neighbour = person(1, id_number=None), person(3, id_number=None, phone=person(1)["phone"]), person(2, "respondent")

    assert verdict(comparable_report([father, neighbour]), report_of_womens_federation([son, neighbour], days=4)) is None


def test_a_report_with_the_same_person_on_both_sides_is_not_compared():
    assert not duplicates.has_distinct_sides(comparable_report([person(1), person(1, "respondent")]))
    assert duplicates.has_distinct_sides(comparable_report()) and duplicates.has_distinct_sides(comparable_report([]))


# ── list of rules ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_certain_duplicate_requires_the_same_parties_on_both_sides():
    certain = [rule for rule in RULES if rule.verdict == "certain"]

    assert certain and all(
        (rule.stronger_side, rule.weaker_side, rule.all_parties_match, rule.is_other_agency, rule.facts_differ, rule.phases)
        == (SAME_PARTY, SAME_PARTY, True, True, False, (OPEN,))
        for rule in certain
    )
    assert all(rule.days <= duplicates.WINDOW.days and ENDED not in rule.phases for rule in RULES)
    assert {rule.verdict for rule in RULES} == {"certain", "likely"}


def test_the_reasons_that_intake_gives_for_a_duplicate_are_exactly_those_that_contracts_allows():
    assert reasons_for_duplicate(compare(comparable_report(), report_of_womens_federation())) == ["same_parties", "same_place", "same_kind", "within_days"]
    assert reasons_for_duplicate(compare(comparable_report(NAMES_ONLY, village=VILLAGE), report_of_womens_federation(NAMES_ONLY, village=VILLAGE))) == [
        "same_names",
        "same_place",
        "same_kind",
        "within_days",
    ]
    assert reasons_for_duplicate(compare(comparable_report(), report_of_womens_federation(APPLICANT_ONLY, kind="family"))) == [
        "one_party",
        "same_place",
        "within_days",
    ]
    assert {"same_parties", "one_party", "same_names", "same_place", "same_kind", "within_days"} == set(kinds.DUPLICATE_REASONS)


def test_two_certain_duplicates_of_one_report_are_proposed_and_not_joined():
    """It is uncertain to which of the two disputes the new report belongs."""
    found = find_duplicates(report_of_womens_federation(), [comparable_report(), comparable_report(days=1, agency="court")])

    assert found.join is None and len(found.proposals) == 2


def test_two_matching_reports_of_one_dispute_count_as_one_certain_duplicate():
    first, second = comparable_report(), comparable_report(agency="court", days=1)
    second.dispute.merged_into = first.dispute

    assert find_duplicates(report_of_womens_federation(), [first, second]).join is not None


def test_the_three_likely_duplicates_nearest_in_time_are_proposed():
    others = [comparable_report(kind="contract", days=days) for days in (9, 3, 1, 5, 7)]

    assert [comparison.days for _, comparison in find_duplicates(report_of_womens_federation(), others).proposals] == [1, 3, 5]


@pytest.mark.parametrize("flag", ["domestic_violence", "minor", "violence_threat"])
def test_a_report_with_a_safeguard_flag_is_not_compared(flag):
    safeguarded = ("domestic_violence", "minor", "violence_threat")

    assert not duplicates.is_comparable({flag: True}, safeguarded)
    assert duplicates.is_comparable({flag: False, "mass": True}, safeguarded)


# ── properties ────────────────────────────────────────────────────────────────────────────────────────────────────────

serials = st.integers(1, 4)
parties = st.lists(
    st.builds(
        lambda serial, role, number, phone: person(serial, role, **({} if number else {"id_number": None}), **({} if phone else {"phone": None})),
        serials, st.sampled_from(["applicant", "respondent", "representative"]), st.booleans(), st.booleans(),
    ),
    max_size=4,
)  # fmt: skip
report_fields = st.fixed_dictionaries(
    {
        "parties": parties,
        "agency": st.sampled_from(["police", "court"]),
        "days": st.integers(-40, 40),
        "kind": st.sampled_from(["family", "contract"]),
        "village": st.sampled_from([None, VILLAGE, OTHER_VILLAGE]),
        "amount": st.sampled_from([None, "1", "2"]),
    }
)


@settings(max_examples=150, deadline=None)
@given(report_fields, report_fields)
def test_the_comparison_of_two_reports_does_not_depend_on_their_order(one, other):
    assert compare(comparable_report(**one), comparable_report(**other)) == compare(comparable_report(**other), comparable_report(**one))


@settings(max_examples=150, deadline=None)
@given(report_fields, report_fields)
def test_a_certain_duplicate_has_equal_names_of_parties_on_both_sides(one, other):
    if classify(compare(comparable_report(**one), comparable_report(**other))) == "certain":
        sides = [{role: {p["name"] for p in fields["parties"] if p["role"] == role} for role in identity.SIDES} for fields in (one, other)]
        compared = [p for fields in (one, other) for p in fields["parties"] if p["role"] in identity.SIDES]

        assert sides[0] in (sides[1], {"applicant": sides[1]["respondent"], "respondent": sides[1]["applicant"]})
        assert sides[0]["applicant"] and sides[0]["respondent"]
        assert all("id_number" in p or "phone" in p for p in compared)


@settings(max_examples=100, deadline=None)
@given(report_fields, report_fields, st.sampled_from(["applicant", "respondent"]))
def test_a_report_without_numbers_on_one_side_is_not_a_certain_duplicate(one, other, side):
    """Less information may change a certain duplicate into a likely one, but never a likely one into a certain one."""
    reduced = one | {"parties": [person_with_name_only(ord(p["name"][-1]) - 0x7532, p["role"]) if p["role"] == side else p for p in one["parties"]]}

    if classify(compare(comparable_report(**reduced), comparable_report(**other))) == "certain":
        assert not [p for p in one["parties"] if p["role"] == side]
