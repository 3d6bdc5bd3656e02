"""Derives keyed tokens from the identifying fields of a party, so that the parties of two reports can be compared. Pure.

Equal tokens show that two parties are the same without revealing who they are. A token is a BLAKE2b hash under a key that only intake has,
and is stored in intake's own schema only. The fields from which a token is derived determine what it proves:

    number    an identity number or unified social credit code with a valid check digit; any other number only together with the name
    mobile    the name and a mobile number
    village   the name and the village: strong evidence, but no proof, because a name may occur twice in a village
    name      the name alone: no proof, but supporting evidence if the other side of the dispute matches with certainty
"""

import hashlib
import re
import unicodedata
from datetime import date

from services.intake.model import PartyTokens

SIDES = ("applicant", "respondent")  # third parties and representatives are not compared: a lawyer represents parties in many disputes
TOKEN_BYTES = 16

MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})", re.ASCII)
RESIDENT_NUMBER = re.compile(r"\d{17}[\dX]", re.ASCII)
OLD_RESIDENT_NUMBER = re.compile(r"\d{15}", re.ASCII)
RESIDENT_WEIGHTS, RESIDENT_CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"  # GB 11643-1999
CREDIT_CODE = re.compile(r"[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}", re.ASCII)
CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015
CREDIT_VALUES, CREDIT_WEIGHTS = {letter: value for value, letter in enumerate(CREDIT_LETTERS)}, tuple(3**place % 31 for place in range(17))
PLACEHOLDER_NAMES = {
    "不详",
    "未知",
    "匿名",
    "无名",
    "无名氏",
    "佚名",
    "不明",
    "待查",
    "保密",
    "本人",
    "当事人",
    "群众",
    "村民",
    "居民",
    "业主",
    "商户",
    "男子",
    "女子",
}
MASKED_NAME = re.compile(r".?[x*○〇]+")  # for example 张XX
ORGANISATION = re.compile(
    r"(?:公司|集团|银行|支行|分行|信用社|合作社|合作联社|厂|店|商行|经营部|超市|市场|医院|卫生院|学校|中学|小学|幼儿园|"
    r"委员会|村委会|居委会|政府|办事处|管理局|管理所|中心|协会|基金会|事务所|项目部|农场)"
)
ASCENDING_DIGITS = "01234567890123456789"


def token_key(at_rest_key: bytes) -> bytes:
    """Return the key of the tokens. It is derived from the key for encryption at rest, so that operators manage only one secret."""
    return hashlib.blake2b(key=at_rest_key, person=b"party tokens", digest_size=32).digest()


def tokens_of_parties(parties: list[dict], village: str | None, key: bytes) -> list[PartyTokens]:
    """Return the tokens of the applicants and respondents of a report. `village` is the 12-digit code of the dispute's village."""
    return [tokens_of_party(party, village, key) for party in parties if party["role"] in SIDES]


def tokens_of_party(party: dict, village: str | None, key: bytes) -> PartyTokens:
    name = normalise_name(party["name"])
    number, number_type = normalise_number(party.get("id_number") or "")
    has_valid_check_digit = number_type is not None
    mobile = normalise_mobile(party.get("phone") or "")
    return PartyTokens(
        party["role"],
        _token(key, "number", number, None if has_valid_check_digit else name) if number and (has_valid_check_digit or name) else None,
        _token(key, "mobile", mobile, name) if mobile and name else None,
        _token(key, "village", village, name) if village and name else None,
        _token(key, "name", name) if name else None,
        has_valid_check_digit,
        number_type == "organisation" or ORGANISATION.search(party["name"]) is not None,
    )


def _token(key, kind, *values):
    return hashlib.blake2b("\x1f".join(value or "" for value in values).encode(), key=key, person=kind.encode(), digest_size=TOKEN_BYTES).digest()


def normalise_name(text: str) -> str | None:
    """Return the name without blanks and dots, in lower case and normal width. None for a placeholder or masked name (某某, 不详, 张XX)."""
    name = "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum() or letter in "*○")
    if len(name) < 2 or "某" in name or name in PLACEHOLDER_NAMES or MASKED_NAME.fullmatch(name):
        return None
    return name


def normalise_mobile(text: str) -> str | None:
    """Return the 11 digits of a mobile number, else None. A landline is not accepted: many persons may share one, as in a village committee's office."""
    digits = re.sub(r"[^\d+]", "", unicodedata.normalize("NFKC", text))
    found = MOBILE.fullmatch(digits)
    return found[1] if found and not _is_placeholder(found[1][3:]) else None


def normalise_number(text: str) -> tuple[str | None, str | None]:
    """Return (identity number, its type). A resident identity number of 15 digits is converted to 18 characters.

    The type is `resident` or `organisation` if the check digit of that type is valid, else None. The number is None if it is a placeholder.
    """
    if not text:
        return None, None
    number = "".join(letter for letter in unicodedata.normalize("NFKC", text).upper() if letter.isalnum() and letter.isascii())
    if OLD_RESIDENT_NUMBER.fullmatch(number):
        longer = number[:6] + "19" + number[6:]
        number = longer + resident_check_digit(longer) if _is_plausible_date(longer[6:14]) and not _is_placeholder(number[6:]) else number
    if RESIDENT_NUMBER.fullmatch(number) and number[17] == resident_check_digit(number) and _is_plausible_date(number[6:14]):
        return number, "resident"
    if CREDIT_CODE.fullmatch(number) and number[17] == credit_check_digit(number):
        return number, "organisation"
    return (number, None) if len(number) >= 6 and not _is_placeholder(number) else (None, None)


def resident_check_digit(number: str) -> str:
    """Return the 18th character of a resident identity number, computed from the first 17."""
    return RESIDENT_CHECKS[sum(weight * int(digit) for weight, digit in zip(RESIDENT_WEIGHTS, number, strict=False)) % 11]


def credit_check_digit(number: str) -> str:
    """Return the 18th character of a unified social credit code, computed from the first 17."""
    return CREDIT_LETTERS[-sum(weight * CREDIT_VALUES[letter] for weight, letter in zip(CREDIT_WEIGHTS, number, strict=False)) % 31]


def _is_placeholder(digits: str) -> bool:
    """Return whether the digits only fill a mandatory field: 00000000, 12345678."""
    return len(set(digits)) < 3 or digits in ASCENDING_DIGITS or digits in ASCENDING_DIGITS[::-1]


def _is_plausible_date(text: str) -> bool:
    try:
        return 1880 <= date(int(text[:4]), int(text[4:6]), int(text[6:])).year <= 2100
    except ValueError:
        return False
