"""The fields that schemas are made of. They take JSON and Python's own dates and sums alike, and name a mistake by its token."""

import datetime as dt
import re
from decimal import Decimal

import marshmallow
from marshmallow import EXCLUDE, RAISE, ValidationError, fields, validate, validates_schema

from contracts.channels import SPEAKERS
from contracts.county import AGENCIES, TOWNSHIPS
from contracts.dates import EARLIEST, LATEST

DISPUTE_CODE = r"^\d{6}-\d{4}-\d{6}-\d$"
EVENT_ID = r"^[A-Za-z0-9._:/@+=~#-]{1,128}$"
SOURCE = r"^/agencies/[a-z0-9_-]{1,64}$|^/services/(?:" + "|".join(SPEAKERS) + ")$"
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

    class Meta:
        unknown = RAISE

    def validate_fields(self, data: dict) -> None:
        """Check rules that concern several fields. Raises ValidationError."""

    @validates_schema
    def _validate_fields(self, data, **kwargs):
        self.validate_fields(data)


class Text(fields.String):
    default_error_messages = _MISTAKES | {"invalid": "not_a_text", "invalid_utf8": "not_a_text"}


class Sentence(Text):
    """A sentence from contracts.reasons. The schema that has it checks that it is one."""

    def __init__(self, **options):
        super().__init__(validate=validate.Length(1, 400, error="wrong_length"), **options)


class Boolean(fields.Boolean):
    default_error_messages = _MISTAKES | {"invalid": "not_a_boolean"}

    def __init__(self, **options):
        super().__init__(truthy={True}, falsy={False}, **options)

    def _deserialize(self, value, attr, data, **kwargs):
        if value is True or value is False:
            return value
        raise self.make_error("invalid")


class Number(fields.Integer):
    default_error_messages = _MISTAKES | {"invalid": "not_a_number", "too_large": "out_of_range"}

    def __init__(self, low: int, high: int, **options):
        super().__init__(strict=True, validate=validate.Range(low, high, error="out_of_range"), **options)

    def _deserialize(self, value, attr, data, **kwargs):
        if type(value) is not int:
            raise self.make_error("invalid")
        return value


class ListOf(fields.List):
    default_error_messages = _MISTAKES | {"invalid": "not_a_list"}

    def __init__(self, inner, low: int = 0, high: int = 50, **options):
        super().__init__(inner, validate=validate.Length(low, high, error="wrong_length"), **options)


class Nested(fields.Nested):
    default_error_messages = _MISTAKES | {"type": "not_an_object"}


class Day(fields.Date):
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


class Instant(fields.AwareDateTime):
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


class Amount(fields.Decimal):
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
    """A word from a closed list."""
    return Text(validate=validate.OneOf(tuple(tokens), error="not_in_list"), **options)


def formed(pattern: str, **options) -> Text:
    """A text of one form."""
    return Text(validate=Form(pattern), **options)


class Form(validate.Regexp):
    """A pattern that means the same here and in JSON Schema: digits are 0-9, and `$` is the end, not the place before a last line break."""

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


def dispute_code(**options):
    return formed(DISPUTE_CODE, **options)


def agency_code(**options):
    return one_of(AGENCIES, **options)


def township_code(**options):
    return one_of(TOWNSHIPS, **options)


def organisation_code(**options):
    return formed(ORGANISATION, **options)


def mediator_id(**options):
    return formed(MEDIATOR, **options)


def party_label(**options):
    return formed(PARTY_LABEL, **options)


def sha256_hex(**options):
    return formed(SHA256, **options)


class EventRef(Schema):
    """Which event is meant: `source` and `id` identify it."""

    source = formed(SOURCE, required=True)
    id = formed(EVENT_ID, required=True)


def event_ref(**options):
    return Nested(EventRef, **options)


def tolerant(schema: Schema, unknown: str = EXCLUDE) -> Schema:
    """The same schema, and everything nested in it, treating unknown fields as told. marshmallow does not pass this on by itself."""
    schema.unknown = unknown
    for field in schema.fields.values():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            tolerant(inner.schema, unknown)
    return schema
