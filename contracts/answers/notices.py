"""Notices: events by which the notify service informs an agency of a matter on which it has to act."""

from functools import partial

from contracts import kinds, samples
from contracts.clocks import ARTICLE_PATTERN, CLOCKS
from contracts.definitions import EventType
from contracts.fields import (
    Boolean,
    Instant,
    ListOf,
    Nested,
    Number,
    Schema,
    agency_code_field,
    choice_field,
    dispute_code_field,
    mediator_id_field,
    pattern_field,
    township_code_field,
)
from contracts.nested_schemas import Candidate, Excluded
from contracts.steps import ORDINARY_STEP_NAMES

NOTICE_ID_PATTERN = r"^[0-9A-Za-z/_-]{3,200}$"
NoticeEvent = partial(EventType, stream="notify")


def dispute_field():
    return dispute_code_field(required=True, zh="所涉纠纷的编码", en="code of the dispute concerned")


class NoticeWithDeadline(Schema):
    """Notice about a dispute, with the deadline that it concerns, if any."""

    dispute = dispute_field()
    clock = choice_field(
        CLOCKS,
        zh="期限名称；通知不涉及期限时不提供，下同",
        en="name of the period; this and the following fields are left out if the notice concerns no period",
    )
    kind = choice_field(kinds.CLOCK_KINDS, zh="期限性质", en="legal nature of the period: law, local rule or policy")
    article = pattern_field(ARTICLE_PATTERN, zh="期限的依据", en="the article that prescribes the period", example="人民调解法 33")
    started_at = Instant(zh="期限起算时间", en="time at which the period began", example="2026-03-03T01:10:00+00:00")
    due_at = Instant(zh="期限届满时间", en="time at which the period ends", example="2026-03-06T15:59:59+00:00")
    provisional = Boolean(
        zh="届满时间是否为暂定：放假安排尚未公布或者期限停止计算时为true",
        en="true if the end may still change, because a holiday schedule is not published or the period is paused",
    )
    paused = Boolean(
        zh="期限停止计算，此时没有届满时间；正在计算的不提供", en="true if the period is paused, so that it has no end at present; left out if it is running"
    )


class DeadlineNotice(NoticeWithDeadline):
    because = choice_field(
        kinds.RECOMPUTATION_REASONS, zh="期限变动的事由；期限起算的不提供", en="reason for which the period was computed again; left out if it began"
    )


class ReferralNotice(NoticeWithDeadline):
    referred_by = agency_code_field(zh="交办的机构", en="the agency that refers the dispute", example=samples.MEDIATION_CENTRE)
    reason = choice_field(kinds.ROUTE_REASONS, zh="交办理由；法院委托调解的不提供", en="reason of the referral; left out if a court entrusted the mediation")
    dispute_kind = choice_field(kinds.KINDS, zh="纠纷类型", en="kind of dispute")
    township = township_code_field(zh="纠纷发生地的乡镇（街道）", en="the township where the dispute arose")


class ProposalNotice(NoticeWithDeadline):
    candidates = ListOf(
        Nested(Candidate), high=10, required=True, zh="建议的承办机构，按得分由高到低", en="the proposed mediation bodies, by descending points"
    )
    excluded = ListOf(Nested(Excluded), high=50, required=True, zh="未予建议的机构及理由", en="the excluded mediation bodies, with the reason")


class CallNotice(NoticeWithDeadline):
    called_for = choice_field(kinds.CALL_REASONS, required=True, zh="吹哨事由", en="reason for which your department is called")
    led_by = agency_code_field(zh="牵头机构；尚未确定时不提供", en="the lead agency; left out if none has been determined")


class SupervisionNotice(NoticeWithDeadline):
    urged_for = choice_field(kinds.SUPERVISION_REASONS, required=True, zh="督办事由", en="reason of the supervision")
    urged_by = agency_code_field(
        zh="发出督办的机构；因期限届满自动督办的不提供",
        en="the supervising agency; left out if the supervision was issued automatically because a period ended",
    )


class MediatorsNotice(Schema):
    dispute = dispute_field()
    mediators = ListOf(
        mediator_id_field(),
        low=1,
        high=10,
        required=True,
        zh="可选调解员的名册编号；当事人希望的排列在前，其余按在办纠纷由少到多",
        en="roster numbers of the mediators to choose from: first those requested by the parties, then by ascending number of open disputes",
    )


class InquiryNotice(Schema):
    """Notice that an agency requests the examination of a dispute. It does not contain the suspicion, which that agency explains in person."""

    dispute = dispute_field()
    asked_by = agency_code_field(required=True, zh="请求核查的机构", en="the agency that requests the examination")


class EscalationNotice(NoticeWithDeadline):
    level = choice_field(kinds.LEVELS, required=True, zh="升级后的层级", en="the level of the dispute after the escalation")
    escalated_for = choice_field(kinds.ESCALATION_REASONS, zh="升级事由", en="reason of the escalation")


class DuplicateNotice(Schema):
    dispute = dispute_field()
    other = dispute_code_field(required=True, zh="疑似同一纠纷的另一编码", en="code of the other dispute that may be identical")
    reasons = ListOf(choice_field(kinds.DUPLICATE_REASONS), required=True, zh="疑似重复的依据", en="evidence that the disputes may be identical")
    days = Number(0, 366, required=True, zh="两次上报相隔的天数", en="number of days between the two reports", example=3)


class JoinNotice(Schema):
    """Notice to an agency whose dispute ended because it was joined to another (`into`), or whose dispute continues with further reports."""

    dispute = dispute_field()
    into = dispute_code_field(
        zh="本纠纷已经终结的，继续办理所用的纠纷编码；否则不提供",
        en="code of the dispute under which handling continues, if this dispute has ended; otherwise left out",
    )
    was = dispute_code_field(
        zh="并入本纠纷而终结的纠纷编码；没有的不提供", en="code of the dispute that was joined to this one and has ended; left out if there is none"
    )
    reported_by = agency_code_field(
        zh="并入本纠纷的上报的机构；该上报尚未赋码的提供",
        en="agency whose report was joined to this dispute; given if the report never had a dispute code of its own",
    )


class ReassignmentNotice(Schema):
    dispute = dispute_field()
    step = choice_field(
        ORDINARY_STEP_NAMES,
        zh="改变承办机构的步骤；因重新计算纠纷历史而改变的不提供",
        en="step that changed who handles the dispute; left out if it changed because the history of the dispute was applied again",
    )
    handled_by = ListOf(
        agency_code_field(),
        required=True,
        zh="现在由谁办理；办结的为空",
        en="agencies that have to act now; empty if the dispute is closed",
    )


class ReopeningNotice(Schema):
    dispute = dispute_field()
    reason = choice_field(kinds.REOPEN_REASONS, required=True, zh="重新启动的事由", en="reason of the reopening")
    reopened_by = agency_code_field(required=True, zh="重新启动的机构", en="agency that reopened the dispute")


class CorrectionNotice(Schema):
    """Notice that facts of a dispute were corrected. It names the facts, not their values."""

    dispute = dispute_field()
    changed = ListOf(choice_field(kinds.CORRECTABLE_FIELDS), low=1, required=True, zh="更正的内容", en="the facts that were corrected")
    corrected_by = agency_code_field(zh="更正的机构；不因更正而改变的不提供", en="agency that corrected them; left out if they changed for another reason")


class SafeguardNotice(Schema):
    """Notice about a safeguarded dispute. Its text is neutral, so that people who read the agency's inbox do not learn of the danger."""

    dispute = dispute_field()
    look_at = choice_field(kinds.LOOK_AT, required=True, zh="查看方式", en="place where the matter can be viewed")


class RecoveryNotice(Schema):
    """Notice that the hub has recovered from a loss of data."""

    epoch = Number(2, 2**31 - 1, required=True, zh="恢复后的纪元编号", en="number of the epoch that began with the recovery", example=2)
    since = Instant(
        zh="此时起已经回执的事件可能遗失，须以相同id重新上报；不提供时只须重报尚无回执的事件",
        en="events answered since this time may be lost: send them again with the same id; left out if only events without a receipt have to be sent again",
        example="2026-03-03T01:10:00+00:00",
    )


_DISPUTE_EXAMPLE = {"dispute": samples.DISPUTE}

_NOTICES_OF_MATTERS = (
    NoticeEvent(
        "notice.referral",
        ReferralNotice,
        zh="交办通知",
        en="a dispute was referred to your agency",
        example={
            **_DISPUTE_EXAMPLE,
            **samples.DEADLINE_SET,
            "referred_by": samples.MEDIATION_CENTRE,
            "reason": "by_place",
            "dispute_kind": "family",
            "township": samples.TOWNSHIP,
        },
    ),
    NoticeEvent(
        "notice.deadline",
        DeadlineNotice,
        zh="期限起算、变动或者停止计算通知",
        en="a deadline of your agency began to run, was computed again or is paused",
        example={**_DISPUTE_EXAMPLE, **samples.DEADLINE_SET},
    ),
    NoticeEvent(
        "notice.proposal",
        ProposalNotice,
        zh="分流建议通知",
        en="mediation bodies to which the dispute may be referred, with reasons",
        example={**_DISPUTE_EXAMPLE, "candidates": [samples.CANDIDATE], "excluded": [samples.EXCLUDED], **samples.ROUTING_DEADLINE},
    ),
    NoticeEvent(
        "notice.call",
        CallNotice,
        zh="吹哨通知",
        en="your department is called to a dispute",
        example={**_DISPUTE_EXAMPLE, "called_for": "joint_visit", "led_by": samples.MEDIATION_BODY},
    ),
    NoticeEvent(
        "notice.supervision",
        SupervisionNotice,
        zh="督办通知",
        en="your agency is under supervision and has to answer",
        example={**_DISPUTE_EXAMPLE, "urged_for": "overdue", "urged_by": samples.MEDIATION_CENTRE, "clock": "mediation_out_of_court_policy"},
    ),
    NoticeEvent(
        "notice.escalated",
        EscalationNotice,
        zh="升级通知",
        en="a dispute was escalated to your level",
        example={**_DISPUTE_EXAMPLE, "level": "township_level", "escalated_for": "time_passed"},
    ),
    NoticeEvent(
        "notice.mediators",
        MediatorsNotice,
        zh="可选调解员通知",
        en="mediators of your organisation who may mediate the dispute",
        example={**_DISPUTE_EXAMPLE, "mediators": [samples.MEDIATOR, samples.OTHER_MEDIATOR]},
    ),
    NoticeEvent(
        "notice.inquiry",
        InquiryNotice,
        zh="核查请求通知",
        en="an agency requests the examination of a dispute",
        example={**_DISPUTE_EXAMPLE, "asked_by": samples.MEDIATION_BODY},
    ),
    NoticeEvent(
        "notice.urged", NoticeWithDeadline, zh="催办通知", en="a deadline of your agency is approaching", example={**_DISPUTE_EXAMPLE, **samples.DEADLINE}
    ),
    NoticeEvent(
        "notice.overdue", NoticeWithDeadline, zh="逾期通知", en="a deadline of your agency has passed", example={**_DISPUTE_EXAMPLE, **samples.DEADLINE}
    ),
    NoticeEvent(
        "notice.duplicate",
        DuplicateNotice,
        zh="疑似重复通知",
        en="two disputes may be identical; your decision is required",
        example={**_DISPUTE_EXAMPLE, "other": samples.OTHER_DISPUTE, **samples.DUPLICATE_EVIDENCE},
    ),
    NoticeEvent(
        "notice.joined",
        JoinNotice,
        zh="并案通知",
        en="a dispute of your agency was joined to another, or further reports were joined to it",
        example={**_DISPUTE_EXAMPLE, "into": samples.OTHER_DISPUTE},
    ),
    NoticeEvent(
        "notice.reassigned",
        ReassignmentNotice,
        zh="承办变更通知：纠纷转出、转来或者无须再办",
        en="a dispute left your agency, came to it, or no longer needs it to act",
        example={**_DISPUTE_EXAMPLE, "step": "dispute.routed", "handled_by": [samples.OTHER_MEDIATION_BODY]},
    ),
    NoticeEvent(
        "notice.reopened",
        ReopeningNotice,
        zh="重新启动通知",
        en="a dispute was reopened",
        example={**_DISPUTE_EXAMPLE, "reason": "recurred", "reopened_by": samples.MEDIATION_CENTRE},
    ),
    NoticeEvent(
        "notice.corrected",
        CorrectionNotice,
        zh="更正通知",
        en="facts of a dispute were corrected",
        example={**_DISPUTE_EXAMPLE, "changed": ["township", "kind"], "corrected_by": samples.WOMENS_FEDERATION},
    ),
)


class WithdrawalNotice(Schema):
    """Notice that an earlier notice to the same agency no longer holds. It may arrive before the earlier notice, if that is sent by webhook."""

    dispute = dispute_field()
    notice = choice_field((event_type.type for event_type in _NOTICES_OF_MATTERS), required=True, zh="所撤回通知的类型", en="type of the earlier notice")
    notice_id = pattern_field(
        NOTICE_ID_PATTERN,
        required=True,
        zh="所撤回通知的id",
        en="the earlier notice's `id`",
        example=f"{samples.DISPUTE}/7/{samples.MEDIATION_BODY}",
    )
    clock = choice_field(CLOCKS, zh="所撤回通知涉及的期限；未涉及的不提供", en="the period that the earlier notice concerned; left out if it concerned none")
    why = choice_field(kinds.NOTICE_WITHDRAWAL_REASONS, required=True, zh="撤回的事由", en="reason of the withdrawal")


ORDINARY_NOTICES = (
    *_NOTICES_OF_MATTERS,
    NoticeEvent(
        "notice.withdrawn",
        WithdrawalNotice,
        zh="撤回通知：此前的通知不再有效",
        en="an earlier notice no longer holds",
        example={
            **_DISPUTE_EXAMPLE,
            "notice": "notice.overdue",
            "notice_id": f"{samples.DISPUTE}/7/{samples.MEDIATION_BODY}",
            "clock": "mediation_out_of_court_policy",
            "why": "met_in_time",
        },
    ),
)
# Notices of the safeguard lane. The notify service publishes no event about their delivery.
SEALED_NOTICES = (
    NoticeEvent("notice.attention", SafeguardNotice, zh="有事项待处理", en="a matter needs your attention", example={**_DISPUTE_EXAMPLE, "look_at": "matters"}),
)
# Notices about the hub itself. They concern no dispute.
OPERATIONAL_NOTICES = (
    NoticeEvent(
        "notice.recovered",
        RecoveryNotice,
        zh="数据恢复通知",
        en="the hub has recovered from a loss of data; events have to be sent again",
        example={"epoch": 2, "since": "2026-03-03T01:10:00+00:00"},
    ),
)
