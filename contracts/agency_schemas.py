"""What agencies may say: the data of each of their events. Free text stands only where a party has to be found again."""

from marshmallow import ValidationError

from contracts import kinds
from contracts.causes import CAUSES
from contracts.clocks import CLOCKS
from contracts.county import AGENCIES
from contracts.fields import (
    EVENT_ID,
    GRID,
    REPORT_NO,
    VILLAGE,
    Amount,
    Boolean,
    Day,
    Instant,
    ListOf,
    Nested,
    Number,
    Schema,
    agency_code,
    dispute_code,
    formed,
    limited,
    mediator_id,
    one_of,
    organisation_code,
    party_label,
    sha256_hex,
    township_code,
)


class Place(Schema):
    township = township_code(required=True)
    village = formed(VILLAGE)
    grid = formed(GRID)

    def validate_fields(self, data):
        if not data.get("village", data["township"]).startswith(data["township"]):
            raise ValidationError("not_in_township", "village")


class Risk(Schema):
    domestic_violence = Boolean(load_default=False)
    minor = Boolean(load_default=False)
    mass = Boolean(load_default=False)
    violence_threat = Boolean(load_default=False)


class Party(Schema):
    role = one_of(kinds.PARTY_ROLES, required=True)
    name = limited(100, required=True)
    phone = formed(r"^[0-9+() -]{3,32}$")
    id_number = formed(r"^[0-9A-Za-z()-]{5,32}$")
    address = limited(200)


class Parties(Schema):
    """What a sealed box has to hold: the list alone, as `parties` has it in clear."""

    parties = ListOf(Nested(Party), low=1, high=50, required=True)


class DisputeReported(Schema):
    report_no = formed(REPORT_NO, required=True)
    channel = one_of(kinds.CHANNELS, required=True)
    place = Nested(Place, required=True)
    kind = one_of(kinds.KINDS, required=True)
    cause = one_of(CAUSES)
    amount_cny = Amount()
    wants = one_of(kinds.WANTS, required=True)
    standings = ListOf(one_of(kinds.STANDINGS), high=len(kinds.STANDINGS))
    flags = ListOf(one_of(kinds.FLAGS), high=len(kinds.FLAGS))
    parties = ListOf(Nested(Party), low=1, high=50)
    parties_sealed = formed(r"^[A-Za-z0-9+/]{64,65536}={0,2}$")  # base64 of a libsodium sealed box that holds the list `parties` as JSON
    risk = Nested(Risk, load_default=lambda: dict.fromkeys(kinds.RISKS, False))

    def validate_fields(self, data):
        if "parties" in data and "parties_sealed" in data:
            raise ValidationError("both_ways", "parties_sealed")


class DisputeScreened(Schema):
    suitable = Boolean(required=True)
    track = one_of(kinds.TRACKS, required=True)
    court_received_on = Day()  # when a court received the claim, if it was brought to one: the track goes by it
    matter = one_of(kinds.MATTERS)  # not given: an ordinary civil matter
    kind = one_of(kinds.KINDS, required=True)
    cause = one_of(CAUSES)
    standings = ListOf(one_of(kinds.STANDINGS), high=len(kinds.STANDINGS))
    flags = ListOf(one_of(kinds.FLAGS), high=len(kinds.FLAGS))
    risk = Nested(Risk, load_default=lambda: dict.fromkeys(kinds.RISKS, False))


class DisputeRouted(Schema):
    to = agency_code(required=True)
    organisation = organisation_code()  # on the roster, where the agency speaks for several
    joint_with = ListOf(agency_code(), high=10, load_default=list)
    reason = one_of(kinds.ROUTE_REASONS, required=True)


class ReferralAccepted(Schema):
    mediator = mediator_id()
    conflict_of_interest = Boolean(load_default=False)
    agreed_after_disclosure = Boolean(load_default=False)  # all parties, knowing of the conflict


class ReferralDeclined(Schema):
    reason = one_of(kinds.DECLINE_REASONS, required=True)


class Consent(Schema):
    party = party_label(required=True)
    how = one_of(kinds.CONSENT_WAYS, required=True)


class MediatorChosen(Schema):
    mediator = mediator_id(required=True)


class MediatorRequested(Schema):
    party = party_label()  # who asked; not given: both
    prefers = mediator_id()  # whom the parties would like, though they cannot appoint


class MediationStarted(Schema):
    pass


class SessionHeld(Schema):
    mode = one_of(kinds.MODES, required=True)
    minutes = Number(1, 1440, required=True)
    next_at = Instant()


class MediationExtended(Schema):
    days = Number(1, 365, required=True)
    consents = ListOf(party_label(), low=1, required=True)


class MediationSuspended(Schema):
    reason = one_of(kinds.SUSPENSION_REASONS, required=True)


class MediationTerminated(Schema):
    ground = one_of(kinds.GROUNDS, required=True)


class Term(Schema):
    kind = one_of(kinds.TERM_KINDS, required=True)
    due_on = Day(required=True)
    amount_cny = Amount()


class AgreementReached(Schema):
    form = one_of(kinds.FORMS, required=True)
    effective_on = Day(required=True)
    document_sha256 = sha256_hex()
    terms = ListOf(Nested(Term), high=100, load_default=list)
    confirmable = Boolean(required=True)
    about = ListOf(one_of(kinds.SUBJECTS))  # what it settles


class PerformanceRecorded(Schema):
    term = Number(1, 100, required=True)  # which of the agreement's terms, counted from 1
    result = one_of(kinds.RESULTS, required=True)
    on = Day(required=True)


class WhistleBlown(Schema):
    to = ListOf(agency_code(), low=1, high=10, required=True)  # the departments that are called; the body that has the dispute leads
    reason = one_of(kinds.WHISTLE_REASONS, required=True)


class WhistleAnswered(Schema):
    answer = one_of(kinds.WHISTLE_ANSWERS, required=True)


class LevelEscalated(Schema):
    level = one_of(tuple(kinds.LEVELS)[1:], required=True)  # where it is now
    escalated_for = one_of(kinds.ESCALATION_REASONS, required=True)


class SupervisionIssued(Schema):
    to = agency_code(required=True)
    urged_for = one_of(kinds.SUPERVISION_REASONS, required=True)
    clock = one_of(CLOCKS)  # what was due


class SupervisionAnswered(Schema):
    answer = one_of(kinds.SUPERVISION_ANSWERS, required=True)


class RosterChanged(Schema):
    """About an organisation, or with `mediator` about one person on its roster. Names are not said here: they stand in the file that the agency keeps."""

    organisation = organisation_code(required=True)  # the same as `subject`
    change = one_of(kinds.ROSTER_CHANGES, required=True)
    on = Day(required=True)  # the first day on which it holds; of what is removed, the first without it
    mediator = mediator_id()
    role = one_of(kinds.MEMBER_ROLES)
    kind = one_of(kinds.ORGANISATION_KINDS)
    agency = agency_code()  # who speaks for the organisation
    township = township_code()
    village = formed(VILLAGE)
    takes = ListOf(one_of(kinds.KINDS), high=len(kinds.KINDS))  # none: every kind

    def validate_fields(self, data):
        if "village" in data and not data["village"].startswith(data.get("township", "-")):
            raise ValidationError("not_in_township", "village")


class DisputeFollowedUp(Schema):
    settled = Boolean(required=True)
    satisfied = Boolean()


class DisputeArchived(Schema):
    archive_no = formed(REPORT_NO, required=True)
    reason = one_of(kinds.MISREPORTS)  # of a dispute that was registered by mistake: what was wrong


class ConflictDisclosed(Schema):
    mediator = mediator_id()  # whom it concerns; neither given: the body that discloses it
    body = agency_code()
    relation = one_of(kinds.CONFLICTS, required=True)
    agreed_after_disclosure = Boolean(load_default=False)  # all parties, knowing of the conflict


class MediatorRefused(Schema):
    party = party_label(required=True)
    mediator = mediator_id()


class ClockPaused(Schema):
    reason = one_of(kinds.PAUSE_REASONS, required=True)


class ClockResumed(Schema):
    reason = one_of(kinds.PAUSE_REASONS)


class MediationResumed(Schema):
    pass


class ConfirmationApplied(Schema):
    applied_on = Day(required=True)
    docket_no = formed(REPORT_NO)
    applicants = ListOf(party_label(), low=1)  # not given: all parties jointly
    court = agency_code()
    court_ground = one_of(kinds.COURT_GROUNDS)


class ConfirmationHandled(Schema):
    applied_on = Day()
    docket_no = formed(REPORT_NO)


class ConfirmationRefused(ConfirmationHandled):
    ground = one_of(kinds.CONFIRMATION_REFUSALS)


class ConfirmationGranted(ConfirmationHandled):
    served_on = Day()  # when the parties received it: their time to object runs from here; left out: when the event happened


class ConfirmationObjected(Schema):
    by = party_label(required=True)  # third_party: somebody whose interest it touches
    objected_on = Day(required=True)


class ExtendedByLeave(Schema):
    """By leave of the court's president, or of the head of the petition organ, given when the event happened."""

    days = Number(1, 365, required=True)


class TrialExtended(Schema):
    months = Number(1, 12, required=True)


class PapersReceived(Schema):
    reason = one_of(kinds.PAPERS, required=True)
    on = Day(required=True)


class CaseFiled(Schema):
    received_on = Day(required=True)
    restarted_on = Day()  # when a correction, or what another court handed over, came in: the seven days began anew
    decided_on = Day(required=True)
    docket_no = formed(REPORT_NO)
    cause = one_of(CAUSES, required=True)
    procedure = one_of(kinds.PROCEDURES, required=True)


class CaseFilingRefused(Schema):
    received_on = Day(required=True)
    restarted_on = Day()
    decided_on = Day(required=True)
    docket_no = formed(REPORT_NO)
    cause = one_of(CAUSES)
    procedure = one_of(kinds.PROCEDURES)
    reason = one_of(kinds.FILING_REFUSALS)


class CaseEntrusted(Schema):
    to = agency_code(required=True)
    procedure = one_of(kinds.PROCEDURES, required=True)


class CaseProcedureSet(Schema):
    procedure = one_of(kinds.PROCEDURES, required=True)


class CaseClosed(Schema):
    mode = one_of(kinds.CLOSING_MODES, required=True)
    docket_no = formed(REPORT_NO)


class ParticipantNamed(Schema):
    part = one_of(kinds.PARTICIPANTS, required=True)
    mediator = mediator_id()  # the roster id, where somebody on a roster is named


class EnforcementApplied(Schema):
    on = Day(required=True)


class EnforcementCompleted(Schema):
    on = Day(required=True)
    result = one_of(kinds.ENFORCEMENT_RESULTS, required=True)


class PetitionRegistered(Schema):
    petition_no = formed(REPORT_NO, required=True)
    repeat = Boolean(required=True)


class PetitionHandled(Schema):
    petition_no = formed(REPORT_NO, required=True)
    repeat = Boolean(load_default=False)


class PetitionDecided(PetitionHandled):
    result = one_of(kinds.PETITION_RESULTS)


class PetitionTransferred(PetitionHandled):
    to = one_of((*AGENCIES, *kinds.ELSEWHERE), required=True)


class DisputeRedirected(Schema):
    to = one_of((*AGENCIES, *kinds.ELSEWHERE), required=True)
    way = one_of(kinds.REDIRECT_WAYS, required=True)


class DisputeReopened(Schema):
    reason = one_of(kinds.REOPEN_REASONS, required=True)


class ReportWithdrawn(Schema):
    event = formed(EVENT_ID, required=True)  # the id under which the same agency reported it
    reason = one_of(kinds.MISREPORTS, required=True)


class ReportsJoined(Schema):
    into = dispute_code(required=True)  # the dispute that goes on; the one this is said about ends


class ReportsUnjoined(Schema):
    reported_by = agency_code(required=True)  # whose reports get a code of their own again
