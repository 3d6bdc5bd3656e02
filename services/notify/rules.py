"""Rules for notices: which agencies get which notice after an event of the mediation service. Pure functions.

Notices that follow from earlier notices, because these no longer hold or the dispute changed hands, are in ledger.py.
"""

from contracts import AGENCIES, COUNTY
from plumbing.events import Event
from services.notify.model import Notice

# Codes of the agencies: mediation centre (M), political-legal committee (L).
MEDIATION_CENTRE, POLITICAL_LEGAL_COMMITTEE = (COUNTY.lead_agency(role).code for role in "ML")


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
    ("recomputed",              "archiving"):           None,
    ("recomputed",              "online_parties_choose"): None,
    ("recomputed",              None):                  "notice.deadline",
}
# Event type → type of the notice to the agencies that owe the step (`owed_by`).
NOTICES = {
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
    "dispute.reopened":         ("notice.reopened",     lambda data: [*data["next_actors"], *_optional(data, "body_before")],  lambda data: ()),
    # The agencies that handle the dispute, except the centre, which has decided the join or screens the reports, and the agency that caused the join.
    "merge.noted":              ("notice.joined",       lambda data: [agency for agency in data["handled_by"] if agency not in (MEDIATION_CENTRE, data["agency"])],
                                 lambda data: ()),
}
ADDRESSED_TO_MEDIATION_BODY = ("reports.joined",)  # event types whose notice goes to the mediation body that had the dispute, because no agency owes a step
# Fields that are copied from the event's data into the notice, if present.
COPIED_FIELDS = ("clock", "kind", "article", "started_at", "due_at", "provisional", "paused", "other", "reasons", "days", "candidates", "excluded", "mediators", "level", "escalated_for", "urged_for")
EVENTS_WITHOUT_COPIED_FIELDS = ("merge.noted",)  # the evidence of a join does not concern the agencies that handle the dispute
# Clocks whose period the notice of a step states. If a step is undone, the period can begin again without that step.
RESTORED_CLOCKS = ("call_answer", "supervision_answer")
# Event type that takes back an earlier step → reason of the withdrawal of the notices that no longer hold.
UNDOING_EVENTS = {"report.withdrawn": "withdrawn", "report.corrected": "corrected", "reports.unjoined": "unjoined", "dispute.recomputed": "recomputed"}
PAUSING_REASONS = ("paused", "suspended")  # reasons of a recomputation after which the period is paused
SILENT_REASONS = ("not_counted",)  # reasons of a recomputation of which nobody is told: the dispute is held or stayed, so that no agency has to act
# fmt: on


def changes_of_deadlines(event: Event) -> list[dict]:
    """Return what the event did to deadlines: the changes that the event of a step carries, or the one change that an event deadline.recomputed states."""
    return [{"change": "recomputed", **event.data}] if event.type == "deadline.recomputed" else event.data.get("deadlines", [])


def is_paused(change: dict) -> bool:
    """Return whether the deadline is paused after this change."""
    return bool(change.get("paused")) or change.get("because") in PAUSING_REASONS


def notices_for(event: Event) -> list[Notice]:
    """Return the notices that follow from one event of the mediation service: those of the event itself, then those of the deadlines that it changed.

    Most events lead to none.
    """
    notices = _notices_of_event(event)
    is_single = event.type == "deadline.recomputed"
    for number, change in enumerate(changes_of_deadlines(event), 1):
        notices += _notices_of_change(event, "" if is_single else number, change)
    return notices


def _notices_of_event(event):
    data = event.data
    if event.type in NOTICES_TO_NAMED_AGENCIES:
        kind, named, additional = NOTICES_TO_NAMED_AGENCIES[event.type]
        about = _copied_fields(event, data) | _renamed_fields(event.type, data)
        return _addressed(kind, event, about, named(data), additional(data))
    kind = NOTICES.get(event.type)
    # If a right of the parties lapsed with the deadline, no agency is overdue.
    if kind is None or data.get("lapsed"):
        return []
    owing = data["owed_by"] if event.type not in ADDRESSED_TO_MEDIATION_BODY else [data["body"]] if data.get("body") else []
    additional = _look_up_rule(ADDITIONAL_ADDRESSEES, event.type, data.get("clock")) or ()
    about = _copied_fields(event, data) if owing or additional else {}
    return _addressed(kind, event, about | _renamed_fields(event.type, data), owing, additional)


def _addressed(kind, event, about, agencies, additional):
    """Return one notice to each agency, and a copy to each additional agency."""
    agencies, additional = dict.fromkeys(agencies), dict.fromkeys(additional)
    notices = [Notice(kind, event.subject, to, about, event) for to in agencies]
    return notices + [Notice(kind, event.subject, to, about, event, is_copy=True) for to in additional if to not in agencies]


def _notices_of_change(event, number, change):
    kind = _look_up_rule(NOTICES_OF_CHANGES, change["change"], change["clock"])
    if change["change"] == "set" and change["clock"] in RESTORED_CLOCKS and event.type in UNDOING_EVENTS:
        kind = "notice.deadline"
    if kind is None or change.get("because") in SILENT_REASONS:
        return []
    about = _copied_fields(event, change)
    if kind == "notice.deadline" and "because" in change:
        about["because"] = change["because"]
    if is_paused(change):
        about["paused"] = True
        del about["due_at"]  # a paused period has no end: the event states the end that it would have if the pause ended at its start
    if kind == "notice.escalated":
        about["level"] = change["clock"]
    return [Notice(kind, event.subject, to, about, event, number) for to in dict.fromkeys(change["owed_by"])]


def _copied_fields(event, data):
    copied = COPIED_FIELDS if event.type not in EVENTS_WITHOUT_COPIED_FIELDS else ()
    return {"dispute": event.subject, **{name: data[name] for name in copied if name in data}}


def _look_up_rule(table, occurrence, clock):
    return table[occurrence, clock] if (occurrence, clock) in table else table.get((occurrence, None))


def _is_police_or_court(agency):
    return AGENCIES[agency].role in ("P", "C")


def _optional(data, field):
    return [data[field]] if data.get(field) else []


def _renamed_fields(event_type, data):
    """Return the fields of the notice that are not copied from the event's data under the same name."""
    if event_type == "reports.joined":
        return {"into": data["into"]}
    if event_type == "merge.noted":
        return {"was": data["was"]} if "was" in data else {"reported_by": data["agency"]}
    if event_type == "dispute.reopened":
        return {"reason": data["reason"], "reopened_by": data["agency"]}
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
