"""Steps of mediation: consent of the parties, choice of the mediator, sessions, and termination. Agreements are in agreement.py."""

from contracts import kinds, samples
from contracts.definitions import Step
from contracts.fields import Boolean, Instant, ListOf, Number, Schema, agency_code_field, choice_field, mediator_id_field, party_label_field
from contracts.steps.referral import REFERRAL_ROLES

MEDIATION_ROLES = f"{REFERRAL_ROLES} C"  # C: a court may report these steps for mediation that it entrusted


class Consent(Schema):
    party = party_label_field(required=True, zh="表示意愿的当事人", en="the party that answered")
    how = choice_field(kinds.CONSENT_WAYS, required=True, zh="表示的方式", en="way in which the party answered")


class ConflictDisclosed(Schema):
    mediator = mediator_id_field(
        zh="披露所涉调解员；与body均不填的，为披露的机构自身",
        en="the mediator concerned; if neither this nor `body` is given, the disclosing agency itself is concerned",
    )
    body = agency_code_field(
        zh="披露所涉机构；与mediator均不填的，为披露的机构自身",
        en="the agency concerned; if neither this nor `mediator` is given, the disclosing agency itself is concerned",
    )
    relation = choice_field(kinds.CONFLICT_RELATIONS, required=True, zh="利害关系的种类", en="kind of relation")
    agreed_after_disclosure = Boolean(
        load_default=False, zh="披露后各方当事人是否仍同意；不填视为否", en="whether all parties still agree after the disclosure; false if left out"
    )


class MediatorChosen(Schema):
    mediator = mediator_id_field(required=True, zh="选定或者指定的调解员", en="the mediator who was chosen or appointed")


class MediatorRefused(Schema):
    party = party_label_field(required=True, zh="不同意的当事人", en="the party that refuses")
    mediator = mediator_id_field(zh="不同意的调解员；不填视为现任调解员", en="the mediator who is refused; the present one if left out")


class MediatorRequested(Schema):
    party = party_label_field(zh="提出申请的当事人；不填视为双方", en="the party that makes the request; both parties if left out")
    prefers = mediator_id_field(zh="希望由其调解的调解员；没有时不填", en="the preferred mediator; left out if there is none")


class MediationStarted(Schema):
    pass


class SessionHeld(Schema):
    mode = choice_field(kinds.SESSION_MODES, required=True, zh="调解方式", en="way in which the session was held")
    minutes = Number(1, 1440, required=True, zh="本次调解时长（分钟）", en="length of the session in minutes")
    next_at = Instant(zh="下次调解的时间；已经约定时填写", en="time of the next session, if one is arranged")


class ClockPaused(Schema):
    reason = choice_field(kinds.PAUSE_REASONS, required=True, zh="暂停计算的事由", en="reason for pausing the period")


class ClockResumed(Schema):
    reason = choice_field(kinds.PAUSE_REASONS, zh="已经消除的暂停事由；可以不填", en="the reason that no longer exists; may be left out")


class MediationExtended(Schema):
    days = Number(1, 365, required=True, zh="延长的天数", en="number of days of the extension")
    consents = ListOf(
        party_label_field(), low=1, required=True, zh="同意延长的当事人", en="the parties that agree to the extension", example=["applicant", "respondent"]
    )


class MediationSuspended(Schema):
    reason = choice_field(kinds.SUSPENSION_REASONS, required=True, zh="中止事由", en="reason of the suspension")


class MediationResumed(Schema):
    pass


class MediationTerminated(Schema):
    ground = choice_field(
        kinds.TERMINATION_GROUNDS, required=True, zh="终结事由（在线调解规则第二十五条）", en="the ground of termination (Rules on online mediation, art. 25)"
    )


STEPS = (
    Step(
        "consent.given", Consent, roles=REFERRAL_ROLES, zh="同意调解", en="a party consented to mediation", example={"party": "respondent", "how": "by_phone"}
    ),
    Step("consent.refused", Consent, roles=REFERRAL_ROLES, zh="拒绝调解", en="a party refused mediation", example={"party": "respondent", "how": "in_writing"}),
    Step(
        "conflict.disclosed",
        ConflictDisclosed,
        roles=MEDIATION_ROLES,
        zh="披露利害关系",
        en="a conflict of interest was disclosed",
        example={"mediator": samples.MEDIATOR, "relation": "relative", "agreed_after_disclosure": False},
    ),
    Step(
        "mediator.agreed", MediatorChosen, roles=MEDIATION_ROLES, zh="选定调解员", en="the parties agreed on a mediator", example={"mediator": samples.MEDIATOR}
    ),
    Step("mediator.appointed", MediatorChosen, roles=MEDIATION_ROLES, zh="指定调解员", en="a mediator was appointed", example={"mediator": samples.MEDIATOR}),
    Step(
        "mediator.refused",
        MediatorRefused,
        roles=MEDIATION_ROLES,
        zh="不同意调解员",
        en="a party refused the mediator",
        example={"party": "respondent", "mediator": samples.MEDIATOR},
    ),
    Step(
        "mediator.requested",
        MediatorRequested,
        roles=MEDIATION_ROLES,
        zh="申请指定调解员",
        en="the appointment of a mediator was requested",
        example={"party": "applicant", "prefers": samples.MEDIATOR},
    ),
    Step("mediation.started", MediationStarted, roles=REFERRAL_ROLES, zh="调解开始", en="mediation started", example={}),
    Step(
        "session.held",
        SessionHeld,
        roles=MEDIATION_ROLES,
        zh="开展调解",
        en="a mediation session was held",
        example={"mode": "in_person", "minutes": 90, "next_at": "2026-03-20T01:00:00+00:00"},
    ),
    Step("clock.paused", ClockPaused, roles=MEDIATION_ROLES, zh="暂停计算期限", en="the mediation period was paused", example={"reason": "appraisal"}),
    Step("clock.resumed", ClockResumed, roles=MEDIATION_ROLES, zh="恢复计算期限", en="the mediation period was resumed", example={"reason": "appraisal"}),
    Step(
        "mediation.extended",
        MediationExtended,
        roles=MEDIATION_ROLES,
        zh="延长调解期限",
        en="mediation was extended",
        example={"days": 15, "consents": ["applicant", "respondent"]},
    ),
    Step("mediation.suspended", MediationSuspended, roles=MEDIATION_ROLES, zh="中止调解", en="mediation was suspended", example={"reason": "suspected_sham"}),
    Step("mediation.resumed", MediationResumed, roles=MEDIATION_ROLES, zh="恢复调解", en="mediation was resumed", example={}),
    Step(
        "mediation.terminated",
        MediationTerminated,
        roles=REFERRAL_ROLES,
        zh="调解终结",
        en="mediation was terminated",
        example={"ground": "differences_too_large"},
    ),
)
