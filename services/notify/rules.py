"""Who must know what: the table from what mediation says to the notice that an agency gets. Pure."""

from dataclasses import dataclass

from contracts import AGENCIES, COUNTY
from plumbing.events import Event

CENTRE, COMMITTEE = (COUNTY.lead(role).code for role in "ML")


@dataclass(frozen=True, slots=True)
class Notice:
    kind: str
    dispute: str
    to: str
    about: dict
    event: Event

    @property
    def id(self) -> str:
        """The same for the same event and addressee, however often it is heard."""
        return f"{self.event.id}/{self.to}"


# fmt: off
NOTICES = {
    # when mediation says       about this clock        they that owe the step get
    ("deadline.set",            "referral_answer"):     "notice.referral",
    ("deadline.set",            "routing"):             None,                   # the proposal says when it is due
    ("deadline.set",            "call_answer"):      None,                   # and so do the call
    ("deadline.set",            "archiving"):           None,                   # nobody has to hurry
    ("deadline.set",            "online_parties_choose"): None,                 # it is the parties' time
    ("deadline.set",            "supervision_answer"):  None,                   # and the urging
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
# Who hears of it beside those who owe the step. The later row of 督办: still nothing, and it goes to the political-legal committee.
ALSO = {
    ("deadline.passed",         None):                  (CENTRE,),  # it watches over all deadlines (跟踪督办)
    ("deadline.passed",         "supervision_answer"):  (CENTRE, COMMITTEE),
}
# What is said to somebody by name.
ADDRESSED = {
    # when mediation says       they get                to                      who hears of it too
    "dispute.routed":           ("notice.call",      lambda said: said.get("joint_with", ()),  lambda said: ()),     # the others; the body gets the referral
    "departments.called":            ("notice.call",      lambda said: said["to"],  lambda said: ()),
    "supervision.issued":       ("notice.supervision",  lambda said: [said["to"]],
                                 lambda said: (COMMITTEE,) if said["urged_for"] == "no_answer" else ()),
    # A suspected crime is the police's, anything else the court's (人民调解法 25; 特邀调解规定 18): they hear that they are asked, not of what.
    "mediation.suspended":      ("notice.inquiry",      lambda said: [who for who in said.get("next_actors", ()) if _looks_into_it(who) and who != said.get("agency")],
                                 lambda said: ()),
    "level.escalated":          ("notice.escalated",    lambda said: [CENTRE] if said["level"] == "county_level" else [],  lambda said: ()),
}
FOR_THE_BODY = ("reports.joined",)  # nobody owes anything: who had the dispute has to know
# What a notice carries over from the event.
TOLD = ("clock", "kind", "article", "started_at", "due_at", "into", "other", "reasons", "days", "candidates", "excluded", "mediators", "level", "escalated_for", "urged_for")
# fmt: on


def notices_for(event: Event) -> list[Notice]:
    """The notices that one event of mediation gives rise to; none for most."""
    said = event.data
    about = {"dispute": event.subject, **{name: said[name] for name in TOLD if name in said}}
    if event.type in ADDRESSED:
        kind, addressees, also = ADDRESSED[event.type]
        about |= _said_by_name(event.type, said)
        return [Notice(kind, event.subject, to, about, event) for to in dict.fromkeys((*addressees(said), *also(said)))]
    clock = said.get("clock")
    if said.get("because") == "not_counted":
        return []  # the dispute stands still: nobody has to act, and nobody is reminded of it
    kind = _for(NOTICES, event.type, clock)
    if kind is None or said.get("lapsed"):  # a right that ended: nobody is overdue
        return []
    if kind == "notice.escalated":
        about["level"] = clock
    whose = said["owed_by"] if event.type not in FOR_THE_BODY else [said["body"]] if said.get("body") else []
    addressees = dict.fromkeys((*whose, *(_for(ALSO, event.type, clock) or ())))
    return [Notice(kind, event.subject, to, about, event) for to in addressees]


def _for(table, word, clock):
    return table[word, clock] if (word, clock) in table else table.get((word, None))


def _looks_into_it(agency):
    return AGENCIES[agency].role in ("P", "C")


def _said_by_name(word, said):
    if word == "mediation.suspended":
        return {"asked_by": said["agency"]}
    if word in ("departments.called", "dispute.routed"):
        return {
            "called_for": said["reason"] if word == "departments.called" else "joint_handling",
            **({"led_by": said["next_actors"][0]} if said.get("next_actors") else {}),
        }
    if word == "supervision.issued":
        return {"urged_by": said["agency"]} if said.get("agency") else {}
    return {}
