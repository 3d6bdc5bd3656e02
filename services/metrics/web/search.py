"""Search for a dispute by its code: reads what a person typed or pasted, in any notation of digits and dashes."""

import re
import unicodedata
from dataclasses import dataclass

from contracts import COUNTY

CODE_PATTERN = re.compile(r"\d{6}-\d{4}-\d{6}-\d")
MAX_LENGTH = 40  # longer texts are not searched
GROUP_LENGTHS = (6, 4, 6, 1)  # area, year, serial number, check digit
IGNORED_CATEGORIES = ("Zs", "Cf", "Cc")  # blanks, invisible characters (joiners, direction marks), control characters
DASH_CATEGORY = "Pd"
OTHER_DASHES = "\u00b7\u2010\u2212\u30fb\u30fc\u2500\u4e00_/."  # middle dots, the minus sign, and characters that are typed for a dash


@dataclass(frozen=True, slots=True)
class Search:
    """What was searched: `serial` (six digits), or `prefix` (the beginning of a code, or a complete one). If it is no part of a code, both are empty."""

    text: str = ""
    serial: str = ""
    prefix: str = ""

    @property
    def is_unsearchable(self) -> bool:
        """Whether something was entered that is no part of a code, such as a name."""
        return bool(self.text) and not self.serial and not self.prefix

    @property
    def exact_code(self) -> str | None:
        """The searched code if it is complete, else None."""
        return self.prefix if CODE_PATTERN.fullmatch(self.prefix) else None


def read_search(entered: str) -> Search:
    """Return what to search for. Full-width digits, dashes of any kind or none, and blanks make no difference."""
    text = entered.strip()
    normal = _normalise(text)
    if not re.fullmatch(r"[\d-]+", normal) or len(text) > MAX_LENGTH:
        return Search(text)
    groups = [group for group in normal.split("-") if group]
    digits = "".join(groups)
    if not digits or len(digits) > sum(GROUP_LENGTHS):
        return Search(text)
    if len(groups) == 1 and len(digits) <= GROUP_LENGTHS[2]:
        return Search(text, serial=digits.zfill(GROUP_LENGTHS[2]))
    if tuple(map(len, groups)) == GROUP_LENGTHS[2:]:  # serial number and check digit
        return Search(text, serial=groups[0])
    if len(groups[0]) == GROUP_LENGTHS[1] and len(groups[1]) <= GROUP_LENGTHS[2]:  # year and serial number, without the area code
        year, serial, *check_digit = groups
        return Search(text, prefix=_with_dashes(COUNTY.area + year + serial.zfill(GROUP_LENGTHS[2]) + "".join(check_digit)))
    if len(groups) == 1 and len(digits) in (10, 11) and digits.startswith("20") and not digits.startswith(COUNTY.area):
        return Search(text, prefix=_with_dashes(COUNTY.area + digits))  # the same without dashes
    return Search(text, prefix=_with_dashes(digits))


def _normalise(text: str) -> str:
    """Return the text with ASCII digits, with `-` for every kind of dash, and without blanks."""
    characters = []
    for character in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(character)
        if category == "Nd":
            characters.append(str(unicodedata.digit(character)))
        elif category == DASH_CATEGORY or character in OTHER_DASHES:
            characters.append("-")
        elif category not in IGNORED_CATEGORIES:
            characters.append(character)
    return "".join(characters)


def _with_dashes(digits: str) -> str:
    """Return the digits of a code, or of its beginning, with the dashes between its groups."""
    groups, rest = [], digits
    for length in GROUP_LENGTHS:
        groups.append(rest[:length])
        rest = rest[length:]
        if not rest:
            break
    return "-".join(groups)
