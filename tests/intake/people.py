"""Fictitious parties for tests. The identity numbers have valid check digits but are not assigned to anybody (area 999999, born in 1900)."""

from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2


def resident_id_number(serial: int) -> str:
    """Return a resident identity number with a valid check digit."""
    number = f"99999919000101{serial:03d}"
    return number + mod_11_2.calc_check_digit(number)


def person(serial: int, role: str = "applicant", **others) -> dict:
    """Return a fictitious party (虚构甲, 虚构乙 …) whose identity number and mobile number depend on `serial`. A field given as None is omitted."""
    fields = {"role": role, "name": f"虚构{chr(0x7532 + serial)}", "id_number": resident_id_number(serial), "phone": f"139{serial:04d}9713"} | others
    return {name: value for name, value in fields.items() if value is not None}


def two_parties(applicant: int = 1, respondent: int = 2) -> list[dict]:
    """Return an applicant and a respondent with these serial numbers."""
    return [person(applicant), person(respondent, "respondent")]


_CREDIT_CODE = "91999999MA0000001"
BANK = {"role": "applicant", "name": "虚构农村商业银行股份有限公司", "id_number": _CREDIT_CODE + uscc.calc_check_digit(_CREDIT_CODE)}
