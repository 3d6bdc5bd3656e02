"""Events that the notify service publishes about the delivery of notices to agencies."""

from functools import partial

from contracts import kinds, samples
from contracts.answers.notices import ORDINARY_NOTICES
from contracts.clocks import CLOCKS
from contracts.definitions import EventType
from contracts.fields import Boolean, Instant, Schema, agency_code_field, choice_field

NotifyEvent = partial(EventType, stream="notify")


class NoticeSent(Schema):
    notice = choice_field((event_type.type for event_type in ORDINARY_NOTICES), required=True)
    to = agency_code_field(required=True)
    channel = choice_field(kinds.NOTICE_CHANNELS, required=True)
    clock = choice_field(CLOCKS)
    due_at = Instant()
    provisional = Boolean()  # True: `due_at` may still change


class NoticeUndeliverable(NoticeSent):
    why = choice_field(kinds.UNDELIVERABLE_REASONS, required=True)


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
