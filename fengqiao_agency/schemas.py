"""Validation of event data against the JSON Schemas of the contract, with error sentences in Chinese and English."""

from functools import cache

from jsonschema import Draft202012Validator, FormatChecker

from .contract import load_contract
from .errors import NotValid

# JSON Schema keyword → error sentence without the field name; {0} is the expected value. The messages of package jsonschema are not used, because they
# contain the wrong value, which may be the name of a person.
# fmt: off
RULE_TEXTS = {
    # keyword                 in Chinese                       in English
    "required":              ("缺少必填项 {0}",                 "lacks the required field {0}"),
    "additionalProperties":  ("含有合同未规定的字段",            "has a field that is not in the contract"),
    "unevaluatedProperties": ("含有合同未规定的字段",            "has a field that is not in the contract"),
    "enum":                  ("不在允许的取值之内：{0}",          "is not one of the allowed values: {0}"),
    "const":                 ("取值应为 {0}",                   "must be {0}"),
    "type":                  ("类型应为 {0}",                   "must be of type {0}"),
    "format":                ("格式应为 {0}",                   "must be in the format {0}"),
    "pattern":               ("不符合规定的格式",                       "does not match the required pattern"),
    "minimum":               ("不得小于 {0}",                   "must be at least {0}"),
    "maximum":               ("不得大于 {0}",                   "must be at most {0}"),
    "exclusiveMinimum":      ("应大于 {0}",                     "must be greater than {0}"),
    "minLength":             ("不得短于 {0} 个字符",             "must have at least {0} characters"),
    "maxLength":             ("不得超过 {0} 个字符",             "must have at most {0} characters"),
    "minItems":              ("至少应有 {0} 项",                "must have at least {0} entries"),
    "not":                   ("不得与另一字段同时填写",           "must not be given together with another field"),
}
# fmt: on
OTHER_RULE_TEXT = ("不符合合同", "does not match the contract")


def validate_event_data(event_type: str, data: dict) -> None:
    """Check the data of an event. Raises NotValid for the first error.

    An event type that is not in the contract file is not checked: only the hub can refuse it.
    """
    validator = _validator_of(event_type)
    if validator is None:
        return
    error = next(validator.iter_errors(data), None)
    if error is not None:
        zh, en = RULE_TEXTS.get(error.validator, OTHER_RULE_TEXT)
        expected = _expected_value(error)
        raise NotValid(event_type, _field_path(error), zh.format(expected), en.format(expected))


def schema_name(event_type: str) -> str | None:
    """Return the CloudEvents attribute `dataschema` of an event type, or None if the event type is not in the contract."""
    return load_contract()["events"].get(event_type)


def known_event_types() -> list[str]:
    return sorted(load_contract()["events"])


@cache
def _validator_of(event_type):
    if event_type not in load_contract()["events"]:
        return None
    schema = {"$ref": f"#/definitions/{event_type}", "definitions": load_contract()["definitions"]}
    return Draft202012Validator(schema, format_checker=FormatChecker())


def _field_path(error):
    return ".".join(["data", *map(str, error.absolute_path)])


def _expected_value(error):
    """Return the value or values that the schema allows, for the error sentence. The wrong value of the event is never returned."""
    if error.validator == "required":
        return next((name for name in error.validator_value if name not in error.instance), "")
    if isinstance(error.validator_value, list):
        values = [str(value) for value in error.validator_value]
        return ", ".join(values[:12]) + (" …" if len(values) > 12 else "")
    return error.validator_value
