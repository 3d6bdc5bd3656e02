"""Checks events by the contract's JSON Schemas, and tells a person what does not match."""

from functools import cache

from jsonschema import Draft202012Validator, FormatChecker

from .contract import contract
from .errors import NotValid

# A validator's own message repeats the value it disliked, which may be a person's name: we say only where and which rule.
# fmt: off
FINDINGS = {
    # rule                    in Chinese                       in English
    "required":              ("缺少必填项 {0}",                 "lacks the required {0}"),
    "additionalProperties":  ("含有合同未规定的字段",            "has a field that the contract does not know"),
    "unevaluatedProperties": ("含有合同未规定的字段",            "has a field that the contract does not know"),
    "enum":                  ("不在允许的取值之内：{0}",          "is not one of the allowed values: {0}"),
    "const":                 ("取值应为 {0}",                   "must be {0}"),
    "type":                  ("类型应为 {0}",                   "must be of type {0}"),
    "format":                ("格式应为 {0}",                   "must be in the format {0}"),
    "pattern":               ("格式不符",                       "does not have the agreed form"),
    "minimum":               ("不得小于 {0}",                   "must not be below {0}"),
    "maximum":               ("不得大于 {0}",                   "must not be above {0}"),
    "exclusiveMinimum":      ("应大于 {0}",                     "must be above {0}"),
    "minLength":             ("不得短于 {0} 个字符",             "must have at least {0} characters"),
    "maxLength":             ("不得超过 {0} 个字符",             "must have at most {0} characters"),
    "minItems":              ("至少应有 {0} 项",                "must have at least {0} entries"),
    "not":                   ("不得与另一字段同时填写",           "must not stand beside another field"),
}
# fmt: on
OTHERWISE = ("不符合合同", "does not match the contract")


def validate(event_type: str, data: dict) -> None:
    """Passes over types that this package carries no schema for: the hub decides those.

    Raises NotValid for the first finding.
    """
    checker = _checker(event_type)
    if checker is None:
        return
    finding = next(checker.iter_errors(data), None)
    if finding is not None:
        zh, en = FINDINGS.get(finding.validator, OTHERWISE)
        wanted = _wanted(finding)
        raise NotValid(event_type, _where(finding), zh.format(wanted), en.format(wanted))


def schema_name(event_type: str) -> str | None:
    """What goes into `dataschema`; None for an event type that the contract does not know."""
    return contract()["events"].get(event_type)


def known_types() -> list[str]:
    return sorted(contract()["events"])


@cache
def _checker(event_type):
    if event_type not in contract()["events"]:
        return None
    schema = {"$ref": f"#/definitions/{event_type}", "definitions": contract()["definitions"]}
    return Draft202012Validator(schema, format_checker=FormatChecker())


def _where(finding):
    return ".".join(["data", *map(str, finding.absolute_path)])


def _wanted(finding):
    """Said from the schema's side only."""
    if finding.validator == "required":
        return next((name for name in finding.validator_value if name not in finding.instance), "")
    if isinstance(finding.validator_value, list):
        shown = [str(value) for value in finding.validator_value]
        return ", ".join(shown[:12]) + (" …" if len(shown) > 12 else "")
    return finding.validator_value
