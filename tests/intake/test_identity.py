"""Which tokens does a party have, and what do they prove?"""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from services.intake import duplicates, identity
from services.intake.duplicates import CONTRADICTED, NAMESAKE, NEIGHBOUR, SAME, UNLIKE
from tests.intake.people import BANK, person, resident

KEY, VILLAGE = identity.token_key(bytes(32)), "620702102201"


def known(party, village=None, key=KEY):
    return identity.person_of(party, village, key)


def bond(one, another, village=None):
    return duplicates.bond(known(one, village), known(another, village))


# ── what is the same ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("told", ["虚构 甲", " 虚构甲 ", "虚·构甲", "虚构\u3000甲"])
def test_a_name_is_the_same_with_or_without_blanks_and_dots(told):
    assert identity.name_in(told) == "虚构甲"


@pytest.mark.parametrize("told", ["Ａlim·Xugou", "alim xugou", "ALIM‧XUGOU"])
def test_letters_are_the_same_in_any_width_and_case(told):
    assert identity.name_in(told) == "alimxugou"


@pytest.mark.parametrize("told", ["13912349713", "139 1234 9713", "139-1234-9713", "+86 13912349713", "0086 139 1234 9713", "１３９１２３４９７１３"])
def test_a_mobile_is_the_same_in_any_spelling(told):
    assert identity.mobile_in(told) == "13912349713"


def test_a_number_is_the_same_in_any_spelling_and_the_old_one_becomes_the_new():
    new = resident(7)
    old = new[:6] + new[8:17]

    assert identity.number_in(f"{new[:6]} {new[6:14]}-{new[14:]}".lower()) == identity.number_in(old) == (new, "resident")


# ── what proves nothing ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("told", ["张某", "李某某", "不详", "未知", "匿名", "张XX", "张**", "张○○", "王", "村民", "某公司"])
def test_a_name_that_names_nobody_has_no_token(told):
    assert identity.name_in(told) is None


@pytest.mark.parametrize("told", ["0936-8212345", "8212345", "12345", "110", "13900000000", "13812345678", "13987654321", "1391234971"])
def test_a_landline_a_hotline_and_a_filled_in_number_are_nobodys_mobile(told):
    assert identity.mobile_in(told) is None


@pytest.mark.parametrize("told", ["0000000000", "111111111111111111", "123456789", "12345", "()-", "999999999999999999"])
def test_a_number_that_was_only_filled_in_is_none(told):
    assert identity.number_in(told) == (None, None)


def test_a_number_with_a_wrong_check_digit_counts_only_with_the_name():
    wrong = resident(7)[:-1] + ("1" if resident(7)[-1] != "1" else "2")

    assert identity.number_in(wrong) == (wrong, None)
    assert bond(person(1, id_number=wrong, phone=None), person(1, id_number=wrong, phone=None)) == SAME
    assert bond(person(1, id_number=wrong, phone=None), person(2, id_number=wrong, phone=None)) == UNLIKE


# ── what two parties are to each other ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "another", "found"),
    [
        (person(1), person(1), SAME),
        (person(1), person(1, name="虚构甲甲", phone=None), SAME),  # the number proves it, the name was misheard
        (person(1, id_number=None), person(1, id_number=None), SAME),
        (person(1, id_number=None), person(1), SAME),
        (person(1), person(1, id_number=resident(9)), CONTRADICTED),  # a family's telephone, a name given twice: two people
        (person(1, id_number=None), person(2, id_number=None, phone=person(1)["phone"]), UNLIKE),  # one telephone in the house
        (person(1, id_number=None, phone=None), person(1, id_number=None, phone=None), NAMESAKE),
        (person(1, name="虚构甲"), person(2, name="虚构乙"), CONTRADICTED),
        (person(1, name="虚构甲", id_number=None), person(2, name="虚构乙", id_number=None), UNLIKE),  # the same surname is nothing
        (person(1, name="张某", id_number=None), person(1, name="张某", id_number=None), UNLIKE),
        (BANK, BANK | {"name": "虚构银行"}, SAME),
    ],
)
def test_what_two_parties_are_to_each_other(one, another, found):
    assert bond(one, another) == bond(another, one) == found


def test_a_name_in_its_village_is_nearly_a_person():
    assert bond(person(1, id_number=None, phone=None), person(1, id_number=None, phone=None), VILLAGE) == NEIGHBOUR


def test_the_other_side_is_another_token_only_by_its_place_in_the_report():
    assert known(person(1)).number == known(person(1, "respondent")).number


def test_representatives_and_third_parties_are_not_compared():
    assert identity.persons_in([person(1, "representative"), person(2, "third_party")], VILLAGE, KEY) == []


@pytest.mark.parametrize("name", ["虚构建材有限公司", "虚构村村民委员会", "虚构镇人民政府", "虚构农民专业合作社"])
def test_an_organisation_is_told_by_its_name_or_its_number(name):
    assert known({"role": "applicant", "name": name}).organisation
    assert known(BANK | {"name": "虚构"}).organisation and uscc.is_valid(BANK["id_number"])
    assert not known(person(1)).organisation


def test_without_the_key_a_token_says_nothing():
    one, other = known(person(1), VILLAGE), known(person(1), VILLAGE, identity.token_key(b"x" * 32))

    assert {one.number, one.mobile, one.village, one.name} & {other.number, other.mobile, other.village, other.name} == set()
    assert len({one.number, one.mobile, one.village, one.name}) == 4


# ── properties ────────────────────────────────────────────────────────────────────────────────────────────────────────────

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=60, deadline=None)
@given(anything)
def test_normalising_is_safe_for_anything_and_done_once(told):
    name, (number, _), mobile = identity.name_in(told), identity.number_in(told), identity.mobile_in(told)

    assert name is None or identity.name_in(name) == name
    assert number is None or identity.number_in(number)[0] == number
    assert mobile is None or identity.mobile_in(mobile) == mobile


@settings(max_examples=60, deadline=None)
@given(st.text("0123456789", min_size=17, max_size=17), st.text(identity.CREDIT_LETTERS, min_size=17, max_size=17))
def test_check_digits_are_those_of_the_standards(digits, letters):
    assert identity.resident_check(digits) == mod_11_2.calc_check_digit(digits)
    assert identity.credit_check(letters) == uscc.calc_check_digit(letters)


@settings(max_examples=60, deadline=None)
@given(
    st.text(string.ascii_lowercase + "甲乙丙丁", min_size=3, max_size=12),
    st.lists(st.sampled_from(" \u3000·.-"), max_size=6),
    st.randoms(use_true_random=False),
)
def test_blanks_and_dots_anywhere_make_no_other_name(name, fillers, chance):
    letters = list(name)
    for filler in fillers:
        letters.insert(chance.randrange(len(letters) + 1), filler)

    assert identity.name_in("".join(letters)) == identity.name_in(name)
