"""Every event there is: one row each. Who may say it, what it carries, what it is called."""

from dataclasses import dataclass

from contracts import agency_schemas as a
from contracts import answer_schemas as w
from contracts import domain_schemas as d
from contracts import examples, safeguard
from contracts import safeguard_schemas as s
from contracts.county import AGENCIES
from contracts.fields import Schema
from contracts.steps import ABOUT_THE_ROSTER, STEPS


@dataclass(frozen=True, slots=True)
class EventType:
    type: str
    schema: type[Schema]
    said_by: frozenset[str]  # role letters for what agencies say, else the name of the service
    zh: str
    en: str
    example: dict
    speaker: str  # "agencies", or the service

    @property
    def dataschema(self) -> str:
        """The CloudEvents attribute of the same name. A new meaning is a new type; fields may be added."""
        return f"urn:fengqiao:{self.speaker}:{self.type}:1"


# fmt: off
_AGENCIES_SAY = (
    # type                    what it carries          who may say it
    ("dispute.reported",      a.DisputeReported,       "C M J W P X G B"),
    ("dispute.screened",      a.DisputeScreened,       "M W C"),
    ("dispute.routed",        a.DisputeRouted,         "M C"),
    ("referral.accepted",     a.ReferralAccepted,      "B J W M"),
    ("referral.declined",     a.ReferralDeclined,      "B J W M"),
    # who may take a referral may say what comes of it: the mediator's words
    ("consent.given",         a.Consent,               "B J W M"),
    ("consent.refused",       a.Consent,               "B J W M"),
    ("conflict.disclosed",    a.ConflictDisclosed,     "B J W M C"),
    ("mediator.agreed",       a.MediatorChosen,        "B J W M C"),
    ("mediator.appointed",    a.MediatorChosen,        "B J W M C"),
    ("mediator.refused",      a.MediatorRefused,       "B J W M C"),
    ("mediator.requested",    a.MediatorRequested,     "B J W M C"),
    ("mediation.started",     a.MediationStarted,      "B J W M"),
    ("session.held",          a.SessionHeld,           "B J W M C"),
    ("clock.paused",          a.ClockPaused,           "B J W M C"),
    ("clock.resumed",         a.ClockResumed,          "B J W M C"),
    ("mediation.extended",    a.MediationExtended,     "B J W M C"),
    ("mediation.suspended",   a.MediationSuspended,    "B J W M C"),
    ("mediation.resumed",     a.MediationResumed,      "B J W M C"),
    ("mediation.terminated",  a.MediationTerminated,   "B J W M"),
    ("agreement.reached",     a.AgreementReached,      "B J W M G"),   # G: settled on the spot, where the grid found it
    ("confirmation.applied",  a.ConfirmationApplied,   "B J W M C"),
    ("confirmation.accepted", a.ConfirmationHandled,   "B C"),         # a body passes on what its court decided
    ("confirmation.extended", a.ExtendedByLeave,       "C"),
    ("confirmation.granted",  a.ConfirmationGranted,   "B C"),
    ("confirmation.objected", a.ConfirmationObjected,  "C"),
    ("papers.received",       a.PapersReceived,        "C"),
    ("confirmation.refused",  a.ConfirmationRefused,   "B C"),
    ("confirmation.withdrawn", a.ConfirmationHandled,  "B C"),
    ("performance.recorded",  a.PerformanceRecorded,   "B J W M C"),
    ("case.filed",            a.CaseFiled,             "C"),
    ("case.filing_refused",   a.CaseFilingRefused,     "C"),
    ("case.entrusted",        a.CaseEntrusted,         "C"),
    ("case.procedure_set",    a.CaseProcedureSet,      "C"),
    ("trial.extended",        a.TrialExtended,         "C"),
    ("case.closed",           a.CaseClosed,            "C"),
    ("participant.named",     a.ParticipantNamed,      "C"),
    ("enforcement.applied",   a.EnforcementApplied,    "C"),
    ("enforcement.completed", a.EnforcementCompleted,  "C"),
    ("petition.registered",   a.PetitionRegistered,    "X"),
    ("petition.accepted",     a.PetitionHandled,       "X"),
    ("petition.extended",     a.ExtendedByLeave,       "X"),
    ("petition.transferred",  a.PetitionTransferred,   "X"),
    ("petition.returned",     a.PetitionHandled,       "X"),
    ("petition.decided",      a.PetitionDecided,       "X"),
    ("dispute.redirected",    a.DisputeRedirected,     "M"),
    ("dispute.followed_up",   a.DisputeFollowedUp,     "M B J W"),
    ("dispute.archived",      a.DisputeArchived,       "M B J W"),
    ("dispute.reopened",      a.DisputeReopened,       "M B J W C"),
    ("reports.joined",        a.ReportsJoined,         "M"),
    ("reports.unjoined",      a.ReportsUnjoined,       "M"),
    ("report.corrected",      d.ReportCorrected,       "C M J W P X L G B"),
    ("report.withdrawn",      a.ReportWithdrawn,       "C M J W P X L G B"),
    ("whistle.blown",         a.WhistleBlown,          "M"),
    ("whistle.answered",      a.WhistleAnswered,       "C J W P X L G B"),
    ("level.escalated",       a.LevelEscalated,        "G"),
    ("supervision.issued",    a.SupervisionIssued,     "M L"),
    ("supervision.answered",  a.SupervisionAnswered,   "C M J W P X G B"),
    ("roster.changed",        a.RosterChanged,         "J C"),
)
_MEDIATION_CONFIRMS = tuple(step for step in STEPS if step != "dispute.reported")     # one past fact per step taken, in the words of the step
_SERVICES_SAY = (
    # type                    what it carries          service       zh                      en
    ("dispute.registered",    d.DisputeRegistered,     "intake",     "纠纷登记赋码",         "a dispute was given its one code"),
    ("dispute.merged",        d.DisputeMerged,         "intake",     "并案",                 "two reports were found to be one dispute"),
    ("dispute.unmerged",      d.DisputeUnmerged,       "intake",     "撤销并案",             "reports got a code of their own again"),
    ("duplicate.proposed",    d.DuplicateProposed,     "intake",     "疑似重复",             "two disputes may be one; the centre decides"),
    ("step.reported",         d.StepReported,          "intake",     "机构上报步骤",         "an agency reported a step of a known dispute"),
    ("roster.reported",       d.RosterTold,            "intake",     "机构上报名册变更",     "an agency reported a change of a roster"),
    ("roster.changed",        d.RosterTold,            "mediation",  "名册变更生效",         "a roster changed"),
    ("roster.refused",        d.RosterRefused,         "mediation",  "名册变更未生效",       "a change of a roster was refused"),
    ("routing.proposed",      d.RoutingProposed,       "mediation",  "分流建议",             "it was proposed whom to send the dispute to"),
    ("mediators.proposed",    d.MediatorsProposed,     "mediation",  "可选调解员",           "it was proposed who of the body may mediate"),
    ("step.applied",          d.StepApplied,           "mediation",  "步骤生效",             "a reported step took effect"),
    ("step.refused",          d.StepRefused,           "mediation",  "步骤未生效",           "a reported step was refused as illegal here"),
    ("deadline.set",          d.DeadlineSet,           "mediation",  "期限起算",             "a clock began to run"),
    ("deadline.recomputed",   d.DeadlineRecomputed,    "mediation",  "期限重新计算",         "a deadline was reckoned again"),
    ("deadline.approached",   d.DeadlineOwed,          "mediation",  "期限将至",             "a deadline came near"),
    ("deadline.passed",       d.DeadlinePassed,        "mediation",  "期限届满",             "a deadline passed unmet"),
    ("deadline.stopped",      d.Deadline,              "mediation",  "期限停止计算",         "a clock stopped: what it asked for is no longer asked"),
    ("deadline.met",          d.DeadlineMet,           "mediation",  "期限内完成或逾期完成", "what a deadline asked for was done, in time or late"),
    ("confirmation.lapsed",   d.ConfirmationLapsed,    "mediation",  "逾期未申请司法确认",   "the period for judicial confirmation ended"),
    ("duplicate.noted",       d.DuplicateNoted,        "mediation",  "疑似重复待核",         "a possible duplicate was put before the centre"),
    ("dispute.closed",        d.DisputeClosed,         "mediation",  "纠纷办结",             "the life of a dispute ended"),
    ("notice.sent",           d.NoticeSent,            "notify",     "通知已送出",           "a notice was sent"),
    ("notice.undeliverable",  d.NoticeUndeliverable,   "notify",     "通知无法送达",         "a notice could not be delivered"),
)
_RECEIPTS = (
    ("receipt.accepted",      w.ReceiptAccepted,       "intake",     "已收妥",               "stored durably; we are responsible now"),
    ("receipt.refused",       w.ReceiptRefused,        "intake",     "未收",                 "not stored as a fact"),
    ("receipt.applied",       w.ReceiptApplied,        "intake",     "已生效",               "the life of the dispute took it"),
    ("receipt.rejected",      w.ReceiptRejected,       "intake",     "未生效",               "the life of the dispute refused it"),
    ("receipt.moved",         w.ReceiptMoved,          "intake",     "编码变更",             "your report stands under another code now"),
)
_NOTICES = (
    ("notice.referral",       w.NoticeReferral,        "notify",     "交办通知",             "a dispute was referred to you"),
    ("notice.deadline",       w.Notice,                "notify",     "期限通知",             "a deadline of yours began to run"),
    ("notice.proposal",       w.NoticeProposal,        "notify",     "分流建议通知",         "whom you may send a dispute to, with the reasons"),
    ("notice.whistle",        w.NoticeWhistle,         "notify",     "吹哨通知",             "you are called to a dispute"),
    ("notice.supervision",    w.NoticeSupervision,     "notify",     "督办通知",             "you are urged and owe an answer"),
    ("notice.escalated",      w.NoticeEscalated,       "notify",     "升级通知",             "a dispute went up to your level"),
    ("notice.mediators",      w.NoticeOfMediators,     "notify",     "可选调解员通知",       "these of your people may mediate"),
    ("notice.inquiry",        w.NoticeOfInquiry,       "notify",     "请予核查",             "a mediator asks you to look into a dispute"),
    ("notice.urged",          w.Notice,                "notify",     "催办通知",             "a deadline of yours comes near"),
    ("notice.overdue",        w.Notice,                "notify",     "逾期通知",             "a deadline of yours has passed"),
    ("notice.duplicate",      w.NoticeDuplicate,       "notify",     "疑似重复通知",         "two disputes may be one; please decide"),
    ("notice.joined",         w.NoticeJoined,          "notify",     "并案通知",             "a dispute of yours was joined to another"),
    ("notice.attention",      s.NoticeOfAttention,     "notify",     "有事项待处理",         "a matter needs your attention"),
)
# fmt: on


def _table(rows, told):
    return {type: EventType(type, schema, frozenset({speaker}), zh, en, told[type], speaker) for type, schema, speaker, zh, en in rows}


AGENCY_EVENTS = {
    type: EventType(type, schema, frozenset(roles.split()), *(STEPS.get(type) or ABOUT_THE_ROSTER[type]), examples.SAID_BY_AGENCIES[type], "agencies")
    for type, schema, roles in _AGENCIES_SAY
}
AGENCY_EVENTS |= {
    type: EventType(type, s.SAID_BY_AGENCIES[type], frozenset(roles.split()), *safeguard.STEPS[type], examples.SAID_FOR_SAFETY[type], "agencies")
    for type, roles in safeguard.WHO.items()
}
FACTS = {step: EventType(step, d.happened(step), frozenset({"mediation"}), *STEPS[step], examples.of_fact(step), "mediation") for step in _MEDIATION_CONFIRMS}
DOMAIN_EVENTS = _table(_SERVICES_SAY, examples.SAID_BY_SERVICES) | FACTS
RECEIPTS = _table(_RECEIPTS, examples.ANSWERS)
NOTICES = _table(_NOTICES, examples.ANSWERS)
# What our services say in their sealed voices: by (speaker, type), because they use the words of the ordinary voices too.
SEALED_EVENTS = {
    (speaker, type): EventType(type, schema, frozenset({speaker}), zh, en, examples.SAID_SEALED[speaker, type], speaker)
    for type, schema, speaker, zh, en in s.SAID_BY_SERVICES
}

# Mediation says its facts in the agencies' own words: under such a word stands what the agency says; DOMAIN_EVENTS has mediation's.
EVENTS = DOMAIN_EVENTS | RECEIPTS | NOTICES | AGENCY_EVENTS


# Fields of a step that give an agency something to do. An agency that is suspended or removed is assigned nothing.
ASSIGNS = {
    "dispute.routed": ("to", "joint_with"),
    "case.entrusted": ("to",),
    "whistle.blown": ("to",),
    "supervision.issued": ("to",),
    "confirmation.applied": ("court",),
    "petition.transferred": ("to",),
    "dispute.redirected": ("to",),
    "roster.changed": ("agency",),
}


def assigned(type: str, data: dict) -> list[str]:
    """Return the agencies to which a step assigns something."""
    values = [data[name] for name in ASSIGNS.get(type, ()) if data.get(name)]
    return [code for value in values for code in ([value] if isinstance(value, str) else value) if code in AGENCIES]


def may_say(agency: str, type: str) -> bool:
    """Whether the agency's role allows it to report events of this type."""
    return agency in AGENCIES and type in AGENCY_EVENTS and AGENCIES[agency].role in AGENCY_EVENTS[type].said_by
