"""Derives matching tokens (keyed hashes) from the identifying fields of a party, so that the parties of two reports can be compared. Pure.

Equal tokens show that two parties are the same without revealing who they are. A matching token is a BLAKE2b hash under a key
that only intake has, and is stored in intake's own schema only. Kinds of tokens, with the fields from which they are derived:

    number    an identity number or unified social credit code with a valid check digit; any other number only together with the name
    mobile    the name and a mobile number
    village   the name and the village; strong evidence but no proof, because a name may occur twice in a village
    name      the name alone; no proof, but supporting evidence if the other side of the dispute matches with certainty
"""

import hashlib
import re
import unicodedata
from datetime import date

from services.intake.model import PartyTokens

SIDES = ("applicant", "respondent")  # representatives and third parties are not compared, because one lawyer represents parties in many disputes
MATCHING_TOKEN_BYTES = 16

MOBILE_PATTERN = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})", re.ASCII)
RESIDENT_NUMBER_PATTERN = re.compile(r"\d{17}[\dX]", re.ASCII)
OLD_RESIDENT_NUMBER_PATTERN = re.compile(r"\d{15}", re.ASCII)
RESIDENT_WEIGHTS, RESIDENT_CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"  # by the standard GB 11643-1999
CREDIT_CODE_PATTERN = re.compile(r"[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}", re.ASCII)
CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # the allowed characters, by the standard GB 32100-2015
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
MASKED_NAME_PATTERN = re.compile(r".?[x*○〇]+")  # matches masked names such as 张XX
ORGANISATION_PATTERN = re.compile(
    r"(?:公司|集团|银行|支行|分行|信用社|合作社|合作联社|厂|店|商行|经营部|超市|市场|医院|卫生院|学校|中学|小学|幼儿园|"
    r"委员会|村委会|居委会|政府|办事处|管理局|管理所|中心|协会|基金会|事务所|项目部|农场)"
)
ASCENDING_DIGITS = "01234567890123456789"


def matching_token_key(at_rest_key: bytes) -> bytes:
    """Return the key of the matching tokens, derived from the key for encryption at rest, so that operators manage only one secret."""
    return hashlib.blake2b(key=at_rest_key, person=b"party tokens", digest_size=32).digest()


def tokens_of_parties(parties: list[dict], village: str | None, key: bytes) -> list[PartyTokens]:
    """Return the matching tokens of the applicants and respondents of a report. `village` is the 12-digit code of the dispute's village."""
    return [tokens_of_party(party, village, key) for party in parties if party["role"] in SIDES]


def tokens_of_party(party: dict, village: str | None, key: bytes) -> PartyTokens:
    """Return the matching tokens of one party. A token is None if the party lacks a field from which it is derived."""
    name = normalise_name(party["name"])
    number, number_type = normalise_number(party.get("id_number") or "")
    has_valid_check_digit = number_type is not None
    mobile = normalise_mobile(party.get("phone") or "")
    return PartyTokens(
        party["role"],
        _matching_token(key, "number", number, None if has_valid_check_digit else name) if number and (has_valid_check_digit or name) else None,
        _matching_token(key, "mobile", mobile, name) if mobile and name else None,
        _matching_token(key, "village", village, name) if village and name else None,
        _matching_token(key, "name", name) if name else None,
        has_valid_check_digit,
        number_type == "organisation" or ORGANISATION_PATTERN.search(party["name"]) is not None,
    )


def _matching_token(key, kind, *values):
    return hashlib.blake2b("\x1f".join(value or "" for value in values).encode(), key=key, person=kind.encode(), digest_size=MATCHING_TOKEN_BYTES).digest()


def normalise_name(text: str) -> str | None:
    """Return the name without spaces and dots, in lower case and normal width; None for a placeholder or masked name (某某, 不详, 张XX)."""
    name = "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum() or letter in "*○")
    if len(name) < 2 or "某" in name or name in PLACEHOLDER_NAMES or MASKED_NAME_PATTERN.fullmatch(name):
        return None
    return name


def normalise_mobile(text: str) -> str | None:
    """Return the 11 digits of a mobile number, else None. A landline is not accepted because many persons may share it, as in a committee's office."""
    digits = re.sub(r"[^\d+]", "", unicodedata.normalize("NFKC", text))
    found = MOBILE_PATTERN.fullmatch(digits)
    return found[1] if found and not _is_placeholder(found[1][3:]) else None


def normalise_number(text: str) -> tuple[str | None, str | None]:
    """Return (identity number, its type). A resident identity number of 15 digits is converted to 18 characters.

    The type is `resident` or `organisation` if the check digit of that type is valid, else None. The number is None if it is a placeholder.
    """
    if not text:
        return None, None
    number = "".join(letter for letter in unicodedata.normalize("NFKC", text).upper() if letter.isalnum() and letter.isascii())
    if OLD_RESIDENT_NUMBER_PATTERN.fullmatch(number):
        longer = number[:6] + "19" + number[6:]
        number = longer + resident_check_digit(longer) if _is_plausible_date(longer[6:14]) and not _is_placeholder(number[6:]) else number
    if RESIDENT_NUMBER_PATTERN.fullmatch(number) and number[17] == resident_check_digit(number) and _is_plausible_date(number[6:14]):
        return number, "resident"
    if CREDIT_CODE_PATTERN.fullmatch(number) and number[17] == credit_check_digit(number):
        return number, "organisation"
    return (number, None) if len(number) >= 6 and not _is_placeholder(number) else (None, None)


def resident_check_digit(number: str) -> str:
    """Return the 18th character of a resident identity number, computed from the first 17."""
    return RESIDENT_CHECKS[sum(weight * int(digit) for weight, digit in zip(RESIDENT_WEIGHTS, number, strict=False)) % 11]


def credit_check_digit(number: str) -> str:
    """Return the 18th character of a unified social credit code, computed from the first 17."""
    return CREDIT_LETTERS[-sum(weight * CREDIT_VALUES[letter] for weight, letter in zip(CREDIT_WEIGHTS, number, strict=False)) % 31]


def _is_placeholder(digits: str) -> bool:
    """Return whether the digits are a placeholder entered to fill a mandatory field, such as 00000000 or 12345678."""
    return len(set(digits)) < 3 or digits in ASCENDING_DIGITS or digits in ASCENDING_DIGITS[::-1]


def _is_plausible_date(text: str) -> bool:
    try:
        return 1880 <= date(int(text[:4]), int(text[4:6]), int(text[6:])).year <= 2100
    except ValueError:
        return False
