"""Tests of parties' matching tokens: normalisation of names and numbers, and comparison of two parties."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from services.intake import duplicates, identity
from services.intake.duplicates import CONTRADICTED, DIFFERENT, SAME_NAME, SAME_NAME_AND_VILLAGE, SAME_PARTY
from tests.intake.people import BANK, person, resident_id_number

KEY, VILLAGE = identity.matching_token_key(bytes(32)), "620702102201"


def tokens_of(party, village=None, key=KEY):
    return identity.tokens_of_party(party, village, key)


def match_level(one, another, village=None):
    return duplicates.compare_parties(tokens_of(one, village), tokens_of(another, village))


# ── normalisation ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["虚构 甲", " 虚构甲 ", "虚·构甲", "虚构\u3000甲"])
def test_spaces_and_dots_in_a_name_are_ignored(text):
    assert identity.normalise_name(text) == "虚构甲"


@pytest.mark.parametrize("text", ["Ａlim·Xugou", "alim xugou", "ALIM‧XUGOU"])
def test_width_and_case_of_letters_in_a_name_are_ignored(text):
    assert identity.normalise_name(text) == "alimxugou"


@pytest.mark.parametrize("text", ["13912349713", "139 1234 9713", "139-1234-9713", "+86 13912349713", "0086 139 1234 9713", "１３９１２３４９７１３"])
def test_a_mobile_number_is_recognised_in_any_format(text):
    assert identity.normalise_mobile(text) == "13912349713"


def test_an_identity_number_is_recognised_in_any_format_including_the_old_15_digit_form():
    new = resident_id_number(7)
    old = new[:6] + new[8:17]

    assert identity.normalise_number(f"{new[:6]} {new[6:14]}-{new[14:]}".lower()) == identity.normalise_number(old) == (new, "resident")


# ── values that identify nobody ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["张某", "李某某", "不详", "未知", "匿名", "张XX", "张**", "张○○", "王", "村民", "某公司"])
def test_a_party_name_that_is_a_placeholder_such_as_unknown_identifies_nobody(text):
    assert identity.normalise_name(text) is None


@pytest.mark.parametrize("text", ["0936-8212345", "8212345", "12345", "110", "13900000000", "13812345678", "13987654321", "1391234971"])
def test_a_landline_a_hotline_or_a_placeholder_is_not_accepted_as_a_mobile_number(text):
    assert identity.normalise_mobile(text) is None


@pytest.mark.parametrize("text", ["0000000000", "111111111111111111", "123456789", "12345", "()-", "999999999999999999"])
def test_a_placeholder_identity_number_is_ignored(text):
    assert identity.normalise_number(text) == (None, None)


def test_an_identity_number_with_an_invalid_check_digit_is_compared_together_with_the_name():
    wrong = resident_id_number(7)[:-1] + ("1" if resident_id_number(7)[-1] != "1" else "2")

    assert identity.normalise_number(wrong) == (wrong, None)
    assert match_level(person(1, id_number=wrong, phone=None), person(1, id_number=wrong, phone=None)) == SAME_PARTY
    assert match_level(person(1, id_number=wrong, phone=None), person(2, id_number=wrong, phone=None)) == DIFFERENT


# ── comparison of two parties ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "another", "level"),
    [
        (person(1), person(1), SAME_PARTY),
        (person(1), person(1, name="虚构甲甲", phone=None), SAME_PARTY),  # the identity numbers are equal; the name is misspelt
        (person(1, id_number=None), person(1, id_number=None), SAME_PARTY),
        (person(1, id_number=None), person(1), SAME_PARTY),
        (person(1), person(1, id_number=resident_id_number(9)), CONTRADICTED),  # two persons with the same name and mobile number
        (person(1, id_number=None), person(2, id_number=None, phone=person(1)["phone"]), DIFFERENT),  # two persons who share a mobile number
        (person(1, id_number=None, phone=None), person(1, id_number=None, phone=None), SAME_NAME),
        (person(1, name="虚构甲"), person(2, name="虚构乙"), CONTRADICTED),
        (person(1, name="虚构甲", id_number=None), person(2, name="虚构乙", id_number=None), DIFFERENT),  # only the surnames are equal
        (person(1, name="张某", id_number=None), person(1, name="张某", id_number=None), DIFFERENT),
        (BANK, BANK | {"name": "虚构银行"}, SAME_PARTY),
    ],
)
def test_two_parties_have_the_expected_match_level(one, another, level):
    assert match_level(one, another) == match_level(another, one) == level


def test_equal_names_in_one_village_are_a_weaker_match_than_equal_identity_numbers():
    assert match_level(person(1, id_number=None, phone=None), person(1, id_number=None, phone=None), VILLAGE) == SAME_NAME_AND_VILLAGE


def test_the_matching_token_of_a_party_does_not_depend_on_its_side():
    assert tokens_of(person(1)).number == tokens_of(person(1, "respondent")).number


def test_representatives_and_third_parties_are_not_compared():
    assert identity.tokens_of_parties([person(1, "representative"), person(2, "third_party")], VILLAGE, KEY) == []


@pytest.mark.parametrize("name", ["虚构建材有限公司", "虚构村村民委员会", "虚构镇人民政府", "虚构农民专业合作社"])
def test_an_organisation_is_recognised_by_its_name_or_its_credit_code(name):
    assert tokens_of({"role": "applicant", "name": name}).is_organisation
    assert tokens_of(BANK | {"name": "虚构"}).is_organisation and uscc.is_valid(BANK["id_number"])
    assert not tokens_of(person(1)).is_organisation


def test_matching_tokens_under_another_key_are_different():
    one, other = tokens_of(person(1), VILLAGE), tokens_of(person(1), VILLAGE, identity.matching_token_key(b"x" * 32))

    assert {one.number, one.mobile, one.village, one.name} & {other.number, other.mobile, other.village, other.name} == set()
    assert len({one.number, one.mobile, one.village, one.name}) == 4


# ── properties ────────────────────────────────────────────────────────────────────────────────────────────────────────

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=60, deadline=None)
@given(any_text)
def test_normalising_a_normalised_name_or_number_changes_nothing(text):
    name, (number, _), mobile = identity.normalise_name(text), identity.normalise_number(text), identity.normalise_mobile(text)

    assert name is None or identity.normalise_name(name) == name
    assert number is None or identity.normalise_number(number)[0] == number
    assert mobile is None or identity.normalise_mobile(mobile) == mobile


@settings(max_examples=60, deadline=None)
@given(st.text("0123456789", min_size=17, max_size=17), st.text(identity.CREDIT_LETTERS, min_size=17, max_size=17))
def test_check_digits_of_identity_numbers_and_credit_codes_follow_the_standards(digits, letters):
    assert identity.resident_check_digit(digits) == mod_11_2.calc_check_digit(digits)
    assert identity.credit_check_digit(letters) == uscc.calc_check_digit(letters)


@settings(max_examples=60, deadline=None)
@given(
    st.text(string.ascii_lowercase + "甲乙丙丁", min_size=3, max_size=12),
    st.lists(st.sampled_from(" \u3000·.-"), max_size=6),
    st.randoms(use_true_random=False),
)
def test_spaces_and_dots_at_any_position_do_not_change_the_normalised_name(name, fillers, random):
    letters = list(name)
    for filler in fillers:
        letters.insert(random.randrange(len(letters) + 1), filler)

    assert identity.normalise_name("".join(letters)) == identity.normalise_name(name)
