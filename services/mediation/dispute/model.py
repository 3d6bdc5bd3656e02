"""Data model: one dispute, its deadlines, and the decision about an event or a passed time. No logic.

Values of a dispute's fields are replaced, never changed in place: corrections.py keeps references to the old values.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.mediation.dispute import escalation
from services.mediation.dispute.agencies import CENTRE, COURT, POLICE
from services.mediation.dispute.hold import Hold

INITIAL_STATE = "detected"


@dataclass(slots=True)
class Deadline:
    """A deadline of one dispute: one run of a clock. `next_check_at` is the time of the next check, for a reminder or because it has passed."""

    clock: str
    key: str  # the clock's name, with a number where one clock can run several times: "performance/2"
    kind: str
    started_at: datetime
    due_at: datetime
    owed_by: tuple[str, ...]
    set_at: datetime
    next_check_at: datetime | None = None  # None: no further check, or paused
    state: str = "open"  # open, passed, met, stopped
    provisional: bool = False  # may still move: the holiday calendar of its year is not published, or it is paused
    pauses: list[tuple[datetime, datetime | None]] = field(default_factory=list)  # appraisals: start and end; None: not ended yet
    extensions: list[tuple[datetime, int | str]] = field(default_factory=list)  # time of consent or approval; days, or months as "P6M"
    restarted_at: datetime | None = None
    opened_at: datetime | None = None  # when the procedure was ordered, for rules that are valid for some dates only
    suspensions: list[tuple[datetime, datetime | None]] = field(default_factory=list)  # of mediation: start and end; None: not ended yet
    postponed_days: int = 0  # days not counted because the dispute was held or stayed

    @property
    def paused_since(self) -> datetime | None:
        """Start of the current appraisal or suspension, the later one if both are current; None if neither is."""
        return max((one[-1][0] for one in (self.pauses, self.suspensions) if one and one[-1][1] is None), default=None)

    @property
    def is_paused(self) -> bool:
        return self.paused_since is not None


@dataclass(slots=True)
class Dispute:
    """Record of one dispute, without persons or narrative. `deadlines` contains the deadlines that are open or passed, not those met or stopped."""

    code: str
    state: str = INITIAL_STATE
    township: str = ""  # code
    kind: str = ""  # of dispute: family, labour, medical, …
    reporter: str = ""  # the agency whose report was registered
    body: str | None = None  # the agency it is routed to, then the one that accepted it
    parties: frozenset[str] = frozenset()  # labels of the recorded parties: applicant, respondent, respondent-2
    consents: frozenset[str] = frozenset()  # labels of the parties that consented to mediation
    suitable: bool | None = None  # for mediation, by the screening
    mediator: str | None = None  # roster number of the present mediator
    terms: list[dict] = field(default_factory=list)  # {"due_on": "2026-05-01", "result": None | "full" | "part" | "default"}
    outcome: str | None = None  # how the dispute ended, or would end if it were closed now
    opened_at: datetime | None = None  # when the report was made
    entered_at: datetime | None = None  # when the present state was entered
    steps: int = 0  # number of steps applied
    deadlines: dict[str, Deadline] = field(default_factory=dict)
    hold: Hold | None = None  # safeguard hold and stays
    # Fields that are set for some disputes only; stored as listed in PARTICULARS.
    track: str = "A"  # of tracks.TRACKS
    cause: str | None = None  # code of the cause of action (案由)
    wants: str | None = None  # what the applicant requested with the report, such as mediation
    sent_by: str | None = None  # the agency that routed or entrusted it, to which a declined referral returns
    court: str | None = None  # the court that has the case, or the application for confirmation
    docket: str | None = None  # of the court's case: open, closed; None: no case was filed
    received_on: str | None = None  # the day on which that court received the claim
    procedure: str | None = None  # of the trial: ordinary, simplified, small_claims, fast_track
    court_closing_mode: str | None = None  # how the court closed its case
    termination_ground: str | None = None  # why mediation ended
    suspension_reason: str | None = None  # why mediation was suspended
    state_before_pause: str | None = None  # to which the dispute returns after an appraisal
    extensions: int = 0  # number of extensions of mediation
    agreement: dict | None = None  # {"effective_on", "form", "confirmable", "about", "by"}
    confirmation: str | None = None  # applied, accepted, granted, refused, withdrawn, lapsed
    was_objected_to: bool = False  # whether an objection to the court's confirmation was made
    conflicts: dict[str, bool] = field(default_factory=dict)  # mediator or body with a disclosed conflict: whether all parties agreed afterwards
    mediators: tuple[str, ...] = ()  # all persons who have mediated this dispute
    mediators_refused: int = 0  # number of refusals of a mediator by a party
    refused_mediators: tuple[str, ...] = ()  # the persons refused
    # Routing, levels, called departments, supervision: routing/effects.py, escalation.py.
    village: str | None = None
    standings: tuple[str, ...] = ()  # types of the parties (bank, employer, …)
    flags: tuple[str, ...] = ()  # circumstances that require special care
    organisation: str | None = None  # code on the roster of the body, where the agency reports for several organisations
    joint: tuple[str, ...] = ()  # agencies that handle the dispute jointly with the leading body
    excluded_bodies: dict[str, str] = field(default_factory=dict)  # bodies that are not proposed again: the reason
    level: str | None = None  # of escalation.LEVELS; None unless the grid reported the dispute
    called: dict[str, str | None] = field(default_factory=dict)  # departments called in: their answer, or None
    supervised_agency: str | None = None  # the agency that owes an answer to a supervision
    no_answer_supervisions: int = 0  # number of consecutive automatic supervisions because an earlier one was not answered
    supervision_count: int = 0  # number of supervisions in all
    # History of steps. Loaded from the database only if an earlier step may be undone; steps of the current batch are appended.
    applied_steps: list["AppliedStep"] = field(default_factory=list, compare=False, repr=False)


# Fields stored in the jsonb column `particulars`, each only if it differs from its default.
PARTICULARS = (
    "track", "cause", "wants", "sent_by", "court", "docket", "received_on", "procedure", "court_closing_mode", "termination_ground", "suspension_reason",
    "state_before_pause", "extensions", "agreement", "confirmation", "was_objected_to", "conflicts", "mediators", "mediators_refused", "refused_mediators",
    "village", "standings", "flags", "organisation", "joint", "excluded_bodies", "level", "called", "supervised_agency", "no_answer_supervisions",
    "supervision_count",
)  # fmt: skip
TUPLE_FIELDS = ("mediators", "refused_mediators", "standings", "flags", "joint")  # stored as lists in JSON


class Transition(NamedTuple):
    """One row of a dispute's history. `step` counts 1, 2, 3 … per dispute; `before` and `after` are equal for a step that is only noted."""

    before: str
    after: str
    step: int


class AppliedStep(NamedTuple):
    """A step that took effect: who reported it under which event id, and how to undo it.

    `inverse` contains the previous values of what the step changed (corrections.py); it is empty for a step that changed nothing.
    """

    step: int
    step_type: str
    agency: str | None  # None: the step was taken automatically because a deadline passed
    event_id: str | None  # of the agency's event
    happened_at: datetime
    inverse: dict
    undoes: int | None = None  # number of the earlier step that this one undoes


@dataclass(slots=True)
class Decision:
    """Result of deciding one event or one passed time: the dispute (changed in place), what to store of it, and the events to publish, in order."""

    dispute: Dispute | None
    refused: str | None = None  # reason code of the refusal
    transition: Transition | None = None
    applied_step: AppliedStep | None = None
    new_events: list[tuple[str, dict]] = field(default_factory=list)  # (event type, data), for the ordinary stream
    deadlines: list[Deadline] = field(default_factory=list)  # those that changed
    # Of the safeguard lane: events for the sealed stream, ordinary events that were held back until now ([event type, data]), and the hold if it changed.
    sealed_events: list[tuple[str, dict]] = field(default_factory=list)
    delayed_events: list[list] = field(default_factory=list)
    hold: Hold | None = None


def agencies_in_role(dispute: Dispute, roles: tuple[str, ...]) -> tuple[str, ...]:
    """Return the agencies that have these roles in the dispute now, each once."""
    return tuple(dict.fromkeys([agency for role in roles for agency in _AGENCIES_BY_ROLE[role](dispute)]))


# fmt: off
_AGENCIES_BY_ROLE = {
    "centre":    lambda dispute: (CENTRE,),
    "body":      lambda dispute: (dispute.body or CENTRE,),
    "sender":    lambda dispute: (dispute.sent_by or CENTRE,),
    "court":     lambda dispute: (dispute.court or COURT,),
    # Appoints a mediator if the parties do not choose one: the court that has the case, else the mediating body (特邀调解规定 12; 在线调解规则 10).
    "appoints":  lambda dispute: (dispute.court or COURT,) if dispute.docket == "open" else (dispute.body or CENTRE,),
    "authority": lambda dispute: (POLICE if dispute.suspension_reason == "suspected_crime" else dispute.court or COURT,),
    "level":     lambda dispute: (escalation.agency_at_level(dispute),),
    "called":    escalation.departments_without_answer,
    "urged":     lambda dispute: (dispute.supervised_agency or CENTRE,),
}
# fmt: on
