"""Mistakes that a field can contain, described in Chinese and English, and their extraction from marshmallow's errors.

A description never contains the value that was sent, because the value may be a person's name.
"""

import re
from dataclasses import dataclass

from marshmallow import ValidationError

# fmt: off
# Description of each mistake, by token. The name of the field precedes the description.
MISTAKES = {
    "required":         ("缺失",                                     "is missing"),
    "null":             ("不能为空",                                 "must not be null"),
    "unknown_field":    ("含有未定义的字段",                         "contains a field that is not defined"),
    "not_an_object":    ("应为对象",                                 "has to be an object"),
    "not_a_list":       ("应为列表",                                 "has to be a list"),
    "not_a_text":       ("应为字符串",                               "has to be a string"),
    "not_a_number":     ("应为整数",                                 "has to be a whole number"),
    "not_a_boolean":    ("应为true或false",                          "has to be true or false"),
    "not_in_list":      ("不在允许的取值之内",                       "is not one of the allowed values"),
    "wrong_form":       ("格式不正确",                               "does not have the required form"),
    "wrong_length":     ("长度或数量超出范围",                       "is too long, too short, or has too many or too few entries"),
    "out_of_range":     ("超出范围",                                 "is out of range"),
    "not_a_date":       ("应为YYYY-MM-DD格式的日期",                 "has to be a date like 2026-03-02"),
    "not_a_time":       ("应为带时区的时间（RFC 3339）",             "has to be a time with a time zone (RFC 3339)"),
    "not_a_sum":        ("应为最多两位小数的金额字符串，如\"1200.00\"", "has to be an amount as a string with at most two decimals, like \"1200.00\""),
    "both_ways":        ("与parties不得同时使用",                    "must not be given together with parties"),
    "not_in_township":  ("不属于所报的乡镇、街道",                   "is not in the township given"),
    "not_the_sentence": ("与所列原因的规定语句不符",                 "is not the prescribed sentence of the given reason"),
    "not_after":        ("应晚于开始时间",                           "has to be later than the start time"),
    "invalid":          ("不正确",                                   "is not valid"),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Mistake:
    field: str  # path of the field, such as "terms[0].due_on"; "data" if the mistake concerns the data as a whole
    token: str
    zh: str
    en: str


def mistakes_in(error: ValidationError) -> list[Mistake]:
    """Return all mistakes in a ValidationError, sorted by field path. They contain neither values nor names of unknown fields."""
    found = {(path, token if token in MISTAKES else "invalid") for path, token in _iterate_mistakes(error.messages, "")}
    return [Mistake(path or "data", token, *MISTAKES[token]) for path, token in sorted(found)]


def _iterate_mistakes(messages, path):
    """Yield (field path, token) for each message in marshmallow's nested error messages."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            if inner == ["unknown_field"]:
                yield path, "unknown_field"
            elif key in ("_schema", "value", "key"):
                yield from _iterate_mistakes(inner, path)
            elif isinstance(key, int):
                yield from _iterate_mistakes(inner, f"{path}[{key}]")
            else:
                # The key is the name of a defined field. Names of undefined fields do not get here: they are ignored, or reported above as unknown_field.
                name = key if re.fullmatch(r"[a-z][a-z0-9_]*", key) else "field"
                yield from _iterate_mistakes(inner, f"{path}.{name}" if path else name)
    elif isinstance(messages, list):
        for inner in messages:
            yield from _iterate_mistakes(inner, path)
    else:
        yield path, messages
