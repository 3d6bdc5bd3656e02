"""Rules for notices: which agencies get which notice after an event of the mediation service. Pure functions."""

from dataclasses import dataclass

from contracts import AGENCIES, COUNTY
from plumbing.events import Event

# Codes of the agencies: mediation centre (M), political-legal committee (L).
MEDIATION_CENTRE, POLITICAL_LEGAL_COMMITTEE = (COUNTY.lead_agency(role).code for role in "ML")


@dataclass(frozen=True, slots=True)
class Notice:
    """Notice to one agency about a dispute, caused by one event of the mediation service."""

    kind: str  # the event type of the notice, such as notice.overdue
    dispute: str
    to: str  # code of the agency that gets the notice
    about: dict  # data of the notice, as its schema in package contracts defines
    event: Event
    change: int = 0  # number, from 1, of the change in the event's `deadlines` that leads to the notice; 0: the event itself does

    @property
    def id(self) -> str:
        """Id of the notice: event id, number of the change if there is one, and addressee, so that a redelivered event gives the same id."""
        return f"{self.event.id}/{self.change}/{self.to}" if self.change else f"{self.event.id}/{self.to}"


# fmt: off
# (change of a deadline by a step, clock) → type of the notice to the agencies that owe the next step. Clock None: every clock without an entry. Value None: no notice.
NOTICES_OF_CHANGES = {
    ("set",                     "referral_answer"):     "notice.referral",
    ("set",                     "routing"):             None,                   # no notice, because notice.proposal already states the deadline
    ("set",                     "call_answer"):         None,                   # no notice, because notice.call already states the deadline
    ("set",                     "archiving"):           None,                   # no notice, because archiving is not urgent
    ("set",                     "online_parties_choose"): None,                 # no notice, because the parties have to act and no agency
    ("set",                     "supervision_answer"):  None,                   # no notice, because notice.supervision already states the deadline
    ("set",                     "village_level"):       "notice.escalated",
    ("set",                     "township_office_level"): "notice.escalated",
    ("set",                     "township_level"):      "notice.escalated",
    ("set",                     None):                  "notice.deadline",
    ("recomputed",              None):                  "notice.deadline",
}
# Event type → type of the notice to the agencies that owe the step (`owed_by`).
NOTICES = {
    "deadline.recomputed":     "notice.deadline",
    "deadline.approached":     "notice.urged",
    "deadline.passed":         "notice.overdue",
    "duplicate.noted":         "notice.duplicate",
    "reports.joined":          "notice.joined",
    "routing.proposed":        "notice.proposal",
    "mediators.proposed":      "notice.mediators",
}
# (event type, clock) → agencies that get the notice in addition to the agencies that owe the step. Clock None: every clock without an entry.
ADDITIONAL_ADDRESSEES = {
    ("deadline.passed",         None):                  (MEDIATION_CENTRE,),  # the mediation centre supervises all deadlines (跟踪督办)
    ("deadline.passed",         "supervision_answer"):  (MEDIATION_CENTRE, POLITICAL_LEGAL_COMMITTEE),  # after an unanswered supervision notice (督办)
}
# Event type → type of the notice; function of the event's data that returns the addressees named in it; the same for additional addressees.
NOTICES_TO_NAMED_AGENCIES = {
    "dispute.routed":           ("notice.call",      lambda data: data.get("joint_with", ()),  lambda data: ()),  # the mediation body `to` gets notice.referral instead
    "departments.called":       ("notice.call",      lambda data: data["to"],  lambda data: ()),
    "supervision.issued":       ("notice.supervision",  lambda data: [data["to"]],
                                 lambda data: (POLITICAL_LEGAL_COMMITTEE,) if data["urged_for"] == "no_answer" else ()),
    # The police examine a suspected crime, the court any other suspicion (人民调解法 25; 特邀调解规定 18). The notice does not state the suspicion.
    "mediation.suspended":      ("notice.inquiry",      lambda data: [agency for agency in data.get("next_actors", ()) if _is_police_or_court(agency) and agency != data.get("agency")],
                                 lambda data: ()),
    "level.escalated":          ("notice.escalated",    lambda data: [MEDIATION_CENTRE] if data["level"] == "county_level" else [],  lambda data: ()),
}
ADDRESSED_TO_MEDIATION_BODY = ("reports.joined",)  # event types whose notice goes to the mediation body that had the dispute, because no agency owes a step
# Fields that are copied from the event's data into the notice, if present.
COPIED_FIELDS = ("clock", "kind", "article", "started_at", "due_at", "provisional", "paused", "into", "other", "reasons", "days", "candidates", "excluded", "mediators", "level", "escalated_for", "urged_for")
# fmt: on


def notices_for(event: Event) -> list[Notice]:
    """Return the notices that follow from one event of the mediation service: those of the event itself, then those of the deadlines that a step changed.

    Most events lead to none.
    """
    notices = _notices_of_event(event)
    for number, change in enumerate(event.data.get("deadlines", ()), 1):
        notices += _notices_of_change(event, number, change)
    return notices


def _notices_of_event(event):
    data = event.data
    if event.type in NOTICES_TO_NAMED_AGENCIES:
        kind, named, additional = NOTICES_TO_NAMED_AGENCIES[event.type]
        about = _copied_fields(event, data) | _renamed_fields(event.type, data)
        return [Notice(kind, event.subject, to, about, event) for to in dict.fromkeys((*named(data), *additional(data)))]
    kind = NOTICES.get(event.type)
    # If a right of the parties lapsed with the deadline, no agency is overdue. If the dispute is suspended, no agency has to act.
    if kind is None or data.get("lapsed") or data.get("because") == "not_counted":
        return []
    owing = data["owed_by"] if event.type not in ADDRESSED_TO_MEDIATION_BODY else [data["body"]] if data.get("body") else []
    addressees = dict.fromkeys((*owing, *(_look_up_rule(ADDITIONAL_ADDRESSEES, event.type, data.get("clock")) or ())))
    about = _copied_fields(event, data) if addressees else {}
    return [Notice(kind, event.subject, to, about, event) for to in addressees]


def _notices_of_change(event, number, change):
    kind = _look_up_rule(NOTICES_OF_CHANGES, change["change"], change["clock"])
    if kind is None:
        return []
    about = _copied_fields(event, change)
    if kind == "notice.escalated":
        about["level"] = change["clock"]
    return [Notice(kind, event.subject, to, about, event, number) for to in dict.fromkeys(change["owed_by"])]


def _copied_fields(event, data):
    return {"dispute": event.subject, **{name: data[name] for name in COPIED_FIELDS if name in data}}


def _look_up_rule(table, occurrence, clock):
    return table[occurrence, clock] if (occurrence, clock) in table else table.get((occurrence, None))


def _is_police_or_court(agency):
    return AGENCIES[agency].role in ("P", "C")


def _renamed_fields(event_type, data):
    """Return the fields of the notice whose names differ from those in the event's data."""
    if event_type == "mediation.suspended":
        return {"asked_by": data["agency"]}
    if event_type in ("departments.called", "dispute.routed"):
        return {
            "called_for": data["reason"] if event_type == "departments.called" else "joint_handling",
            **({"led_by": data["next_actors"][0]} if data.get("next_actors") else {}),
        }
    if event_type == "supervision.issued":
        return {"urged_by": data["agency"]} if data.get("agency") else {}
    return {}
