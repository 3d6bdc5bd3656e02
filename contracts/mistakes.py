"""What can be wrong with a field, in words, and how marshmallow's findings become them. Never says what was sent: it may be somebody's name."""

import re
from dataclasses import dataclass

from marshmallow import ValidationError

# fmt: off
MISTAKES = {
    "required":         ("缺失",                                     "is missing"),
    "null":             ("不能为空",                                 "may not be null"),
    "unknown_field":    ("含有未定义的字段",                         "has a field that is not defined"),
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
    "not_a_time":       ("应为带时区的时间（RFC 3339）",             "has to be a time with its zone (RFC 3339)"),
    "not_a_sum":        ("应为最多两位小数的金额字符串，如\"1200.00\"", "has to be a sum as a string with at most two decimals, like \"1200.00\""),
    "both_ways":        ("与parties不得同时使用",                    "may not be given together with parties"),
    "not_in_township":  ("不属于所报的乡镇、街道",                   "does not lie in the township given"),
    "not_the_sentence": ("不是所列原因的语句",                       "is not the sentence of the reason given"),
    "not_after":        ("应晚于开始时间",                           "has to be later than the start"),
    "invalid":          ("不正确",                                   "is not right"),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Mistake:
    field: str  # path, e.g. "terms[0].due_on"; "data" for the whole
    token: str
    zh: str
    en: str


def mistakes_in(error: ValidationError) -> list[Mistake]:
    """Everything marshmallow found, as field paths and short texts in a fixed order. Neither values nor unknown field names are repeated."""
    found = {(path, token if token in MISTAKES else "invalid") for path, token in _walk(error.messages, "")}
    return [Mistake(path or "data", token, *MISTAKES[token]) for path, token in sorted(found)]


def _walk(messages, path):
    if isinstance(messages, dict):
        for key, inner in messages.items():
            if inner == ["unknown_field"]:
                yield path, "unknown_field"
            elif key in ("_schema", "value", "key"):
                yield from _walk(inner, path)
            elif isinstance(key, int):
                yield from _walk(inner, f"{path}[{key}]")
            else:
                # Keys are names of our own fields here: what the sender invented was either passed over or is an unknown_field above.
                name = key if re.fullmatch(r"[a-z][a-z0-9_]*", key) else "field"
                yield from _walk(inner, f"{path}.{name}" if path else name)
    elif isinstance(messages, list):
        for inner in messages:
            yield from _walk(inner, path)
    else:
        yield path, messages
