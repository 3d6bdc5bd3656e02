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
    Day,
    Instant,
    Many,
    Number,
    Part,
    Shape,
    Sum,
    Truth,
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


class Place(Shape):
    township = township_code(required=True)
    village = formed(VILLAGE)
    grid = formed(GRID)

    def whole(self, data):
        if not data.get("village", data["township"]).startswith(data["township"]):
            raise ValidationError("not_in_township", "village")


class Risk(Shape):
    domestic_violence = Truth(load_default=False)
    minor = Truth(load_default=False)
    mass = Truth(load_default=False)
    violence_threat = Truth(load_default=False)


class Party(Shape):
    role = one_of(kinds.PARTY_ROLES, required=True)
    name = limited(100, required=True)
    phone = formed(r"^[0-9+() -]{3,32}$")
    id_number = formed(r"^[0-9A-Za-z()-]{5,32}$")
    address = limited(200)


class Parties(Shape):
    """What a sealed box has to hold: the list alone, as `parties` has it in clear."""

    parties = Many(Part(Party), low=1, high=50, required=True)


class DisputeReported(Shape):
    report_no = formed(REPORT_NO, required=True)
    channel = one_of(kinds.CHANNELS, required=True)
    place = Part(Place, required=True)
    kind = one_of(kinds.KINDS, required=True)
    cause = one_of(CAUSES)
    amount_cny = Sum()
    wants = one_of(kinds.WANTS, required=True)
    standings = Many(one_of(kinds.STANDINGS), high=len(kinds.STANDINGS))
    flags = Many(one_of(kinds.FLAGS), high=len(kinds.FLAGS))
    parties = Many(Part(Party), low=1, high=50)
    parties_sealed = formed(r"^[A-Za-z0-9+/]{64,65536}={0,2}$")  # base64 of a libsodium sealed box that holds the list `parties` as JSON
    risk = Part(Risk, load_default=lambda: dict.fromkeys(kinds.RISKS, False))

    def whole(self, data):
        if "parties" in data and "parties_sealed" in data:
            raise ValidationError("both_ways", "parties_sealed")


class DisputeScreened(Shape):
    suitable = Truth(required=True)
    track = one_of(kinds.TRACKS, required=True)
    court_received_on = Day()  # when a court received the claim, if it was brought to one: the track goes by it
    matter = one_of(kinds.MATTERS)  # not given: an ordinary civil matter
    kind = one_of(kinds.KINDS, required=True)
    cause = one_of(CAUSES)
    standings = Many(one_of(kinds.STANDINGS), high=len(kinds.STANDINGS))
    flags = Many(one_of(kinds.FLAGS), high=len(kinds.FLAGS))
    risk = Part(Risk, load_default=lambda: dict.fromkeys(kinds.RISKS, False))


class DisputeRouted(Shape):
    to = agency_code(required=True)
    organisation = organisation_code()  # on the roster, where the agency speaks for several
    joint_with = Many(agency_code(), high=10, load_default=list)
    reason = one_of(kinds.ROUTE_REASONS, required=True)


class ReferralAccepted(Shape):
    mediator = mediator_id()
    conflict_of_interest = Truth(load_default=False)
    agreed_after_disclosure = Truth(load_default=False)  # all parties, knowing of the conflict


class ReferralDeclined(Shape):
    reason = one_of(kinds.DECLINE_REASONS, required=True)


class Consent(Shape):
    party = party_label(required=True)
    how = one_of(kinds.CONSENT_WAYS, required=True)


class MediatorChosen(Shape):
    mediator = mediator_id(required=True)


class MediatorRequested(Shape):
    party = party_label()  # who asked; not given: both
    prefers = mediator_id()  # whom the parties would like, though they cannot appoint


class MediationStarted(Shape):
    pass


class SessionHeld(Shape):
    mode = one_of(kinds.MODES, required=True)
    minutes = Number(1, 1440, required=True)
    next_at = Instant()


class MediationExtended(Shape):
    days = Number(1, 365, required=True)
    consents = Many(party_label(), low=1, required=True)


class MediationSuspended(Shape):
    reason = one_of(kinds.SUSPENSION_REASONS, required=True)


class MediationTerminated(Shape):
    ground = one_of(kinds.GROUNDS, required=True)


class Term(Shape):
    kind = one_of(kinds.TERM_KINDS, required=True)
    due_on = Day(required=True)
    amount_cny = Sum()


class AgreementReached(Shape):
    form = one_of(kinds.FORMS, required=True)
    effective_on = Day(required=True)
    document_sha256 = sha256_hex()
    terms = Many(Part(Term), high=100, load_default=list)
    confirmable = Truth(required=True)
    about = Many(one_of(kinds.SUBJECTS))  # what it settles


class PerformanceRecorded(Shape):
    term = Number(1, 100, required=True)  # which of the agreement's terms, counted from 1
    result = one_of(kinds.RESULTS, required=True)
    on = Day(required=True)


class WhistleBlown(Shape):
    to = Many(agency_code(), low=1, high=10, required=True)  # the departments that are called; the body that has the dispute leads
    reason = one_of(kinds.WHISTLE_REASONS, required=True)


class WhistleAnswered(Shape):
    answer = one_of(kinds.WHISTLE_ANSWERS, required=True)


class LevelEscalated(Shape):
    level = one_of(tuple(kinds.LEVELS)[1:], required=True)  # where it is now
    escalated_for = one_of(kinds.ESCALATION_REASONS, required=True)


class SupervisionIssued(Shape):
    to = agency_code(required=True)
    urged_for = one_of(kinds.SUPERVISION_REASONS, required=True)
    clock = one_of(CLOCKS)  # what was due


class SupervisionAnswered(Shape):
    answer = one_of(kinds.SUPERVISION_ANSWERS, required=True)


class RosterChanged(Shape):
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
    takes = Many(one_of(kinds.KINDS), high=len(kinds.KINDS))  # none: every kind

    def whole(self, data):
        if "village" in data and not data["village"].startswith(data.get("township", "-")):
            raise ValidationError("not_in_township", "village")


class DisputeFollowedUp(Shape):
    settled = Truth(required=True)
    satisfied = Truth()


class DisputeArchived(Shape):
    archive_no = formed(REPORT_NO, required=True)
    reason = one_of(kinds.MISREPORTS)  # of a dispute that was registered by mistake: what was wrong


class ConflictDisclosed(Shape):
    mediator = mediator_id()  # whom it concerns; neither given: the body that discloses it
    body = agency_code()
    relation = one_of(kinds.CONFLICTS, required=True)
    agreed_after_disclosure = Truth(load_default=False)  # all parties, knowing of the conflict


class MediatorRefused(Shape):
    party = party_label(required=True)
    mediator = mediator_id()


class ClockPaused(Shape):
    reason = one_of(kinds.PAUSE_REASONS, required=True)


class ClockResumed(Shape):
    reason = one_of(kinds.PAUSE_REASONS)


class MediationResumed(Shape):
    pass


class ConfirmationApplied(Shape):
    applied_on = Day(required=True)
    docket_no = formed(REPORT_NO)
    applicants = Many(party_label(), low=1)  # not given: all parties jointly
    court = agency_code()
    court_ground = one_of(kinds.COURT_GROUNDS)


class ConfirmationHandled(Shape):
    applied_on = Day()
    docket_no = formed(REPORT_NO)


class ConfirmationRefused(ConfirmationHandled):
    ground = one_of(kinds.CONFIRMATION_REFUSALS)


class ConfirmationGranted(ConfirmationHandled):
    served_on = Day()  # when the parties received it: their time to object runs from here; left out: when the event happened


class ConfirmationObjected(Shape):
    by = party_label(required=True)  # third_party: somebody whose interest it touches
    objected_on = Day(required=True)


class ExtendedByLeave(Shape):
    """By leave of the court's president, or of the head of the petition organ, given when the event happened."""

    days = Number(1, 365, required=True)


class TrialExtended(Shape):
    months = Number(1, 12, required=True)


class PapersReceived(Shape):
    reason = one_of(kinds.PAPERS, required=True)
    on = Day(required=True)


class CaseFiled(Shape):
    received_on = Day(required=True)
    restarted_on = Day()  # when a correction, or what another court handed over, came in: the seven days began anew
    decided_on = Day(required=True)
    docket_no = formed(REPORT_NO)
    cause = one_of(CAUSES, required=True)
    procedure = one_of(kinds.PROCEDURES, required=True)


class CaseFilingRefused(Shape):
    received_on = Day(required=True)
    restarted_on = Day()
    decided_on = Day(required=True)
    docket_no = formed(REPORT_NO)
    cause = one_of(CAUSES)
    procedure = one_of(kinds.PROCEDURES)
    reason = one_of(kinds.FILING_REFUSALS)


class CaseEntrusted(Shape):
    to = agency_code(required=True)
    procedure = one_of(kinds.PROCEDURES, required=True)


class CaseProcedureSet(Shape):
    procedure = one_of(kinds.PROCEDURES, required=True)


class CaseClosed(Shape):
    mode = one_of(kinds.CLOSING_MODES, required=True)
    docket_no = formed(REPORT_NO)


class ParticipantNamed(Shape):
    part = one_of(kinds.PARTICIPANTS, required=True)
    mediator = mediator_id()  # the roster id, where somebody on a roster is named


class EnforcementApplied(Shape):
    on = Day(required=True)


class EnforcementCompleted(Shape):
    on = Day(required=True)
    result = one_of(kinds.ENFORCEMENT_RESULTS, required=True)


class PetitionRegistered(Shape):
    petition_no = formed(REPORT_NO, required=True)
    repeat = Truth(required=True)


class PetitionHandled(Shape):
    petition_no = formed(REPORT_NO, required=True)
    repeat = Truth(load_default=False)


class PetitionDecided(PetitionHandled):
    result = one_of(kinds.PETITION_RESULTS)


class PetitionTransferred(PetitionHandled):
    to = one_of((*AGENCIES, *kinds.ELSEWHERE), required=True)


class DisputeRedirected(Shape):
    to = one_of((*AGENCIES, *kinds.ELSEWHERE), required=True)
    way = one_of(kinds.REDIRECT_WAYS, required=True)


class DisputeReopened(Shape):
    reason = one_of(kinds.REOPEN_REASONS, required=True)


class ReportWithdrawn(Shape):
    event = formed(EVENT_ID, required=True)  # the id under which the same agency reported it
    reason = one_of(kinds.MISREPORTS, required=True)


class ReportsJoined(Shape):
    into = dispute_code(required=True)  # the dispute that goes on; the one this is said about ends


class ReportsUnjoined(Shape):
    reported_by = agency_code(required=True)  # whose reports get a code of their own again
