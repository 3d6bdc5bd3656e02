"""Notices: events by which notify informs an agency of a matter on which it has to act."""

from functools import partial

from contracts import kinds, samples
from contracts.clocks import ARTICLE, CLOCKS
from contracts.fields import Instant, ListOf, Nested, Number, Schema, agency_code, dispute_code, mediator_id, one_of, text_matching, township_code
from contracts.nested_schemas import Candidate, Excluded
from contracts.rows import EventType

NoticeEvent = partial(EventType, stream="notify")


def dispute_field():
    return dispute_code(required=True, zh="所涉纠纷的编码", en="code of the dispute concerned")


class Notice(Schema):
    dispute = dispute_field()
    clock = one_of(
        CLOCKS,
        zh="期限名称；通知不涉及期限时不提供，下同",
        en="name of the period; this and the following fields are left out if the notice concerns no period",
    )
    kind = one_of(kinds.CLOCK_KINDS, zh="期限性质", en="legal nature of the period: law, local rule or policy")
    article = text_matching(ARTICLE, zh="期限的依据", en="the article that prescribes the period", example="人民调解法 33")
    started_at = Instant(zh="期限起算时间", en="time at which the period began", example="2026-03-03T01:10:00+00:00")
    due_at = Instant(zh="期限届满时间", en="time at which the period ends", example="2026-03-06T15:59:59+00:00")


class NoticeReferral(Notice):
    referred_by = agency_code(zh="交办的机构", en="the agency that refers the dispute", example=samples.MEDIATION_CENTRE)
    reason = one_of(kinds.ROUTE_REASONS, zh="交办理由；法院委托调解的不提供", en="reason of the referral; left out if a court entrusted the mediation")
    dispute_kind = one_of(kinds.KINDS, zh="纠纷类型", en="kind of dispute")
    township = township_code(zh="纠纷发生地的乡镇（街道）", en="the township where the dispute arose")


class NoticeProposal(Notice):
    candidates = ListOf(Nested(Candidate), high=10, required=True, zh="建议的承办机构，按得分由高到低", en="the proposed bodies, by descending points")
    excluded = ListOf(Nested(Excluded), high=50, required=True, zh="未予建议的机构及理由", en="the excluded bodies, with the reason")


class NoticeCall(Notice):
    called_for = one_of(kinds.CALL_REASONS, required=True, zh="吹哨事由", en="reason for which your department is called")
    led_by = agency_code(zh="牵头机构；尚未确定时不提供", en="the lead agency; left out if none has been determined")


class NoticeSupervision(Notice):
    urged_for = one_of(kinds.SUPERVISION_REASONS, required=True, zh="督办事由", en="reason of the supervision")
    urged_by = agency_code(
        zh="发出督办的机构；因期限届满自动督办的不提供",
        en="the supervising agency; left out if the supervision was issued automatically because a period ended",
    )


class NoticeOfMediators(Schema):
    dispute = dispute_field()
    mediators = ListOf(
        mediator_id(),
        low=1,
        high=10,
        required=True,
        zh="可选调解员的名册编号；当事人希望的排列在前，其余按在办纠纷由少到多",
        en="roster numbers of the mediators to choose from: first those requested by the parties, then by ascending number of open disputes",
    )


class NoticeOfInquiry(Schema):
    """A request to examine a dispute. It does not contain the suspicion; the requesting agency explains it in person."""

    dispute = dispute_field()
    asked_by = agency_code(required=True, zh="请求核查的机构", en="the agency that requests the examination")


class NoticeEscalated(Notice):
    level = one_of(kinds.LEVELS, required=True, zh="升级后的层级", en="the level of the dispute after the escalation")
    escalated_for = one_of(kinds.ESCALATION_REASONS, zh="升级事由", en="reason of the escalation")


class NoticeDuplicate(Schema):
    dispute = dispute_field()
    other = dispute_code(required=True, zh="疑似同一纠纷的另一编码", en="code of the other dispute that may be identical")
    reasons = ListOf(one_of(kinds.DUPLICATE_REASONS), required=True, zh="疑似重复的依据", en="evidence that the disputes may be identical")
    days = Number(0, 366, required=True, zh="两次上报相隔的天数", en="number of days between the two reports", example=3)


class NoticeJoined(Schema):
    dispute = dispute_code(required=True, zh="已经终结的纠纷编码", en="code of the dispute that has ended")
    into = dispute_code(required=True, zh="继续办理所用的纠纷编码", en="code of the dispute under which handling continues")


class NoticeOfAttention(Schema):
    """A notice about the safeguard lane. It is neutral, so that readers of the inbox do not learn what the matter is."""

    dispute = dispute_field()
    look_at = one_of(kinds.LOOK_AT, required=True, zh="查看方式", en="place where the matter can be viewed")


_DISPUTE = {"dispute": samples.DISPUTE}

ORDINARY = (
    NoticeEvent(
        "notice.referral",
        NoticeReferral,
        zh="交办通知",
        en="a dispute was referred to your agency",
        example={
            **_DISPUTE,
            **samples.DEADLINE_SET,
            "referred_by": samples.MEDIATION_CENTRE,
            "reason": "by_place",
            "dispute_kind": "family",
            "township": samples.TOWNSHIP,
        },
    ),
    NoticeEvent("notice.deadline", Notice, zh="期限通知", en="a deadline of your agency began to run", example={**_DISPUTE, **samples.DEADLINE_SET}),
    NoticeEvent(
        "notice.proposal",
        NoticeProposal,
        zh="分流建议通知",
        en="bodies to which the dispute may be referred, with reasons",
        example={**_DISPUTE, "candidates": [samples.CANDIDATE], "excluded": [samples.EXCLUDED], **samples.ROUTING_DEADLINE},
    ),
    NoticeEvent(
        "notice.call",
        NoticeCall,
        zh="吹哨通知",
        en="your department is called to a dispute",
        example={**_DISPUTE, "called_for": "joint_visit", "led_by": samples.MEDIATION_BODY},
    ),
    NoticeEvent(
        "notice.supervision",
        NoticeSupervision,
        zh="督办通知",
        en="your agency is under supervision and has to answer",
        example={**_DISPUTE, "urged_for": "overdue", "urged_by": samples.MEDIATION_CENTRE, "clock": "mediation_out_of_court_policy"},
    ),
    NoticeEvent(
        "notice.escalated",
        NoticeEscalated,
        zh="升级通知",
        en="a dispute was escalated to your level",
        example={**_DISPUTE, "level": "township_level", "escalated_for": "time_passed"},
    ),
    NoticeEvent(
        "notice.mediators",
        NoticeOfMediators,
        zh="可选调解员通知",
        en="mediators of your organisation who may mediate the dispute",
        example={**_DISPUTE, "mediators": [samples.MEDIATOR, samples.OTHER_MEDIATOR]},
    ),
    NoticeEvent(
        "notice.inquiry",
        NoticeOfInquiry,
        zh="核查请求通知",
        en="an agency requests the examination of a dispute",
        example={**_DISPUTE, "asked_by": samples.MEDIATION_BODY},
    ),
    NoticeEvent("notice.urged", Notice, zh="催办通知", en="a deadline of your agency is approaching", example={**_DISPUTE, **samples.DEADLINE}),
    NoticeEvent("notice.overdue", Notice, zh="逾期通知", en="a deadline of your agency has passed", example={**_DISPUTE, **samples.DEADLINE}),
    NoticeEvent(
        "notice.duplicate",
        NoticeDuplicate,
        zh="疑似重复通知",
        en="two disputes may be identical; your decision is required",
        example={**_DISPUTE, "other": samples.OTHER_DISPUTE, **samples.DUPLICATE_EVIDENCE},
    ),
    NoticeEvent(
        "notice.joined",
        NoticeJoined,
        zh="并案通知",
        en="a dispute of your agency was joined to another",
        example={**_DISPUTE, "into": samples.OTHER_DISPUTE},
    ),
)
# Notices of the safeguard lane. notify publishes no event about their delivery.
SEALED = (
    NoticeEvent("notice.attention", NoticeOfAttention, zh="有事项待处理", en="a matter needs your attention", example={**_DISPUTE, "look_at": "matters"}),
)
