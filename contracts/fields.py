"""The field types that schemas consist of. They accept JSON values and Python's dates and decimals alike, and report a mistake by its token."""

import datetime as dt
import re
from decimal import Decimal
from typing import ClassVar

import marshmallow
from marshmallow import EXCLUDE, RAISE, ValidationError, fields, validate, validates_schema

from contracts import codes, envelope, samples
from contracts.channels import STREAMS
from contracts.county import AGENCIES, TOWNSHIPS
from contracts.dates import EARLIEST, LATEST

DISPUTE_CODE = f"^{codes.PATTERN}$"
EVENT_ID = f"^{envelope.ID.pattern}$"
SOURCE = r"^/agencies/[a-z0-9_-]{1,64}$|^/services/(?:" + "|".join(STREAMS) + ")$"
REPORT_NO = r"^[A-Za-z0-9_\u3400-\u9fff〇.\-/#〔〕()（）]{1,64}$"  # an agency's own number: 妇联〔2026〕12号
SHA256 = r"^[0-9a-f]{64}$"
MEDIATOR = r"^[a-z0-9_-]{1,64}$"  # roster id
ORGANISATION = r"^[a-z][a-z0-9_-]{1,63}$"  # code on the roster; unlike a dispute's code it begins with a letter
PARTY_LABEL = r"^(?:applicant|respondent|third_party)(?:-[2-9]|-[1-9]\d)?$"  # which party, never who: respondent-2
VILLAGE = r"^\d{12}$"
GRID = r"^[A-Za-z0-9-]{1,32}$"
AMOUNT = r"^\d{1,12}(?:\.\d{1,2})?$"

LARGEST_AMOUNT = Decimal("999999999999.99")

_MISTAKES = {"required": "required", "null": "null", "validator_failed": "invalid"}


class Schema(marshmallow.Schema):
    """The base of all schemas. Unknown fields are refused when data are dumped and ignored when they are loaded."""

    error_messages = {"type": "not_an_object", "unknown": "unknown_field"}  # noqa: RUF012 - marshmallow declares it so

    json_rules: ClassVar[dict] = {}  # JSON Schema keywords that say what `validate_fields` checks, as far as they can

    class Meta:
        unknown = RAISE

    def validate_fields(self, data: dict) -> None:
        """Check rules that concern several fields. Raises ValidationError."""

    @validates_schema
    def _validate_fields(self, data, **kwargs):
        self.validate_fields(data)


class Described:
    """Adds a description to a field, kept in its `metadata`.

    `zh` and `en` say what the field means and when it is filled in. `example` is a JSON value, left out where the example of the event has one. `stays_at_intake`: intake passes the field on to nobody.
    """

    def __init__(self, *args, zh: str = "", en: str = "", example: object = None, stays_at_intake: bool = False, **options):
        super().__init__(*args, metadata={"zh": zh, "en": en, "example": example, "stays_at_intake": stays_at_intake}, **options)


class Text(Described, fields.String):
    default_error_messages = _MISTAKES | {"invalid": "not_a_text", "invalid_utf8": "not_a_text"}


class Sentence(Text):
    """A sentence from contracts.reasons. The schema that has it checks that it is one."""

    def __init__(self, **options):
        super().__init__(validate=validate.Length(1, 400, error="wrong_length"), **options)


class Boolean(Described, fields.Boolean):
    default_error_messages = _MISTAKES | {"invalid": "not_a_boolean"}

    def __init__(self, **options):
        super().__init__(truthy={True}, falsy={False}, **options)

    def _deserialize(self, value, attr, data, **kwargs):
        if value is True or value is False:
            return value
        raise self.make_error("invalid")


class Number(Described, fields.Integer):
    default_error_messages = _MISTAKES | {"invalid": "not_a_number", "too_large": "out_of_range"}

    def __init__(self, low: int, high: int, **options):
        super().__init__(strict=True, validate=validate.Range(low, high, error="out_of_range"), **options)

    def _deserialize(self, value, attr, data, **kwargs):
        if type(value) is not int:
            raise self.make_error("invalid")
        return value


class ListOf(Described, fields.List):
    default_error_messages = _MISTAKES | {"invalid": "not_a_list"}

    def __init__(self, inner, low: int = 0, high: int = 50, **options):
        super().__init__(inner, validate=validate.Length(low, high, error="wrong_length"), **options)


class Nested(Described, fields.Nested):
    default_error_messages = _MISTAKES | {"type": "not_an_object"}


class Day(Described, fields.Date):
    default_error_messages = _MISTAKES | {"invalid": "not_a_date", "format": "not_a_date"}

    def _deserialize(self, value, attr, data, **kwargs):
        if type(value) is not dt.date:
            try:
                # fromisoformat also takes 20260302 and 2026-W10-1, which the published schema does not.
                value = dt.date.fromisoformat(value if len(value) == 10 and "W" not in value else "")
            except (TypeError, ValueError):
                raise self.make_error("invalid") from None
        if not EARLIEST <= value.year <= LATEST:
            raise self.make_error("invalid")
        return value


class Instant(Described, fields.AwareDateTime):
    default_error_messages = _MISTAKES | {"invalid": "not_a_time", "invalid_awareness": "not_a_time", "format": "not_a_time"}

    def _deserialize(self, value, attr, data, **kwargs):
        if not isinstance(value, dt.datetime):
            try:
                value = dt.datetime.fromisoformat(value.upper() if _RFC3339.match(value) else "")
            except (TypeError, ValueError):
                raise self.make_error("invalid") from None
        if value.tzinfo is None or not EARLIEST <= value.year <= LATEST:
            raise self.make_error("invalid")
        return value

    def _serialize(self, value, attr, obj, **kwargs):
        return None if value is None else in_utc(value)


def in_utc(instant: dt.datetime) -> str:
    """One instant is written in one way, wherever it was said: who compares texts compares instants."""
    return instant.astimezone(dt.UTC).isoformat()


_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)\Z")


class Amount(Described, fields.Decimal):
    """Yuan, as a string with two decimals. A JSON number is refused: it has been through a binary fraction on the way."""

    default_error_messages = _MISTAKES | {"invalid": "not_a_sum", "special": "not_a_sum"}

    def __init__(self, **options):
        super().__init__(places=2, as_string=True, **options)

    def _deserialize(self, value, attr, data, **kwargs):
        if isinstance(value, str) and _AMOUNT.match(value):
            return Decimal(value).quantize(_FEN)
        if isinstance(value, Decimal) and 0 <= value <= LARGEST_AMOUNT and value == value.quantize(_FEN):
            return value.quantize(_FEN)
        raise self.make_error("invalid")


_AMOUNT = re.compile(AMOUNT.removesuffix("$") + r"\Z", re.ASCII)
_FEN = Decimal("0.01")


def one_of(tokens, **options) -> Text:
    """A token of a closed list."""
    return Text(validate=validate.OneOf(tuple(tokens), error="not_in_list"), **options)


def formed(pattern: str, **options) -> Text:
    """A text that matches a pattern."""
    return Text(validate=Form(pattern), **options)


class Form(validate.Regexp):
    """Validates by a pattern that means the same here and in JSON Schema: digits are 0-9, and `$` is the end, not the place before a last line break."""

    def __init__(self, pattern: str):
        super().__init__(pattern, error="wrong_form")
        self.full_pattern = re.compile("|".join(branch.removesuffix("$") + r"\Z" for branch in re.split(r"(?<=\$)\|", pattern)), re.ASCII)

    def __call__(self, value):
        if self.full_pattern.match(value) is None:
            raise ValidationError(self.error)
        return value


def limited(longest: int, **options) -> Text:
    """Free text, for the few places where the contract needs a person's words. Never in a domain event."""
    return Text(validate=validate.Length(1, longest, error="wrong_length"), **options)


def dispute_code(zh="纠纷编码", en="code of the dispute", example=samples.DISPUTE, **options):
    return formed(DISPUTE_CODE, zh=zh, en=en, example=example, **options)


def agency_code(zh="机构代码", en="code of the agency", example=samples.BODY, **options):
    return one_of(AGENCIES, zh=zh, en=en, example=example, **options)


def township_code(zh="乡镇（街道）统计用区划代码", en="statistical code of the township or street", example=samples.TOWNSHIP, **options):
    return one_of(TOWNSHIPS, zh=zh, en=en, example=example, **options)


def village_code(
    zh="村（社区）统计用区划代码，前九位须与township一致；不掌握时不填",
    en="statistical code of the village or community; its first nine digits are the township's; left out if not known",
    example=samples.VILLAGE,
    **options,
):
    return formed(VILLAGE, zh=zh, en=en, example=example, **options)


def grid_code(
    zh="网格编号，由本县网格系统编定；不掌握时不填", en="number of the grid in the county's grid system; left out if not known", example=samples.GRID, **options
):
    return formed(GRID, zh=zh, en=en, example=example, **options)


def organisation_code(zh="名册上的组织代码", en="code of the organisation on the roster", example=samples.ORGANISATION, **options):
    return formed(ORGANISATION, zh=zh, en=en, example=example, **options)


def mediator_id(zh="调解员的名册编号，不得填写姓名", en="roster number of the mediator, never a name", example=samples.MEDIATOR, **options):
    return formed(MEDIATOR, zh=zh, en=en, example=example, **options)


def party_label(
    zh="当事人称谓：身份加序号，不得填写姓名",
    en="label of the party: its role and, from the second on, a number; never a name",
    example="respondent",
    **options,
):
    return formed(PARTY_LABEL, zh=zh, en=en, example=example, **options)


def sha256_hex(zh="SHA-256摘要值，小写十六进制", en="SHA-256 digest in lower-case hexadecimal", example=samples.SHA256, **options):
    return formed(SHA256, zh=zh, en=en, example=example, **options)


def own_number(zh, en, example, **options):
    """A number under which an agency keeps something in its own books."""
    return formed(REPORT_NO, zh=zh, en=en, example=example, **options)


def event_id(zh, en, **options):
    return formed(EVENT_ID, zh=zh, en=en, example=samples.ACCEPTANCE["id"], **options)


class EventRef(Schema):
    """Identifies an event by `source` and `id`."""

    source = formed(SOURCE, required=True, zh="上报者，即事件的source", en="who reported it: the event's `source`", example=samples.REPORT["source"])
    id = formed(EVENT_ID, required=True, zh="事件的id", en="the event's `id`", example=samples.REPORT["id"])


def event_ref(zh="所指的事件", en="the event that is meant", **options):
    return Nested(EventRef, zh=zh, en=en, **options)


def tolerant(schema: Schema, unknown: str = EXCLUDE) -> Schema:
    """The same schema, and everything nested in it, treating unknown fields as told. marshmallow does not pass this on by itself."""
    schema.unknown = unknown
    for field in schema.fields.values():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            tolerant(inner.schema, unknown)
    return schema
