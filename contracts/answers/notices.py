"""Notices: what an agency has to act on."""

from functools import partial

from contracts import kinds, samples
from contracts.clocks import ARTICLE, CLOCKS
from contracts.fields import Instant, ListOf, Nested, Number, Schema, agency_code, dispute_code, formed, mediator_id, one_of, township_code
from contracts.parts import Candidate, Excluded
from contracts.rows import EventType

NoticeEvent = partial(EventType, stream="notify")


def dispute():
    return dispute_code(required=True, zh="所涉纠纷的编码", en="code of the dispute that it is about")


class Notice(Schema):
    dispute = dispute()
    clock = one_of(CLOCKS, zh="期限名称；通知不涉及期限时不提供，下同", en="the period; left out, like the fields about it, if the notice is about none")
    kind = one_of(kinds.CLOCK_KINDS, zh="期限性质", en="whether the period is law, a local rule or policy")
    article = formed(ARTICLE, zh="期限的依据", en="the article that sets the period", example="人民调解法 33")
    started_at = Instant(zh="期限起算时间", en="when the period began", example="2026-03-03T01:10:00+00:00")
    due_at = Instant(zh="期限届满时间", en="when the period ends", example="2026-03-06T15:59:59+00:00")


class NoticeReferral(Notice):
    referred_by = agency_code(zh="交办的机构", en="the agency that refers the dispute", example=samples.CENTRE)
    reason = one_of(kinds.ROUTE_REASONS, zh="交办理由；委托调解的不提供", en="why it is referred to you; left out if a court entrusted it")
    dispute_kind = one_of(kinds.KINDS, zh="纠纷类型", en="kind of dispute")
    township = township_code(zh="纠纷发生地的乡镇（街道）", en="the township where the dispute arose")


class NoticeProposal(Notice):
    candidates = ListOf(Nested(Candidate), high=10, required=True, zh="建议的承办机构，按得分由高到低", en="the bodies that are proposed, best first")
    excluded = ListOf(Nested(Excluded), high=50, required=True, zh="未予建议的机构及理由", en="the bodies that are left out, with the reason")


class NoticeCall(Notice):
    called_for = one_of(kinds.CALL_REASONS, required=True, zh="吹哨事由", en="what you are needed for")
    led_by = agency_code(zh="牵头机构；尚未确定时不提供", en="the agency that leads; left out if there is none yet")


class NoticeSupervision(Notice):
    urged_for = one_of(kinds.SUPERVISION_REASONS, required=True, zh="督办事由", en="why you are urged")
    urged_by = agency_code(zh="督办的机构；因期限届满自动督办的不提供", en="who urges; left out if it is the system, because a period ended")


class NoticeOfMediators(Schema):
    dispute = dispute()
    mediators = ListOf(
        mediator_id(),
        low=1,
        high=10,
        required=True,
        zh="可选调解员的名册编号，当事人希望的在前，其次为在办较少的",
        en="roster numbers of the mediators to choose from: whom the parties asked for, then those with fewest disputes",
    )


class NoticeOfInquiry(Schema):
    """Neutral on purpose: that somebody asks for a look, not what is suspected. What it is the body tells in person."""

    dispute = dispute()
    asked_by = agency_code(required=True, zh="请求核查的机构", en="the agency that asks you to look into the dispute")


class NoticeEscalated(Notice):
    level = one_of(kinds.LEVELS, required=True, zh="升级后的层级", en="the level on which the dispute is now")
    escalated_for = one_of(kinds.ESCALATION_REASONS, zh="升级事由", en="why it went up")


class NoticeDuplicate(Schema):
    dispute = dispute()
    other = dispute_code(required=True, zh="疑似同一纠纷的另一编码", en="code of the other dispute that may be the same")
    reasons = ListOf(one_of(kinds.SAMENESS), required=True, zh="疑似重复的依据", en="why they may be the same")
    days = Number(0, 366, required=True, zh="两次上报相隔的天数", en="days between the two reports", example=3)


class NoticeJoined(Schema):
    dispute = dispute_code(required=True, zh="已经终结的纠纷编码", en="code of the dispute that ended")
    into = dispute_code(required=True, zh="继续办理所用的纠纷编码", en="code under which it is dealt with from now on")


class NoticeOfAttention(Schema):
    """Neutral on purpose: whoever sees an inbox learns from it that there is something to look at, not what."""

    dispute = dispute()
    look_at = one_of(kinds.LOOK_AT, required=True, zh="查看方式", en="where to look")


_ABOUT = {"dispute": samples.DISPUTE}

ORDINARY = (
    NoticeEvent(
        "notice.referral",
        NoticeReferral,
        zh="交办通知",
        en="a dispute was referred to you",
        example={
            **_ABOUT,
            **samples.CLOCK_SET,
            "referred_by": samples.CENTRE,
            "reason": "by_place",
            "dispute_kind": "family",
            "township": samples.TOWNSHIP,
        },
    ),
    NoticeEvent("notice.deadline", Notice, zh="期限通知", en="a deadline of yours began to run", example={**_ABOUT, **samples.CLOCK_SET}),
    NoticeEvent(
        "notice.proposal",
        NoticeProposal,
        zh="分流建议通知",
        en="whom you may send a dispute to, with the reasons",
        example={**_ABOUT, "candidates": [samples.CANDIDATE], "excluded": [samples.EXCLUDED], **samples.ROUTING_CLOCK},
    ),
    NoticeEvent(
        "notice.call",
        NoticeCall,
        zh="吹哨通知",
        en="you are called to a dispute",
        example={**_ABOUT, "called_for": "joint_visit", "led_by": samples.BODY},
    ),
    NoticeEvent(
        "notice.supervision",
        NoticeSupervision,
        zh="督办通知",
        en="you are urged and owe an answer",
        example={**_ABOUT, "urged_for": "overdue", "urged_by": samples.CENTRE, "clock": "mediation_out_of_court_policy"},
    ),
    NoticeEvent(
        "notice.escalated",
        NoticeEscalated,
        zh="升级通知",
        en="a dispute went up to your level",
        example={**_ABOUT, "level": "township_level", "escalated_for": "time_passed"},
    ),
    NoticeEvent(
        "notice.mediators",
        NoticeOfMediators,
        zh="可选调解员通知",
        en="these of your people may mediate",
        example={**_ABOUT, "mediators": [samples.MEDIATOR, samples.OTHER_MEDIATOR]},
    ),
    NoticeEvent(
        "notice.inquiry",
        NoticeOfInquiry,
        zh="请予核查",
        en="a mediator asks you to look into a dispute",
        example={**_ABOUT, "asked_by": samples.BODY},
    ),
    NoticeEvent("notice.urged", Notice, zh="催办通知", en="a deadline of yours comes near", example={**_ABOUT, **samples.CLOCK}),
    NoticeEvent("notice.overdue", Notice, zh="逾期通知", en="a deadline of yours has passed", example={**_ABOUT, **samples.CLOCK}),
    NoticeEvent(
        "notice.duplicate",
        NoticeDuplicate,
        zh="疑似重复通知",
        en="two disputes may be one; please decide",
        example={**_ABOUT, "other": samples.OTHER_DISPUTE, **samples.ALIKE},
    ),
    NoticeEvent(
        "notice.joined",
        NoticeJoined,
        zh="并案通知",
        en="a dispute of yours was joined to another",
        example={**_ABOUT, "into": samples.OTHER_DISPUTE},
    ),
)
# Of the safeguard lane: notify never publishes that it was sent.
SEALED = (NoticeEvent("notice.attention", NoticeOfAttention, zh="有事项待处理", en="a matter needs your attention", example={**_ABOUT, "look_at": "matters"}),)
