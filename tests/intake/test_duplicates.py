"""Tests of duplicate detection: every rule of the table, and reports that must never be joined."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import kinds
from services.intake import duplicates, identity
from services.intake.duplicates import RULES, SAME_PARTY, classify, compare, find_duplicates, reasons_for
from services.intake.model import ENDED, OPEN, SETTLED, ComparableReport, Dispute
from tests.intake.people import BANK, person, resident, two_parties

KEY, TOWNSHIP, VILLAGE, OTHER_VILLAGE = identity.token_key(bytes(32)), "620702102", "620702102201", "620702102202"
REPORTED_AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def report(parties=None, agency="police", days=0, kind="private_loan", township=TOWNSHIP, village=None, cause=None, amount=None, phase=OPEN):
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
    return report(*args, **{"agency": "womens_federation"} | others)


def verdict(one, other):
    """Return the verdict about two reports. It must not depend on their order if the phases of their disputes are equal."""
    assert classify(compare(one, other)) == classify(compare(other, one)) or one.dispute.phase != other.dispute.phase
    return classify(compare(one, other))


def named_only(serial, role="applicant", **others):
    return person(serial, role, id_number=None, phone=None, **others)


SIDES_EXCHANGED = [person(2), person(1, "respondent")]
BY_MOBILE = [person(1, id_number=None), person(2, "respondent", id_number=None)]
NAMES_ONLY = [named_only(1), named_only(2, "respondent")]
RESPONDENT_BY_NAME_ONLY = [person(1), named_only(2, "respondent")]
APPLICANT_ONLY = [person(1)]


# ── certain ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "other",
    [
        report_of_womens_federation(),
        report_of_womens_federation(SIDES_EXCHANGED),  # each party reports the other
        report_of_womens_federation(BY_MOBILE),
        report_of_womens_federation(days=30),
        report_of_womens_federation(days=-30),
        report_of_womens_federation(village=VILLAGE, amount="500", cause="10"),  # gives more facts than the first report, none of which contradicts it
        report_of_womens_federation([*two_parties(), person(5, "representative"), person(6, "third_party")]),
        report_of_womens_federation([person(2, "respondent"), person(1)]),
    ],
)
def test_the_same_parties_by_another_agency_of_equal_place_and_kind_within_30_days_are_certain(other):
    assert verdict(report(), other) == "certain"


def test_all_respondents_must_match_for_a_certain_duplicate():
    three_parties = [*two_parties(), person(3, "respondent")]

    assert verdict(report(three_parties), report_of_womens_federation(three_parties)) == "certain"
    assert verdict(report(three_parties), report_of_womens_federation()) == "likely"
    assert verdict(report(three_parties), report_of_womens_federation([*two_parties(), person(4, "respondent")])) == "likely"


# ── likely ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (report(), report_of_womens_federation(kind="contract")),  # the same parties, perhaps another matter
        (report(cause="10"), report_of_womens_federation(cause="11")),
        (report(amount="500"), report_of_womens_federation(amount="5000")),
        (report(village=VILLAGE), report_of_womens_federation(village=OTHER_VILLAGE)),
        (report(), report_of_womens_federation(township="620702108")),
        (report(phase=SETTLED), report_of_womens_federation()),  # either a breach of the agreement or no new dispute
        (report(), report(days=2)),  # two offices of one agency
        (report(), report_of_womens_federation(RESPONDENT_BY_NAME_ONLY, days=20)),
        (report(RESPONDENT_BY_NAME_ONLY), report_of_womens_federation(RESPONDENT_BY_NAME_ONLY)),
        (report(), report_of_womens_federation(APPLICANT_ONLY)),  # the respondent is missing
        (report(), report_of_womens_federation([person(1), named_only(3, "respondent")], days=2)),  # perhaps a misspelt name
        (report(NAMES_ONLY, village=VILLAGE), report_of_womens_federation(NAMES_ONLY, village=VILLAGE)),
        (report(NAMES_ONLY, village=VILLAGE), report_of_womens_federation([named_only(2), named_only(1, "respondent")], village=VILLAGE)),
        (report([BANK, named_only(2, "respondent")], village=VILLAGE), report_of_womens_federation([BANK, named_only(2, "respondent")], village=VILLAGE)),
    ],
)
def test_a_probable_match_is_a_likely_duplicate(one, other):
    assert classify(compare(other, one)) == "likely"


# ── no duplicate ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (report(), report_of_womens_federation(days=31)),
        (report(phase=ENDED), report_of_womens_federation()),  # the other dispute has ended
        (report(), report(days=8)),  # one agency that uses two report numbers on purpose
        (report(amount="1"), report(amount="2")),
        (report(), report_of_womens_federation(kind="family", township="620702108")),
        (report(NAMES_ONLY), report_of_womens_federation(NAMES_ONLY)),  # equal names only, without a village
        (report(NAMES_ONLY, village=VILLAGE), report_of_womens_federation(NAMES_ONLY, village=VILLAGE, days=8)),
        (report(NAMES_ONLY, village=VILLAGE), report_of_womens_federation(NAMES_ONLY, village=VILLAGE, kind="family")),
        (report(APPLICANT_ONLY), report_of_womens_federation(APPLICANT_ONLY, days=8)),
        (report(), report_of_womens_federation([person(1), person(3, "respondent")], days=4)),  # another respondent
        (report(), report_of_womens_federation([person(1, id_number=resident(8)), person(2, "respondent", id_number=resident(9))])),  # equal names and mobile numbers, but other identity numbers
        (report([BANK, person(2, "respondent")]), report_of_womens_federation([BANK, person(3, "respondent")])),  # the same bank with another debtor
        (report([BANK]), report_of_womens_federation([BANK])),
        (report([BANK, named_only(2, "respondent")]), report_of_womens_federation([BANK, named_only(2, "respondent")])),
        (report([]), report_of_womens_federation([])),
        (report([person(1, name="张某", id_number=None), person(2, "respondent", name="张某", id_number=None)]),
         report_of_womens_federation([person(1, name="张某", id_number=None), person(2, "respondent", name="张某", id_number=None)])),
    ],
)  # fmt: skip
def test_a_weak_match_is_no_duplicate(one, other):
    assert classify(compare(other, one)) is None


def test_two_persons_who_share_a_mobile_number_are_not_the_same_party():
    father, son, neighbour = person(1, id_number=None), person(3, id_number=None, phone=person(1)["phone"]), person(2, "respondent")

    assert verdict(report([father, neighbour]), report_of_womens_federation([son, neighbour], days=4)) is None


def test_a_report_with_the_same_person_on_both_sides_is_not_compared():
    assert not duplicates.has_distinct_sides(report([person(1), person(1, "respondent")]))
    assert duplicates.has_distinct_sides(report()) and duplicates.has_distinct_sides(report([]))


# ── table of rules ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_certain_duplicate_requires_the_same_parties_on_both_sides():
    certain = [rule for rule in RULES if rule.verdict == "certain"]

    assert certain and all(
        (rule.stronger_side, rule.weaker_side, rule.all_parties_match, rule.is_other_agency, rule.facts_differ, rule.phases)
        == (SAME_PARTY, SAME_PARTY, True, True, False, (OPEN,))
        for rule in certain
    )
    assert all(rule.days <= duplicates.WINDOW.days and ENDED not in rule.phases for rule in RULES)
    assert {rule.verdict for rule in RULES} == {"certain", "likely"}


def test_reasons_are_tokens_of_the_contract():
    assert reasons_for(compare(report(), report_of_womens_federation())) == ["same_parties", "same_place", "same_kind", "within_days"]
    assert reasons_for(compare(report(NAMES_ONLY, village=VILLAGE), report_of_womens_federation(NAMES_ONLY, village=VILLAGE))) == [
        "same_names",
        "same_place",
        "same_kind",
        "within_days",
    ]
    assert reasons_for(compare(report(), report_of_womens_federation(APPLICANT_ONLY, kind="family"))) == ["one_party", "same_place", "within_days"]
    assert {"same_parties", "one_party", "same_names", "same_place", "same_kind", "within_days"} == set(kinds.DUPLICATE_REASONS)


def test_two_certain_duplicates_are_both_proposed_and_none_is_joined():
    """It is uncertain which of the two disputes the new report belongs to."""
    found = find_duplicates(report_of_womens_federation(), [report(), report(days=1, agency="court")])

    assert found.join is None and len(found.proposals) == 2


def test_two_reports_of_one_dispute_count_as_one_duplicate():
    first, second = report(), report(agency="court", days=1)
    second.dispute.merged_into = first.dispute

    assert find_duplicates(report_of_womens_federation(), [first, second]).join is not None


def test_the_three_likely_duplicates_nearest_in_time_are_proposed():
    others = [report(kind="contract", days=days) for days in (9, 3, 1, 5, 7)]

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
def test_comparison_is_symmetric(one, other):
    assert compare(report(**one), report(**other)) == compare(report(**other), report(**one))


@settings(max_examples=150, deadline=None)
@given(report_fields, report_fields)
def test_a_certain_duplicate_has_the_same_names_on_both_sides(one, other):
    if classify(compare(report(**one), report(**other))) == "certain":
        sides = [{role: {p["name"] for p in fields["parties"] if p["role"] == role} for role in identity.SIDES} for fields in (one, other)]
        compared = [p for fields in (one, other) for p in fields["parties"] if p["role"] in identity.SIDES]

        assert sides[0] in (sides[1], {"applicant": sides[1]["respondent"], "respondent": sides[1]["applicant"]})
        assert sides[0]["applicant"] and sides[0]["respondent"]
        assert all("id_number" in p or "phone" in p for p in compared)


@settings(max_examples=100, deadline=None)
@given(report_fields, report_fields, st.sampled_from(["applicant", "respondent"]))
def test_removing_the_numbers_of_a_side_excludes_a_certain_duplicate(one, other, side):
    """Fewer facts may turn a certain duplicate into a likely one, never the other way round."""
    reduced = one | {"parties": [named_only(ord(p["name"][-1]) - 0x7532, p["role"]) if p["role"] == side else p for p in one["parties"]]}

    if classify(compare(report(**reduced), report(**other))) == "certain":
        assert not [p for p in one["parties"] if p["role"] == side]
