"""Events that notify publishes about the delivery of notices."""

from functools import partial

from contracts import kinds, samples
from contracts.answers.notices import ORDINARY
from contracts.clocks import CLOCKS
from contracts.fields import Instant, Schema, agency_code, one_of
from contracts.rows import EventType

NotifyEvent = partial(EventType, stream="notify")


class NoticeSent(Schema):
    notice = one_of((row.type for row in ORDINARY), required=True)
    to = agency_code(required=True)
    channel = one_of(kinds.NOTICE_CHANNELS, required=True)
    clock = one_of(CLOCKS)
    due_at = Instant()


class NoticeUndeliverable(NoticeSent):
    why = one_of(kinds.UNDELIVERABLE_REASONS, required=True)


_NOTICE_EXAMPLE = {"notice": "notice.deadline", "to": samples.MEDIATION_BODY}

EVENTS = (
    NotifyEvent(
        "notice.sent",
        NoticeSent,
        zh="通知已送出",
        en="a notice was sent",
        example={**_NOTICE_EXAMPLE, "channel": "inbox", "clock": samples.DEADLINE["clock"], "due_at": samples.DEADLINE["due_at"]},
    ),
    NotifyEvent(
        "notice.undeliverable",
        NoticeUndeliverable,
        zh="通知无法送达",
        en="a notice could not be delivered",
        example={**_NOTICE_EXAMPLE, "channel": "webhook", "why": "timed_out"},
    ),
)
