"""marshmallow field types of the event schemas, and functions that build fields for codes, numbers and tokens (`…_field`).

The field types accept JSON values as well as Python dates, datetimes and Decimals. An invalid value raises ValidationError with a key of mistakes.MISTAKES.
"""

import datetime as dt
import re
from decimal import Decimal
from typing import ClassVar

import marshmallow
from marshmallow import EXCLUDE, RAISE, ValidationError, fields, validate, validates_schema

from contracts import codes, envelope, samples
from contracts.channels import STREAMS
from contracts.county import AGENCIES, TOWNSHIPS
from contracts.dates import EARLIEST_YEAR, LATEST_YEAR

DISPUTE_CODE_PATTERN = f"^{codes.DISPUTE_CODE_PATTERN}$"
EVENT_ID_PATTERN = f"^{envelope.ID_PATTERN.pattern}$"
SOURCE_PATTERN = r"^/agencies/[a-z0-9_-]{1,64}$|^/services/(?:" + "|".join(STREAMS) + ")$"
REPORT_NO_PATTERN = r"^[A-Za-z0-9_\u3400-\u9fff〇.\-/#〔〕()（）]{1,64}$"  # number that an agency assigns to its own report: 妇联〔2026〕12号
SHA256_PATTERN = r"^[0-9a-f]{64}$"
MEDIATOR_PATTERN = r"^[a-z0-9_-]{1,64}$"  # number of a mediator on the roster
ORGANISATION_PATTERN = r"^[a-z][a-z0-9_-]{1,63}$"  # code of an organisation on the roster; begins with a letter, unlike a dispute code
PARTY_LABEL_PATTERN = r"^(?:applicant|respondent|third_party)(?:-[2-9]|-[1-9]\d)?$"  # role and number of a party, such as respondent-2; never the party's name
VILLAGE_PATTERN = r"^\d{12}$"
GRID_PATTERN = r"^[A-Za-z0-9-]{1,32}$"
AMOUNT_PATTERN = r"^\d{1,12}(?:\.\d{1,2})?$"

LARGEST_AMOUNT = Decimal("999999999999.99")

_COMMON_ERROR_MESSAGES = {"required": "required", "null": "null", "validator_failed": "invalid"}


class Schema(marshmallow.Schema):
    """Base class of all event schemas. A schema refuses unknown fields, unless `set_unknown_fields` changes that."""

    error_messages = {"type": "not_an_object", "unknown": "unknown_field"}  # noqa: RUF012 - marshmallow declares it so

    # Schemas of the forms that the data may have, by the value of the field `form_field`; empty: the data has one form. The schema itself has the fields of all.
    forms: ClassVar[dict[str, type]] = {}
    form_field: ClassVar[str] = ""
    json_rules: ClassVar[dict] = {}  # JSON Schema keywords for those checks of `validate_fields` that JSON Schema can express

    class Meta:
        unknown = RAISE

    def validate_fields(self, data: dict) -> None:
        """Check the rules that concern more than one field; subclasses override this method. Raises ValidationError."""

    @validates_schema
    def _validate_fields(self, data, **kwargs):
        self.validate_fields(data)


class DescriptionMixin:
    """Mixin that stores a description in the field's `metadata`.

    `zh`, `en`: meaning of the field and when it is filled in. `example`: a JSON value; not needed if the event's example contains the field.
    `stays_at_intake`: True if the intake service stores the field and does not publish it.
    """

    def __init__(self, *args, zh: str = "", en: str = "", example: object = None, stays_at_intake: bool = False, **options):
        super().__init__(*args, metadata={"zh": zh, "en": en, "example": example, "stays_at_intake": stays_at_intake}, **options)


class Text(DescriptionMixin, fields.String):
    default_error_messages = _COMMON_ERROR_MESSAGES | {"invalid": "not_a_text", "invalid_utf8": "not_a_text"}


class Sentence(Text):
    """Sentence that states a reason. The schema with the field checks that it is one of the sentences in contracts.reasons."""

    def __init__(self, **options):
        super().__init__(validate=validate.Length(1, 400, error="wrong_length"), **options)


class Boolean(DescriptionMixin, fields.Boolean):
    default_error_messages = _COMMON_ERROR_MESSAGES | {"invalid": "not_a_boolean"}

    def __init__(self, **options):
        super().__init__(truthy={True}, falsy={False}, **options)

    def _deserialize(self, value, attr, data, **kwargs):
        if value is True or value is False:
            return value
        raise self.make_error("invalid")


class Number(DescriptionMixin, fields.Integer):
    default_error_messages = _COMMON_ERROR_MESSAGES | {"invalid": "not_a_number", "too_large": "out_of_range"}

    def __init__(self, low: int, high: int, **options):
        super().__init__(strict=True, validate=validate.Range(low, high, error="out_of_range"), **options)

    def _deserialize(self, value, attr, data, **kwargs):
        if type(value) is not int:
            raise self.make_error("invalid")
        return value


class ListOf(DescriptionMixin, fields.List):
    default_error_messages = _COMMON_ERROR_MESSAGES | {"invalid": "not_a_list"}

    def __init__(self, inner, low: int = 0, high: int = 50, **options):
        super().__init__(inner, validate=validate.Length(low, high, error="wrong_length"), **options)


class Nested(DescriptionMixin, fields.Nested):
    default_error_messages = _COMMON_ERROR_MESSAGES | {"type": "not_an_object"}


class Day(DescriptionMixin, fields.Date):
    default_error_messages = _COMMON_ERROR_MESSAGES | {"invalid": "not_a_date", "format": "not_a_date"}

    def _deserialize(self, value, attr, data, **kwargs):
        if type(value) is not dt.date:
            try:
                # fromisoformat also accepts 20260302 and 2026-W10-1, which the published JSON Schema refuses.
                value = dt.date.fromisoformat(value if len(value) == 10 and "W" not in value else "")
            except (TypeError, ValueError):
                raise self.make_error("invalid") from None
        if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
            raise self.make_error("invalid")
        return value


class Instant(DescriptionMixin, fields.AwareDateTime):
    default_error_messages = _COMMON_ERROR_MESSAGES | {"invalid": "not_a_time", "invalid_awareness": "not_a_time", "format": "not_a_time"}

    def _deserialize(self, value, attr, data, **kwargs):
        if not isinstance(value, dt.datetime):
            try:
                value = dt.datetime.fromisoformat(value.upper() if _RFC3339_PATTERN.match(value) else "")
            except (TypeError, ValueError):
                raise self.make_error("invalid") from None
        if value.tzinfo is None or not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
            raise self.make_error("invalid")
        return value

    def _serialize(self, value, attr, obj, **kwargs):
        return None if value is None else utc_text(value)


def utc_text(instant: dt.datetime) -> str:
    """Return an aware datetime as ISO 8601 text in UTC. Equal times have equal texts, so that the texts can be compared."""
    return instant.astimezone(dt.UTC).isoformat()


_RFC3339_PATTERN = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)\Z")


class Amount(DescriptionMixin, fields.Decimal):
    """Amount in yuan, as a string with at most two decimals. A JSON number is refused, because its value may have been rounded to a binary fraction."""

    default_error_messages = _COMMON_ERROR_MESSAGES | {"invalid": "not_a_sum", "special": "not_a_sum"}

    def __init__(self, **options):
        super().__init__(places=2, as_string=True, **options)

    def _deserialize(self, value, attr, data, **kwargs):
        if isinstance(value, str) and _AMOUNT_PATTERN.match(value):
            return Decimal(value).quantize(_FEN)
        if isinstance(value, Decimal) and 0 <= value <= LARGEST_AMOUNT and value == value.quantize(_FEN):
            return value.quantize(_FEN)
        raise self.make_error("invalid")


_AMOUNT_PATTERN = re.compile(AMOUNT_PATTERN.removesuffix("$") + r"\Z", re.ASCII)
_FEN = Decimal("0.01")


def choice_field(tokens, **options) -> Text:
    """Return a field that accepts one of `tokens`."""
    return Text(validate=validate.OneOf(tuple(tokens), error="not_in_list"), **options)


def pattern_field(pattern: str, **options) -> Text:
    """Return a field that accepts text that matches a pattern."""
    return Text(validate=FullMatch(pattern), **options)


class FullMatch(validate.Regexp):
    """Validator that applies a pattern as JSON Schema does: `\\d` is 0-9, and `$` is the end of the text.

    In Python's `re`, `\\d` includes digits of other scripts, and `$` also matches before a final line break.
    """

    def __init__(self, pattern: str):
        super().__init__(pattern, error="wrong_form")
        self.full_pattern = re.compile("|".join(branch.removesuffix("$") + r"\Z" for branch in re.split(r"(?<=\$)\|", pattern)), re.ASCII)

    def __call__(self, value):
        if self.full_pattern.match(value) is None:
            raise ValidationError(self.error)
        return value


def free_text_field(longest: int, **options) -> Text:
    """Return a field for free text, such as a name or an address. Events between services must not have such fields."""
    return Text(validate=validate.Length(1, longest, error="wrong_length"), **options)


def dispute_code_field(zh="纠纷编码", en="code of the dispute", example=samples.DISPUTE, **options):
    return pattern_field(DISPUTE_CODE_PATTERN, zh=zh, en=en, example=example, **options)


def agency_code_field(zh="机构代码", en="code of the agency", example=samples.MEDIATION_BODY, **options):
    return choice_field(AGENCIES, zh=zh, en=en, example=example, **options)


def township_code_field(zh="乡镇（街道）统计用区划代码", en="statistical code of the township or street", example=samples.TOWNSHIP, **options):
    return choice_field(TOWNSHIPS, zh=zh, en=en, example=example, **options)


def village_code_field(
    zh="村（社区）统计用区划代码，前九位须与township一致；不掌握时不填",
    en="statistical code of the village or community; its first nine digits must be those of `township`; left out if not known",
    example=samples.VILLAGE,
    **options,
):
    return pattern_field(VILLAGE_PATTERN, zh=zh, en=en, example=example, **options)


def grid_code_field(
    zh="网格编号，由本县网格系统编定；不掌握时不填", en="number of the grid in the county's grid system; left out if not known", example=samples.GRID, **options
):
    return pattern_field(GRID_PATTERN, zh=zh, en=en, example=example, **options)


def organisation_code_field(zh="名册上的组织代码", en="code of the organisation on the roster", example=samples.ORGANISATION, **options):
    return pattern_field(ORGANISATION_PATTERN, zh=zh, en=en, example=example, **options)


def mediator_id_field(zh="调解员的名册编号，不得填写姓名", en="roster number of the mediator; never a name", example=samples.MEDIATOR, **options):
    return pattern_field(MEDIATOR_PATTERN, zh=zh, en=en, example=example, **options)


def party_label_field(
    zh="当事人称谓：身份加序号，不得填写姓名",
    en="label of the party: its role and, from the second party of that role on, a number; never a name",
    example="respondent",
    **options,
):
    return pattern_field(PARTY_LABEL_PATTERN, zh=zh, en=en, example=example, **options)


def sha256_field(zh="SHA-256摘要值，小写十六进制", en="SHA-256 digest in lower-case hexadecimal", example=samples.SHA256, **options):
    return pattern_field(SHA256_PATTERN, zh=zh, en=en, example=example, **options)


def agency_number_field(zh, en, example, **options):
    """Return a field for a number that an agency assigns in its own records, such as a file number."""
    return pattern_field(REPORT_NO_PATTERN, zh=zh, en=en, example=example, **options)


def event_id_field(zh, en, **options):
    return pattern_field(EVENT_ID_PATTERN, zh=zh, en=en, example=samples.ACCEPTANCE_REF["id"], **options)


class EventRef(Schema):
    """Reference to an event by its `source` and `id`."""

    source = pattern_field(
        SOURCE_PATTERN, required=True, zh="上报者，即事件的source", en="the reporting agency: the event's `source`", example=samples.REPORT_REF["source"]
    )
    id = pattern_field(EVENT_ID_PATTERN, required=True, zh="事件的id", en="the event's `id`", example=samples.REPORT_REF["id"])


def event_ref_field(zh="所指的事件", en="the event referred to", **options):
    return Nested(EventRef, zh=zh, en=en, **options)


def set_unknown_fields(schema: Schema, unknown: str = EXCLUDE) -> Schema:
    """Set how the schema and its nested schemas treat unknown fields (RAISE or EXCLUDE), and return the schema.

    marshmallow applies the setting to the outermost schema only.
    """
    schema.unknown = unknown
    for field in schema.fields.values():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            set_unknown_fields(inner.schema, unknown)
    return schema
