"""What our services say to each other about a dispute: codes, dates, sums and hashes. No person, and no free text."""

from copy import deepcopy

from marshmallow import EXCLUDE, RAISE, ValidationError, fields, missing

from contracts import agency_schemas, kinds
from contracts.causes import CAUSES
from contracts.clocks import ARTICLE, CLOCKS
from contracts.fields import (
    EVENT_ID,
    GRID,
    VILLAGE,
    Amount,
    Boolean,
    Instant,
    ListOf,
    Nested,
    Number,
    Schema,
    Sentence,
    agency_code,
    dispute_code,
    event_ref,
    formed,
    mediator_id,
    one_of,
    organisation_code,
    party_label,
    tolerant,
    township_code,
)
from contracts.reasons import REASONS, is_sentence_of
from contracts.states import STATES
from contracts.steps import STEPS

# What never leaves intake: who the parties are, and that somebody may be in danger.
# Nor the number of a petition or a docket: with it, names are found in public registers.
STAYS_AT_INTAKE = ("parties", "parties_sealed", "risk", "report_no", "petition_no", "docket_no")

# What may be known of each step inside.
STEP_FACTS = {
    "whistle.blown": agency_schemas.WhistleBlown,
    "whistle.answered": agency_schemas.WhistleAnswered,
    "level.escalated": agency_schemas.LevelEscalated,
    "supervision.issued": agency_schemas.SupervisionIssued,
    "supervision.answered": agency_schemas.SupervisionAnswered,
    "dispute.reported": agency_schemas.DisputeReported,
    "dispute.screened": agency_schemas.DisputeScreened,
    "dispute.routed": agency_schemas.DisputeRouted,
    "referral.accepted": agency_schemas.ReferralAccepted,
    "referral.declined": agency_schemas.ReferralDeclined,
    "consent.given": agency_schemas.Consent,
    "consent.refused": agency_schemas.Consent,
    "mediator.agreed": agency_schemas.MediatorChosen,
    "mediator.appointed": agency_schemas.MediatorChosen,
    "mediator.requested": agency_schemas.MediatorRequested,
    "mediation.started": agency_schemas.MediationStarted,
    "session.held": agency_schemas.SessionHeld,
    "mediation.extended": agency_schemas.MediationExtended,
    "mediation.suspended": agency_schemas.MediationSuspended,
    "mediation.terminated": agency_schemas.MediationTerminated,
    "agreement.reached": agency_schemas.AgreementReached,
    "performance.recorded": agency_schemas.PerformanceRecorded,
    "dispute.followed_up": agency_schemas.DisputeFollowedUp,
    "dispute.archived": agency_schemas.DisputeArchived,
    "conflict.disclosed": agency_schemas.ConflictDisclosed,
    "mediator.refused": agency_schemas.MediatorRefused,
    "clock.paused": agency_schemas.ClockPaused,
    "clock.resumed": agency_schemas.ClockResumed,
    "mediation.resumed": agency_schemas.MediationResumed,
    "confirmation.applied": agency_schemas.ConfirmationApplied,
    "confirmation.accepted": agency_schemas.ConfirmationHandled,
    "confirmation.extended": agency_schemas.ExtendedByLeave,
    "confirmation.granted": agency_schemas.ConfirmationGranted,
    "confirmation.objected": agency_schemas.ConfirmationObjected,
    "papers.received": agency_schemas.PapersReceived,
    "confirmation.refused": agency_schemas.ConfirmationRefused,
    "confirmation.withdrawn": agency_schemas.ConfirmationHandled,
    "case.filed": agency_schemas.CaseFiled,
    "case.filing_refused": agency_schemas.CaseFilingRefused,
    "case.entrusted": agency_schemas.CaseEntrusted,
    "case.procedure_set": agency_schemas.CaseProcedureSet,
    "trial.extended": agency_schemas.TrialExtended,
    "case.closed": agency_schemas.CaseClosed,
    "participant.named": agency_schemas.ParticipantNamed,
    "enforcement.applied": agency_schemas.EnforcementApplied,
    "enforcement.completed": agency_schemas.EnforcementCompleted,
    "petition.registered": agency_schemas.PetitionRegistered,
    "petition.accepted": agency_schemas.PetitionHandled,
    "petition.extended": agency_schemas.ExtendedByLeave,
    "petition.transferred": agency_schemas.PetitionTransferred,
    "petition.returned": agency_schemas.PetitionHandled,
    "petition.decided": agency_schemas.PetitionDecided,
    "dispute.redirected": agency_schemas.DisputeRedirected,
    "dispute.reopened": agency_schemas.DisputeReopened,
    "reports.joined": agency_schemas.ReportsJoined,
    "reports.unjoined": agency_schemas.ReportsUnjoined,
    "report.withdrawn": agency_schemas.ReportWithdrawn,
}
# What can be told anew in a correction: a report that gave a dispute its code stands, and a join or a correction is undone by another one.
CORRECTABLE = tuple(step for step in STEP_FACTS if step not in ("dispute.reported", "reports.joined", "reports.unjoined", "report.withdrawn"))


def facts_schema(step: str, **options) -> Schema:
    """The schema of a step's facts: what the agency said, without what stays at intake."""
    schema = STEP_FACTS[step]
    return schema(exclude=[name for name in STAYS_AT_INTAKE if name in schema._declared_fields], **options)


_FACTS = {unknown: {step: tolerant(facts_schema(step), unknown) for step in STEP_FACTS} for unknown in (RAISE, EXCLUDE)}


class Facts(fields.Field):
    """The facts of a step, by the schema of that step."""

    default_error_messages = {"required": "required", "null": "null"}  # noqa: RUF012 - marshmallow declares it so
    named_by = "step"  # the field beside it that holds the word

    def schemas(self) -> dict[str, Schema]:
        return _FACTS[self.parent.unknown]

    def _deserialize(self, value, attr, data, **kwargs):
        step = data.get(self.named_by)
        if not isinstance(step, str) or step not in self.schemas():
            return {}  # a wrong step has an error of its own
        return self.schemas()[step].load(value)

    def _serialize(self, value, attr, obj, **kwargs):
        return self.schemas()[obj[self.named_by]].dump(value)


class CorrectedFacts(Facts):
    """The same, of the step that a correction is about."""

    named_by = "corrects"

    def schemas(self) -> dict[str, Schema]:
        return _CORRECTED[self.parent.unknown]


class ReportCorrected(Schema):
    event = formed(EVENT_ID, required=True)  # the id under which the same agency reported it
    reason = one_of(kinds.MISREPORTS, required=True)
    corrects = one_of(CORRECTABLE)
    facts = CorrectedFacts()  # all of them, as they should have been told; never without `corrects`

    def validate_fields(self, data):
        if "facts" in data and "corrects" not in data:
            raise ValidationError("required", "corrects")


_CORRECTED = {unknown: {step: _FACTS[unknown][step] for step in CORRECTABLE} for unknown in (RAISE, EXCLUDE)}
STEP_FACTS["report.corrected"] = ReportCorrected
for _unknown, _schemas in _FACTS.items():
    _schemas["report.corrected"] = tolerant(facts_schema("report.corrected"), _unknown)


class DisputeRegistered(Schema):
    event = event_ref(required=True)
    agency = agency_code(required=True)
    channel = one_of(kinds.CHANNELS, required=True)
    township = township_code(required=True)
    village = formed(VILLAGE)
    grid = formed(GRID)
    kind = one_of(kinds.KINDS, required=True)
    cause = one_of(CAUSES)
    amount_cny = Amount()
    wants = one_of(kinds.WANTS, required=True)
    standings = ListOf(one_of(kinds.STANDINGS), high=len(kinds.STANDINGS))
    flags = ListOf(one_of(kinds.FLAGS), high=len(kinds.FLAGS))
    party_labels = ListOf(party_label())  # how many there are of each role, never who: needed to know when everyone has consented
    happened_at = Instant(required=True)


class Moved(Schema):
    """Reports went from one code to another. Said about both disputes, with the same data."""

    event = event_ref(required=True)
    agency = agency_code(required=True)  # who said it: whose report was joined, or the centre
    into = dispute_code(required=True)  # where they are now


class DisputeMerged(Moved):
    was = dispute_code()  # the code that ends; a report that was joined at the door never had one
    found_by = one_of(kinds.FOUND_BY, required=True)
    reasons = ListOf(one_of(kinds.SAMENESS))
    days = Number(0, 366)  # between the two reports


class DisputeUnmerged(Moved):
    was = dispute_code(required=True)  # the dispute under which they were
    reported_by = agency_code(required=True)


class DuplicateProposed(Schema):
    """This dispute may be the same as another, older one. Both live on until the centre decides."""

    event = event_ref(required=True)
    agency = agency_code(required=True)
    other = dispute_code(required=True)
    reasons = ListOf(one_of(kinds.SAMENESS), required=True)
    days = Number(0, 366, required=True)


class DuplicateNoted(DuplicateProposed):
    owed_by = ListOf(agency_code(), required=True)  # who decides it


class StepReported(Schema):
    event = event_ref(required=True)
    agency = agency_code(required=True)
    step = one_of(STEPS, required=True)
    happened_at = Instant(required=True)
    facts = Facts(required=True)


class Happened(Schema):
    """A step that mediation took: who reported it, where the dispute was and is, and for whom it waits now."""

    event = event_ref(required=True)
    agency = agency_code(required=True)
    before = one_of(STATES, required=True)
    state = one_of(STATES, required=True)
    waits_for = ListOf(agency_code(), required=True)
    happened_at = Instant(required=True)


class ReasonGiven(Schema):
    code = one_of(REASONS, required=True)
    zh = Sentence(required=True)
    en = Sentence(required=True)

    def validate_fields(self, data):
        if not is_sentence_of(data["code"], data["zh"], data["en"]):
            raise ValidationError("not_the_sentence", "zh")


class StepApplied(Schema):
    event = event_ref(required=True)
    step = one_of(STEPS, required=True)
    state = one_of(STATES, required=True)


class StepRefused(StepApplied):
    reason = Nested(ReasonGiven, required=True)


class Deadline(Schema):
    clock = one_of(CLOCKS, required=True)
    kind = one_of(kinds.CLOCK_KINDS, required=True)
    due_at = Instant(required=True)


class DeadlineSet(Deadline):
    article = formed(ARTICLE, required=True)
    started_at = Instant(required=True)
    owed_by = ListOf(agency_code(), required=True)
    provisional = Boolean()  # the day may still move: the arrangement of its year is not published, or an appraisal goes on


class DeadlineRecomputed(DeadlineSet):
    was_due_at = Instant(required=True)
    because = one_of(kinds.RECOMPUTED_BECAUSE, required=True)


class DeadlineOwed(Deadline):
    owed_by = ListOf(agency_code(), required=True)


class DeadlinePassed(DeadlineOwed):
    lapsed = Boolean()  # a right ended with it: nobody is overdue


class DeadlineMet(Deadline):
    met_at = Instant(required=True)
    late = Boolean(required=True)
    was_passed = Boolean(required=True)


class Candidate(Schema):
    to = agency_code(required=True)
    organisation = organisation_code()
    joint_with = ListOf(agency_code(), high=10, required=True)
    points = Number(-10_000, 10_000, required=True)  # what the rules' lines add up to
    reasons = ListOf(one_of(kinds.PROPOSAL_REASONS), high=20, required=True)  # the weightiest first


class Excluded(Schema):
    to = agency_code(required=True)
    organisation = organisation_code()
    reason = one_of(kinds.EXCLUSION_REASONS, required=True)


class RoutingProposed(Schema):
    """Whom the centre may send it to, in order, by the county's rules. It decides; nothing is sent by itself. None: the rules know nobody."""

    candidates = ListOf(Nested(Candidate), high=10, required=True)
    excluded = ListOf(Nested(Excluded), high=50, required=True)
    rules = formed(r"^[0-9a-f]{12}$", required=True)  # which edition of the rules: the beginning of its SHA-256
    clock = one_of(CLOCKS, required=True)
    kind = one_of(kinds.CLOCK_KINDS, required=True)
    article = formed(ARTICLE, required=True)
    started_at = Instant(required=True)
    due_at = Instant(required=True)
    owed_by = ListOf(agency_code(), required=True)


class MediatorsProposed(Schema):
    """Who of the body's people takes such a dispute, for the parties to choose from, or for whoever appoints. Numbers of the roster, nobody is graded:
    whom the parties asked for, then those with least at hand. Who disclosed a conflict or was refused is left out."""

    mediators = ListOf(mediator_id(), low=1, high=10, required=True)
    owed_by = ListOf(agency_code(), required=True)


class RosterTold(agency_schemas.RosterChanged):
    """What intake passes on, and what mediation says when it holds. The subject is the organisation's code."""

    event = event_ref(required=True)
    told_by = agency_code(required=True)
    happened_at = Instant(required=True)


class RosterRefused(Schema):
    event = event_ref(required=True)
    organisation = organisation_code(required=True)
    change = one_of(kinds.ROSTER_CHANGES, required=True)
    reason = Nested(ReasonGiven, required=True)


class DisputeClosed(Schema):
    state = one_of(STATES, required=True)
    outcome = one_of(kinds.OUTCOMES, required=True)
    mode = one_of(kinds.CLOSING_MODES)  # how the court closed its case, where there was one
    ground = one_of(kinds.GROUNDS)  # why mediation ended, where it did


class ConfirmationLapsed(Schema):
    """Nobody's step: the period for an application ended. The agreement stands, as a contract."""

    before = one_of(STATES, required=True)
    state = one_of(STATES, required=True)
    waits_for = ListOf(agency_code(), required=True)
    happened_at = Instant(required=True)


NOTICE_TYPES = ("notice.referral", "notice.deadline", "notice.overdue", "notice.urged", "notice.duplicate", "notice.joined",
                "notice.inquiry", "notice.mediators", "notice.proposal", "notice.whistle", "notice.supervision", "notice.escalated")  # fmt: skip


class NoticeSent(Schema):
    notice = one_of(NOTICE_TYPES, required=True)
    to = agency_code(required=True)
    channel = one_of(kinds.NOTICE_CHANNELS, required=True)
    clock = one_of(CLOCKS)
    due_at = Instant()


class NoticeUndeliverable(NoticeSent):
    why = one_of(kinds.UNDELIVERABLE_REASONS, required=True)


BY_TIME_TOO = ("level.escalated", "supervision.issued")  # time takes these steps as well: then no agency reported them


# What mediation knows of a step beside what was told.
FACT_ALSO = {
    "reports.joined": {"body": agency_code()},  # who had the dispute that ended, and has to know
}


def happened(step: str) -> type[Happened]:
    """The schema of the fact that `step` happened: what every fact carries, and of the step's own facts those that are there."""
    own = {name: deepcopy(field) for name, field in STEP_FACTS[step]._declared_fields.items() if name not in STAYS_AT_INTAKE}
    own |= FACT_ALSO.get(step, {})
    if "event" in own:
        own["about"] = own.pop("event")  # `event` is the report that says so; which earlier one it is about has a name of its own
    for field in own.values():
        field.required, field.load_default = False, missing
    if step in BY_TIME_TOO:
        own |= {"event": event_ref(), "agency": agency_code()}
    return type(f"{STEP_FACTS[step].__name__}Happened", (Happened,), own)
