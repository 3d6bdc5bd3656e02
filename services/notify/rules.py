"""Rules for notices: which agencies get which notice after an event of mediation. Pure functions."""

from dataclasses import dataclass

from contracts import AGENCIES, COUNTY
from plumbing.events import Event

CENTRE, COMMITTEE = (COUNTY.lead(role).code for role in "ML")  # mediation centre, political-legal committee


@dataclass(frozen=True, slots=True)
class Notice:
    kind: str  # the event type of the notice, such as notice.overdue
    dispute: str
    to: str
    about: dict  # the data of the notice
    event: Event

    @property
    def id(self) -> str:
        """Id from the event and the addressee, so that a repeated event gives the same id."""
        return f"{self.event.id}/{self.to}"


# fmt: off
# (event type, clock) → the notice for the agencies that owe the step (`owed_by`). Clock None: every clock without a row of its own.
NOTICES = {
    ("deadline.set",            "referral_answer"):     "notice.referral",
    ("deadline.set",            "routing"):             None,                   # notice.proposal contains the deadline
    ("deadline.set",            "call_answer"):         None,                   # notice.call contains the deadline
    ("deadline.set",            "archiving"):           None,                   # archiving is not urgent
    ("deadline.set",            "online_parties_choose"): None,                 # the parties have to act, no agency
    ("deadline.set",            "supervision_answer"):  None,                   # notice.supervision contains the deadline
    ("deadline.set",            "village_level"):       "notice.escalated",
    ("deadline.set",            "township_office_level"): "notice.escalated",
    ("deadline.set",            "township_level"):      "notice.escalated",
    ("deadline.set",            None):                  "notice.deadline",
    ("deadline.recomputed",     None):                  "notice.deadline",
    ("deadline.approached",     None):                  "notice.urged",
    ("deadline.passed",         None):                  "notice.overdue",
    ("duplicate.noted",         None):                  "notice.duplicate",
    ("reports.joined",          None):                  "notice.joined",
    ("routing.proposed",        None):                  "notice.proposal",
    ("mediators.proposed",      None):                  "notice.mediators",
}
# (event type, clock) → agencies that get the notice in addition to those that owe the step.
ADDITIONAL_ADDRESSEES = {
    ("deadline.passed",         None):                  (CENTRE,),  # the centre supervises all deadlines (跟踪督办)
    ("deadline.passed",         "supervision_answer"):  (CENTRE, COMMITTEE),  # a supervision notice (督办) without an answer
}
# Event type → its notice, the addressees that the event names, and additional addressees.
NOTICES_TO_NAMED_AGENCIES = {
    "dispute.routed":           ("notice.call",      lambda data: data.get("joint_with", ()),  lambda data: ()),  # the mediation body itself gets notice.referral
    "departments.called":       ("notice.call",      lambda data: data["to"],  lambda data: ()),
    "supervision.issued":       ("notice.supervision",  lambda data: [data["to"]],
                                 lambda data: (COMMITTEE,) if data["urged_for"] == "no_answer" else ()),
    # The police examine a suspected crime, the court other suspicions (人民调解法 25; 特邀调解规定 18). The notice does not state the suspicion.
    "mediation.suspended":      ("notice.inquiry",      lambda data: [agency for agency in data.get("next_actors", ()) if _is_police_or_court(agency) and agency != data.get("agency")],
                                 lambda data: ()),
    "level.escalated":          ("notice.escalated",    lambda data: [CENTRE] if data["level"] == "county_level" else [],  lambda data: ()),
}
ADDRESSED_TO_BODY = ("reports.joined",)  # no agency owes a step: the notice is for the mediation body that had the dispute
# Fields that a notice copies from the event's data.
COPIED_FIELDS = ("clock", "kind", "article", "started_at", "due_at", "into", "other", "reasons", "days", "candidates", "excluded", "mediators", "level", "escalated_for", "urged_for")
# fmt: on


def notices_for(event: Event) -> list[Notice]:
    """Return the notices that follow from one event of mediation; most events have none."""
    data = event.data
    about = {"dispute": event.subject, **{name: data[name] for name in COPIED_FIELDS if name in data}}
    if event.type in NOTICES_TO_NAMED_AGENCIES:
        kind, named, additional = NOTICES_TO_NAMED_AGENCIES[event.type]
        about |= _renamed_fields(event.type, data)
        return [Notice(kind, event.subject, to, about, event) for to in dict.fromkeys((*named(data), *additional(data)))]
    clock = data.get("clock")
    if data.get("because") == "not_counted":
        return []  # the dispute is suspended: no agency has to act, so none is reminded
    kind = _look_up(NOTICES, event.type, clock)
    if kind is None or data.get("lapsed"):  # a right lapsed with the deadline: no agency is overdue
        return []
    if kind == "notice.escalated":
        about["level"] = clock
    owing = data["owed_by"] if event.type not in ADDRESSED_TO_BODY else [data["body"]] if data.get("body") else []
    addressees = dict.fromkeys((*owing, *(_look_up(ADDITIONAL_ADDRESSEES, event.type, clock) or ())))
    return [Notice(kind, event.subject, to, about, event) for to in addressees]


def _look_up(table, event_type, clock):
    return table[event_type, clock] if (event_type, clock) in table else table.get((event_type, None))


def _is_police_or_court(agency):
    return AGENCIES[agency].role in ("P", "C")


def _renamed_fields(event_type, data):
    """Return the fields that have another name in the notice than in the event."""
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
