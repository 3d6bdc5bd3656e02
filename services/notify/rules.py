"""Who must know what: the table from what mediation says to the notice that an agency gets. Pure."""

from dataclasses import dataclass

from plumbing.events import Event


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
    ("deadline.set",            None):                  "notice.deadline",
    ("deadline.recomputed",     None):                  "notice.deadline",
    ("deadline.approached",     None):                  "notice.urged",
    ("deadline.passed",         None):                  "notice.overdue",
    ("duplicate.noted",         None):                  "notice.duplicate",
    ("reports.joined",          None):                  "notice.joined",
}
# Who hears of it beside those who owe the step.
ALSO = {
    "deadline.passed":          ("mediation_centre",),  # it watches over all deadlines (跟踪督办)
}
FOR_THE_BODY = ("reports.joined",)  # nobody owes anything: who had the dispute has to know
# fmt: on

TOLD = ("clock", "kind", "article", "started_at", "due_at", "into", "other", "reasons", "days")


def notices_for(event: Event) -> list[Notice]:
    """The notices that one event of mediation gives rise to; none for most."""
    clock = event.data.get("clock")
    if event.data.get("because") == "not_counted":
        return []  # the dispute stands still: nobody has to act, and nobody is reminded of it
    kind = NOTICES.get((event.type, clock)) or NOTICES.get((event.type, None))
    if kind is None or event.data.get("lapsed"):  # a right that ended: nobody is overdue
        return []
    about = {"dispute": event.subject, **{name: event.data[name] for name in TOLD if name in event.data}}
    whose = event.data["owed_by"] if event.type not in FOR_THE_BODY else [event.data["body"]] if event.data.get("body") else []
    addressees = dict.fromkeys((*whose, *ALSO.get(event.type, ())))
    return [Notice(kind, event.subject, to, about, event) for to in addressees]
