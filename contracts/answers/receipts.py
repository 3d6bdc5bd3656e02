"""Receipts: the first when an event was stored or refused, the second when it took effect or not, a third when its dispute got another code."""

from functools import partial

from marshmallow import ValidationError

from contracts import samples
from contracts.fields import EVENT_ID, SOURCE, Nested, Number, Schema, dispute_code, event_ref, formed, one_of, organisation_code, sha256_hex
from contracts.parts import ReasonGiven
from contracts.reasons import REASONS
from contracts.rows import EventType
from contracts.states import STATES

Receipt = partial(EventType, stream="intake")


class LogEntry(Schema):
    seq = Number(1, 2**63 - 1, required=True, zh="存证日志中的序号", en="number of the entry in the log", example=4711)
    sha256 = sha256_hex(required=True, zh="该条存证的摘要值，与前一条相链接", en="digest of the entry, chained to the one before it")


class AboutOne(Schema):
    """About a dispute, or about an organisation on the roster."""

    dispute = dispute_code(zh="纠纷编码；与organisation有且只有其一", en="code of the dispute; either this or `organisation` is given")
    organisation = organisation_code(
        zh="名册上的组织代码，仅用于名册变更；与dispute有且只有其一", en="code of the organisation, for a change of a roster; either this or `dispute` is given"
    )

    def validate_fields(self, data):
        if ("dispute" in data) == ("organisation" in data):
            raise ValidationError("required", "dispute")


def answered():
    return event_ref(required=True, zh="所答复的事件", en="the event that is answered")


class ReceiptAccepted(AboutOne):
    event = answered()
    log = Nested(LogEntry, required=True, zh="存证日志中的位置", en="where the event stands in the log")


class UncertainEventRef(Schema):
    """The event's `source` and `id`; null where the envelope could not be read."""

    source = formed(
        SOURCE,
        required=True,
        allow_none=True,
        zh="事件的source；无法读取时为null",
        en="the event's `source`; null if it could not be read",
        example=samples.REPORT["source"],
    )
    id = formed(
        EVENT_ID,
        required=True,
        allow_none=True,
        zh="事件的id；无法读取时为null",
        en="the event's `id`; null if it could not be read",
        example=samples.REPORT["id"],
    )


class ReasonAtTheDoor(ReasonGiven):
    field = formed(
        r"^[a-z][a-z0-9_]*(?:[.\[\]0-9a-z_]*)$",
        zh="出错字段的路径；原因与字段无关时不提供",
        en="path of the field that is wrong; left out if the reason is about none",
        example="place.township",
    )


class ReceiptRefused(Schema):
    event = Nested(UncertainEventRef, required=True, zh="所答复的事件", en="the event that is answered")
    reason = Nested(ReasonAtTheDoor, required=True, zh="未收的原因", en="why it was not stored")


class ReceiptApplied(AboutOne):
    event = answered()
    state = one_of(STATES, zh="纠纷现在的状态；名册变更不提供", en="the dispute's state now; left out for a change of a roster")


class ReceiptRejected(AboutOne):
    event = answered()
    state = one_of(
        STATES,
        zh="纠纷现在的状态；事件暂存待查或者属于名册变更时不提供",
        en="the dispute's state now; left out while the event is set aside, and for a change of a roster",
    )
    reason = Nested(ReasonGiven, required=True, zh="未生效的原因", en="why it had no effect")


class ReceiptMoved(Schema):
    """A third receipt of a report, when its dispute was joined to another or taken out again."""

    event = answered()
    dispute = dispute_code(required=True, zh="现在适用的纠纷编码", en="the code that holds from now on")
    was = dispute_code(required=True, zh="此前的纠纷编码", en="the code until now")


_ACCEPTANCE = {"event": samples.ACCEPTANCE, "dispute": samples.DISPUTE}

EVENTS = (
    Receipt(
        "receipt.accepted",
        ReceiptAccepted,
        zh="已收妥",
        en="stored durably; we are responsible now",
        example={"event": samples.REPORT, "dispute": samples.DISPUTE, "log": {"seq": 4711, "sha256": samples.SHA256}},
    ),
    Receipt(
        "receipt.refused",
        ReceiptRefused,
        zh="未收",
        en="not stored as a fact",
        example={
            "event": samples.REPORT,
            "reason": {**REASONS["malformed_data"].text(field="place.township", mistake="not_in_list"), "field": "place.township"},
        },
    ),
    Receipt("receipt.applied", ReceiptApplied, zh="已生效", en="the life of the dispute took it", example={**_ACCEPTANCE, "state": "accepted"}),
    Receipt(
        "receipt.rejected",
        ReceiptRejected,
        zh="未生效",
        en="the life of the dispute refused it",
        example={**_ACCEPTANCE, "state": "closed", "reason": REASONS["illegal_here"].text(state="closed", step="referral.accepted")},
    ),
    Receipt(
        "receipt.moved",
        ReceiptMoved,
        zh="编码变更",
        en="your report stands under another code now",
        example={"event": samples.REPORT, "dispute": samples.OTHER_DISPUTE, "was": samples.DISPUTE},
    ),
)
