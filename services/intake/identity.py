"""Who a party is, as far as two reports can be compared: keyed tokens made of what identifies a person. Pure.

A token says that two parties are the same without saying who they are: BLAKE2b under a key that only intake has. Tokens never leave
intake's own schema. What a token is made of decides how much it proves:

    number    an identity number or unified social credit code whose check digit is right; any other number only together with the name
    mobile    the name and a mobile number of one's own
    village   the name and the village: in a village a name is nearly a person, not quite
    name      the name alone: proves nothing, but may agree where the other side is certain
"""

import hashlib
import re
import unicodedata
from datetime import date

from services.intake.model import Person

SIDES = ("applicant", "respondent")  # third parties and representatives do not make a dispute the same: a lawyer has many
TOKEN_BYTES = 16

MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})", re.ASCII)
RESIDENT = re.compile(r"\d{17}[\dX]", re.ASCII)
OLD_RESIDENT = re.compile(r"\d{15}", re.ASCII)
RESIDENT_WEIGHTS, RESIDENT_CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"  # GB 11643-1999
CREDIT = re.compile(r"[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}", re.ASCII)
CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015
CREDIT_VALUES, CREDIT_WEIGHTS = {letter: value for value, letter in enumerate(CREDIT_LETTERS)}, tuple(3**place % 31 for place in range(17))
NAMELESS = {"不详", "未知", "匿名", "无名", "无名氏", "佚名", "不明", "待查", "保密", "本人", "当事人", "群众", "村民", "居民", "业主", "商户", "男子", "女子"}
MASKED = re.compile(r".?[x*○〇]+")  # 张XX
ORGANISATION = re.compile(
    r"(?:公司|集团|银行|支行|分行|信用社|合作社|合作联社|厂|店|商行|经营部|超市|市场|医院|卫生院|学校|中学|小学|幼儿园|"
    r"委员会|村委会|居委会|政府|办事处|管理局|管理所|中心|协会|基金会|事务所|项目部|农场)"
)
COUNTING = "01234567890123456789"


def token_key(at_rest_key: bytes) -> bytes:
    """The key of the tokens, derived from the key at rest, so that nobody has to keep a second secret."""
    return hashlib.blake2b(key=at_rest_key, person=b"party tokens", digest_size=32).digest()


def persons_in(parties: list[dict], village: str | None, key: bytes) -> list[Person]:
    """The sides of a report. `village` is that of the dispute, by its 12 digits."""
    return [person_of(party, village, key) for party in parties if party["role"] in SIDES]


def person_of(party: dict, village: str | None, key: bytes) -> Person:
    name = name_in(party["name"])
    number, proof = number_in(party.get("id_number") or "")
    certified = proof is not None
    mobile = mobile_in(party.get("phone") or "")
    return Person(
        party["role"],
        _token(key, "number", number, None if certified else name) if number and (certified or name) else None,
        _token(key, "mobile", mobile, name) if mobile and name else None,
        _token(key, "village", village, name) if village and name else None,
        _token(key, "name", name) if name else None,
        certified,
        proof == "organisation" or ORGANISATION.search(party["name"]) is not None,
    )


def _token(key, kind, *parts):
    return hashlib.blake2b("\x1f".join(part or "" for part in parts).encode(), key=key, person=kind.encode(), digest_size=TOKEN_BYTES).digest()


def name_in(told: str) -> str | None:
    """The name without blanks, dots and the width of its letters; None for what names nobody (某某, 不详, 张XX)."""
    name = "".join(letter for letter in unicodedata.normalize("NFKC", told).casefold() if letter.isalnum() or letter in "*○")
    if len(name) < 2 or "某" in name or name in NAMELESS or MASKED.fullmatch(name):
        return None
    return name


def mobile_in(told: str) -> str | None:
    """Eleven digits of a mobile of one's own. A landline may be the village committee's: it proves nothing."""
    digits = re.sub(r"[^\d+]", "", unicodedata.normalize("NFKC", told))
    found = MOBILE.fullmatch(digits)
    return found[1] if found and not _is_filled_in(found[1][3:]) else None


def number_in(told: str) -> tuple[str | None, str | None]:
    """(the number in one form, whose its check digit proves it to be: `resident`, `organisation` or None).

    Resident identity numbers of 15 digits become those of 18.
    """
    if not told:
        return None, None
    number = "".join(letter for letter in unicodedata.normalize("NFKC", told).upper() if letter.isalnum() and letter.isascii())
    if OLD_RESIDENT.fullmatch(number):
        longer = number[:6] + "19" + number[6:]
        number = longer + resident_check(longer) if _is_a_day(longer[6:14]) and not _is_filled_in(number[6:]) else number
    if RESIDENT.fullmatch(number) and number[17] == resident_check(number) and _is_a_day(number[6:14]):
        return number, "resident"
    if CREDIT.fullmatch(number) and number[17] == credit_check(number):
        return number, "organisation"
    return (number, None) if len(number) >= 6 and not _is_filled_in(number) else (None, None)


def resident_check(number: str) -> str:
    """The 18th letter of a resident identity number, from the 17 before it."""
    return RESIDENT_CHECKS[sum(weight * int(digit) for weight, digit in zip(RESIDENT_WEIGHTS, number, strict=False)) % 11]


def credit_check(number: str) -> str:
    """The 18th letter of a unified social credit code, from the 17 before it."""
    return CREDIT_LETTERS[-sum(weight * CREDIT_VALUES[letter] for weight, letter in zip(CREDIT_WEIGHTS, number, strict=False)) % 31]


def _is_filled_in(digits: str) -> bool:
    """Whether somebody only filled the field: 00000000, 12345678."""
    return len(set(digits)) < 3 or digits in COUNTING or digits in COUNTING[::-1]


def _is_a_day(text: str) -> bool:
    try:
        return 1880 <= date(int(text[:4]), int(text[4:6]), int(text[6:])).year <= 2100
    except ValueError:
        return False
