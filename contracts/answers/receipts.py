"""Receipts for the events that agencies report.

The first receipt says whether the intake service stored the event, the second whether the event took effect. A third one follows if the dispute code changes.
"""

from functools import partial

from marshmallow import ValidationError

from contracts import samples
from contracts.definitions import EventType
from contracts.fields import (
    EVENT_ID_PATTERN,
    SOURCE_PATTERN,
    Instant,
    Nested,
    Number,
    Schema,
    choice_field,
    dispute_code_field,
    event_ref_field,
    organisation_code_field,
    pattern_field,
    sha256_field,
)
from contracts.nested_schemas import ReasonGiven
from contracts.reasons import REASONS
from contracts.states import STATES

Receipt = partial(EventType, stream="intake")


class LogEntry(Schema):
    seq = Number(1, 2**63 - 1, required=True, zh="存证日志中的序号", en="number of the entry in the evidence log", example=4711)
    sha256 = sha256_field(
        required=True, zh="该条存证的摘要值，计算时包含前一条的摘要值", en="digest of the entry, computed over its content and the digest of the previous entry"
    )


class DisputeOrOrganisation(Schema):
    """Base class of receipts that concern either a dispute or an organisation on the roster."""

    dispute = dispute_code_field(zh="纠纷编码；与organisation有且只有其一", en="code of the dispute; exactly one of this and `organisation` is given")
    organisation = organisation_code_field(
        zh="名册上的组织代码，仅用于名册变更；与dispute有且只有其一",
        en="code of the organisation, for a change of a roster; exactly one of this and `dispute` is given",
    )

    def validate_fields(self, data):
        if ("dispute" in data) == ("organisation" in data):
            raise ValidationError("required", "dispute")


def answered_event_field():
    return event_ref_field(required=True, zh="所答复的事件", en="the event that this receipt answers")


class ReceiptAccepted(Schema):
    """First receipt of a stored event, with its dispute or organisation. For agency.alive, which is not stored, the receipt has `up_to` instead."""

    event = answered_event_field()
    dispute = dispute_code_field(
        zh="纠纷编码；与organisation、up_to有且只有其一", en="code of the dispute; exactly one of this, `organisation` and `up_to` is given"
    )
    organisation = organisation_code_field(
        zh="名册上的组织代码，仅用于名册变更；与dispute、up_to有且只有其一",
        en="code of the organisation, for a change of a roster; exactly one of this, `dispute` and `up_to` is given",
    )
    up_to = Instant(
        zh="已登记的报至时间，仅用于agency.alive；与dispute、organisation有且只有其一",
        en="the stated time, for `agency.alive`; exactly one of this, `dispute` and `organisation` is given",
        example="2026-03-04T03:00:00+00:00",
    )
    log = Nested(
        LogEntry,
        zh="存证日志中的位置；agency.alive不存证，不提供",
        en="position of the event in the evidence log; left out for `agency.alive`, which is not logged",
    )

    def validate_fields(self, data):
        if sum(name in data for name in ("dispute", "organisation", "up_to")) != 1:
            raise ValidationError("required", "dispute")
        if ("log" in data) == ("up_to" in data):
            raise ValidationError("required", "log")


class NullableEventRef(Schema):
    """Reference to an event by its `source` and `id`. An attribute that could not be read from the envelope is null."""

    source = pattern_field(
        SOURCE_PATTERN,
        required=True,
        allow_none=True,
        zh="事件的source；无法读取时为null",
        en="the event's `source`; null if it could not be read",
        example=samples.REPORT_REF["source"],
    )
    id = pattern_field(
        EVENT_ID_PATTERN,
        required=True,
        allow_none=True,
        zh="事件的id；无法读取时为null",
        en="the event's `id`; null if it could not be read",
        example=samples.REPORT_REF["id"],
    )


class RefusalReason(ReasonGiven):
    field = pattern_field(
        r"^[a-z][a-z0-9_]*(?:[.\[\]0-9a-z_]*)$",
        zh="出错字段的路径；原因与字段无关时不提供",
        en="path of the invalid field; left out if the reason does not concern a field",
        example="place.township",
    )


class ReceiptRefused(Schema):
    event = Nested(NullableEventRef, required=True, zh="所答复的事件", en="the event that this receipt answers")
    reason = Nested(RefusalReason, required=True, zh="未予接收的原因", en="reason for which the event was not stored")


class ReceiptApplied(DisputeOrOrganisation):
    event = answered_event_field()
    state = choice_field(STATES, zh="纠纷当前状态；名册变更不提供", en="current state of the dispute; left out for a change of a roster")


class ReceiptRejected(DisputeOrOrganisation):
    event = answered_event_field()
    state = choice_field(
        STATES,
        zh="纠纷当前状态；事件暂存待查或者属于名册变更时不提供",
        en="current state of the dispute; left out while the event is parked, and for a change of a roster",
    )
    reason = Nested(ReasonGiven, required=True, zh="未生效的原因", en="reason for which the event had no effect")


class ReceiptMoved(Schema):
    """Third receipt of a dispute report: it states the new dispute code after the dispute was joined to another dispute, or after a join was undone."""

    event = answered_event_field()
    dispute = dispute_code_field(required=True, zh="现适用的纠纷编码", en="code of the dispute that now applies")
    was = dispute_code_field(required=True, zh="原适用的纠纷编码", en="code of the dispute that applied before")


_ACCEPTANCE_EXAMPLE = {"event": samples.ACCEPTANCE_REF, "dispute": samples.DISPUTE}

EVENTS = (
    Receipt(
        "receipt.accepted",
        ReceiptAccepted,
        zh="已接收",
        en="the event was stored durably",
        example={"event": samples.REPORT_REF, "dispute": samples.DISPUTE, "log": {"seq": 4711, "sha256": samples.SHA256}},
    ),
    Receipt(
        "receipt.refused",
        ReceiptRefused,
        zh="未予接收",
        en="the event was refused and not stored",
        example={
            "event": samples.REPORT_REF,
            "reason": {**REASONS["malformed_data"].text(field="place.township", mistake="not_in_list"), "field": "place.township"},
        },
    ),
    Receipt("receipt.applied", ReceiptApplied, zh="已生效", en="the event took effect", example={**_ACCEPTANCE_EXAMPLE, "state": "accepted"}),
    Receipt(
        "receipt.rejected",
        ReceiptRejected,
        zh="未生效",
        en="the event had no effect",
        example={**_ACCEPTANCE_EXAMPLE, "state": "closed", "reason": REASONS["illegal_here"].text(state="closed", step="referral.accepted")},
    ),
    Receipt(
        "receipt.moved",
        ReceiptMoved,
        zh="编码变更",
        en="the report now belongs to another dispute code",
        example={"event": samples.REPORT_REF, "dispute": samples.OTHER_DISPUTE, "was": samples.DISPUTE},
    ),
)
