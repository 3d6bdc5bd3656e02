"""Data model: a dispute, its deadlines, and the decision on an event or on a passed deadline. No logic.

The value of a field of a dispute is replaced, never changed in place, because a copy of a dispute shares the values of its fields.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.mediation.dispute import escalation
from services.mediation.dispute.agencies import CENTRE, COURT, POLICE
from services.mediation.dispute.hold import Hold
from services.mediation.dispute.tracks import is_awaiting_filing_decision

INITIAL_STATE = "detected"


@dataclass(slots=True)
class Deadline:
    """Deadline of one dispute, set by a clock. `next_check_at` is the time at which it is checked next, for a reminder or because it has passed then."""

    clock: str
    key: str  # name of the clock, with a number if the clock can run several times for one dispute: "performance/2"
    kind: str
    started_at: datetime
    due_at: datetime
    owed_by: tuple[str, ...]
    set_at: datetime
    next_check_at: datetime | None = None  # None: the deadline is not checked again, or it is paused
    state: str = "open"  # state of the deadline: open, passed, met or stopped
    provisional: bool = False  # True: it may still move, because the holiday calendar of its year is not published or because it is paused
    pauses: list[tuple[datetime, datetime | None]] = field(default_factory=list)  # start and end of each appraisal; None: the appraisal has not ended
    extensions: list[tuple[datetime, int | str]] = field(
        default_factory=list
    )  # time of the consent or approval, and the length: a number of days, or months as "P6M"
    restarted_at: datetime | None = None  # when the period began anew, for example because missing papers were received
    opened_at: datetime | None = None  # day of the claim, stored only if the rule is limited to some dates; selects the version of the rule
    suspensions: list[tuple[datetime, datetime | None]] = field(default_factory=list)  # start and end of each suspension of mediation; None: it has not ended
    postponed_days: int = 0  # number of days not counted because the dispute was held or stayed
    awaits: tuple[str, ...] = ()  # the end is past, but these agencies may still report a step that met the deadline in time; empty: not yet determined
    is_replaced: bool = False  # it passed, and a later deadline of the same clock has taken its place: it is not current any more
    met_at: datetime | None = None  # when the deadline was met; not stored
    reminded_at: datetime | None = None  # time for which the last reminder was planned that was sent; None: none was sent

    @property
    def paused_since(self) -> datetime | None:
        """Start of the current appraisal or suspension, the later start if both are current; None if neither is current."""
        return max((periods[-1][0] for periods in (self.pauses, self.suspensions) if periods and periods[-1][1] is None), default=None)

    @property
    def is_paused(self) -> bool:
        return self.paused_since is not None


@dataclass(slots=True)
class Dispute:
    """One dispute, without personal data or narrative. `deadlines` contains only deadlines that are open or passed, not those that were met or stopped."""

    code: str
    state: str = INITIAL_STATE
    township: str = ""  # code of the township
    kind: str = ""  # kind of dispute: family, labour, medical, …
    reporter: str = ""  # agency whose dispute report was registered
    body: str | None = None  # mediation body to which the dispute was referred, and which may have accepted it
    parties: frozenset[str] = frozenset()  # labels of the recorded parties: applicant, respondent, respondent-2
    consents: frozenset[str] = frozenset()  # labels of the parties that consented to mediation
    suitable: bool | None = None  # whether the screening found the dispute suitable for mediation; None: not screened
    mediator: str | None = None  # number of the present mediator on the roster
    terms: list[dict] = field(default_factory=list)  # of the agreement: {"due_on": "2026-05-01", "result": None | "full" | "part" | "default"}
    outcome: str | None = None  # outcome of the dispute, published when it is closed
    opened_at: datetime | None = None  # when the dispute was reported
    entered_at: datetime | None = None  # when the dispute entered its present state
    steps: int = 0  # number of steps applied
    latest_at: datetime | None = None  # the latest time at which a reported step happened
    automatic_at: datetime | None = None  # time of the latest automatic step; None: there was none
    deadlines: dict[str, Deadline] = field(default_factory=dict)
    hold: Hold | None = None  # safeguard hold and stays
    # Fields that are set for some disputes only; stored as listed in PARTICULARS.
    track: str = "A"  # code of a track in tracks.TRACKS
    cause: str | None = None  # code of the cause of action (案由)
    wants: str | None = None  # request of the applicant in the dispute report, such as mediation
    sent_by: str | None = None  # agency that referred the dispute to a mediation body; a declined referral goes back to it
    court: str | None = None  # court that has the case or the application for confirmation
    docket: str | None = None  # state of the case on the court's docket: open, closed; None: no case was filed
    received_on: str | None = None  # day on which the court received the claim
    procedure: str | None = None  # procedure of the trial: ordinary, simplified, small_claims, fast_track
    court_closing_mode: str | None = None  # how the court closed the case, such as judgment or withdrawn
    termination_ground: str | None = None  # why mediation ended
    suspension_reason: str | None = None  # why mediation was suspended
    state_before_pause: str | None = None  # state to which the dispute returns after an appraisal
    extensions: int = 0  # number of times mediation was extended
    agreement: dict | None = None  # keys "effective_on", "form", "confirmable", "about" (subjects), "by" (agency); None: no agreement
    confirmation: str | None = None  # state of the court's confirmation of the agreement: applied, accepted, granted, refused, withdrawn, lapsed
    was_objected_to: bool = False  # whether an objection to the court's confirmation was made
    conflicts: dict[str, bool] = field(default_factory=dict)  # mediator or mediation body with a conflict of interest: whether all parties agreed
    mediators: tuple[str, ...] = ()  # roster numbers of all persons who have mediated this dispute
    mediators_refused: int = 0  # number of refusals of a mediator by a party
    refused_mediators: tuple[str, ...] = ()  # mediators whom a party refused
    # Fields for routing to a mediation body, levels, called departments and supervision, set in routing/effects.py and escalation.py.
    village: str | None = None
    standings: tuple[str, ...] = ()  # types of organisation among the parties (bank, employer, …)
    flags: tuple[str, ...] = ()  # circumstances reported with the dispute that require special care
    organisation: str | None = None  # code of the organisation on the roster, if the mediation body reports for several organisations
    joint: tuple[str, ...] = ()  # agencies that handle the dispute jointly with the mediation body
    excluded_bodies: dict[str, str] = field(default_factory=dict)  # mediation bodies that are not proposed again, each with the reason
    level: str | None = None  # level of escalation (escalation.LEVELS); None: the grid did not report the dispute
    called: dict[str, str | None] = field(default_factory=dict)  # called departments: answer of each; None: not answered
    supervised_agency: str | None = None  # agency that has to answer a supervision; None: no supervision is unanswered
    no_answer_supervisions: int = 0  # number of consecutive supervisions issued because an earlier supervision was not answered
    supervision_count: int = 0  # total number of supervisions
    # Applied steps. Earlier ones are loaded from the database only if a step may have to be undone; steps of the current batch are appended.
    applied_steps: list["AppliedStep"] = field(default_factory=list, compare=False, repr=False)


# Fields of a dispute stored in the jsonb column `particulars`. A field is stored only if it differs from its default.
PARTICULARS = (
    "track", "cause", "wants", "sent_by", "court", "docket", "received_on", "procedure", "court_closing_mode", "termination_ground", "suspension_reason",
    "state_before_pause", "extensions", "agreement", "confirmation", "was_objected_to", "conflicts", "mediators", "mediators_refused", "refused_mediators",
    "village", "standings", "flags", "organisation", "joint", "excluded_bodies", "level", "called", "supervised_agency", "no_answer_supervisions",
    "supervision_count",
)  # fmt: skip
TUPLE_FIELDS = ("mediators", "refused_mediators", "standings", "flags", "joint")  # fields of a dispute that are tuples, stored as JSON lists


class Transition(NamedTuple):
    """State before and after one step of a dispute. `step` is the number of the step (1, 2, 3 …). A noted step has equal states."""

    before: str
    after: str
    step: int


class AppliedStep(NamedTuple):
    """A step that took effect, with its facts. The present dispute is the result of all of them (lifecycle/recomputing.py)."""

    step: int
    step_type: str
    agency: str | None  # None: the step was taken automatically because a deadline passed, or the dispute left the safeguard lane
    event_id: str | None  # id of the agency's event; None as for `agency`
    happened_at: datetime
    facts: dict  # of an automatic step: also `deadline`, the key of the deadline that passed
    undoes: int | None = None  # number of the earlier step that this step undoes; None: it undoes no step


@dataclass(slots=True)
class Decision:
    """Decision on one event or one passed deadline: the dispute (changed in place), the changes to store, and the events to publish, in order."""

    dispute: Dispute | None
    refused: str | None = None  # reason code if the step is refused; None: it is not refused
    transition: Transition | None = None
    applied_step: AppliedStep | None = None
    new_events: list[tuple[str, dict]] = field(default_factory=list)  # (event type, data) of events to publish on the ordinary stream
    deadlines: list[Deadline] = field(default_factory=list)  # deadlines that changed
    deadline_changes: list[dict] = field(default_factory=list)  # what was done to deadlines, in order, until an event of `new_events` takes it over
    earlier_steps: list[tuple[Transition, AppliedStep]] = field(default_factory=list)  # automatic steps before the step of this decision
    # Differences of the numbers of referrals that each mediation body accepted or declined, if the history was applied again: (body, event type) → difference.
    referral_differences: dict[tuple[str, str], int] | None = None
    # Safeguard lane: events for the sealed stream, ordinary events that were held back until now ([event type, data]), and the hold if it changed.
    sealed_events: list[tuple[str, dict]] = field(default_factory=list)
    delayed_events: list[list] = field(default_factory=list)
    hold: Hold | None = None

    @property
    def steps_taken(self) -> list[tuple[Transition, AppliedStep]]:
        """All steps of this decision, in order: the automatic ones before the step, and the step itself if there is one."""
        return [*self.earlier_steps, (self.transition, self.applied_step)] if self.applied_step else []


def agencies_in_role(dispute: Dispute, roles: tuple[str, ...]) -> tuple[str, ...]:
    """Return the codes of the agencies that have one of these roles in the dispute at present, without duplicates."""
    return tuple(dict.fromkeys([agency for role in roles for agency in _AGENCIES_BY_ROLE[role](dispute)]))


# fmt: off
# Role in a dispute: function of the dispute that returns the codes of the agencies in this role.
_AGENCIES_BY_ROLE = {
    "centre":    lambda dispute: (CENTRE,),
    # After a screening, the mediation centre refers the dispute, unless a court has to decide whether to register a complaint.
    "after_screening": lambda dispute: (dispute.court or COURT,) if is_awaiting_filing_decision(dispute) else (CENTRE,),
    "archives":  lambda dispute: (CENTRE,) if dispute.state == "redirected" else (dispute.body or CENTRE,),
    "body":      lambda dispute: (dispute.body or CENTRE,),
    "sender":    lambda dispute: (dispute.sent_by or CENTRE,),
    "court":     lambda dispute: (dispute.court or COURT,),
    # Appointing agency, if the parties do not choose a mediator: the court that has the case, else the mediation body (特邀调解规定 12; 在线调解规则 10).
    "appoints":  lambda dispute: (dispute.court or COURT,) if dispute.docket == "open" else (dispute.body or CENTRE,),
    "authority": lambda dispute: (POLICE if dispute.suspension_reason == "suspected_crime" else dispute.court or COURT,),
    "level":     lambda dispute: (escalation.agency_at_level(dispute),),
    "called":    escalation.departments_without_answer,
    "urged":     lambda dispute: (dispute.supervised_agency or CENTRE,),
}
# fmt: on
