"""The rosters as they hold from day to day, and what a change of them means. Pure: rows and a change in, rows or the reason against it out.

A person is a number here, and stands under an organisation. Nothing is ever written over: a change ends one version and begins the next, so that
what held on the day of a referral can be asked years later.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

from contracts import AGENCIES

A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Organisation:
    """One version of an organisation. `valid_to` is its last day; None: until further notice."""

    code: str
    valid_from: date
    valid_to: date | None
    kind: str
    agency: str  # who speaks for it: the broker's user
    township: str
    village: str | None = None
    takes: tuple[str, ...] = ()  # kinds of dispute; none: every kind
    zh: str = ""  # known from a file only: events carry no names
    en: str = ""
    synthetic: bool = False

    @property
    def key(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class Member:
    """One version of a person's place on an organisation's roster: a number, never a name."""

    id: str
    organisation: str
    valid_from: date
    valid_to: date | None
    role: str
    takes: tuple[str, ...] = ()
    synthetic: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.organisation, self.id


Entry = Organisation | Member


def holds_on(entry: Entry, day: date) -> bool:
    return entry.valid_from <= day and (entry.valid_to is None or day <= entry.valid_to)


@dataclass(slots=True)
class Roster:
    """All versions, by code. What is asked of it is asked for a day."""

    organisations: dict[str, list[Organisation]] = field(default_factory=dict)
    members: dict[str, list[Member]] = field(default_factory=dict)  # by organisation
    _by_number: dict[str, list] | None = None  # each person's places with the agencies that speak for them, once somebody asks
    _keep_rosters: set[str] = field(default_factory=set)
    _day: date | None = None  # the last one asked about, and what holds then: all, and by kind and by kind and township
    _standing: dict[tuple, list[Organisation]] = field(default_factory=dict)

    @classmethod
    def of(cls, organisations: Iterable[Organisation], members: Iterable[Member]) -> "Roster":
        roster = cls()
        for organisation in organisations:
            roster.organisations.setdefault(organisation.code, []).append(organisation)
        for member in members:
            roster.members.setdefault(member.organisation, []).append(member)
        return roster

    def learn(self, entries: Iterable[Entry]) -> None:
        """Takes in versions, in place of those that began on the same day."""
        self._by_number = self._day = None
        for entry in entries:
            kept, code = (self.organisations, entry.code) if isinstance(entry, Organisation) else (self.members, entry.organisation)
            others = [known for known in kept.get(code, ()) if (known.key, known.valid_from) != (entry.key, entry.valid_from)]
            kept[code] = sorted([*others, entry], key=lambda known: (known.key, known.valid_from))

    def organisation(self, code: str, day: date) -> Organisation | None:
        return next((version for version in self.organisations.get(code, ()) if holds_on(version, day)), None)

    def on(self, day: date) -> list[Organisation]:
        """Every organisation that holds on that day, in the order of their codes: an order that says nothing about them."""
        return self._on(day)[()]

    def of_kind(self, kind: str, day: date, township: str | None = None) -> list[Organisation]:
        """Those of one kind, in the county or in one township."""
        return self._on(day).get((kind, township) if township else (kind,), [])

    def _on(self, day):
        if day != self._day:
            self._standing = {(): [version for _, versions in sorted(self.organisations.items()) for version in versions if holds_on(version, day)]}
            for one in self._standing[()]:
                for key in ((one.kind,), (one.kind, one.township)):
                    self._standing.setdefault(key, []).append(one)
            self._day = day
        return self._standing

    def members_of(self, code: str, day: date) -> list[Member]:
        return sorted((member for member in self.members.get(code, ()) if holds_on(member, day)), key=lambda member: member.id)

    def mediators_of(self, agency: str, day: date) -> tuple[str, ...]:
        """The numbers of the mediators of all organisations that the agency speaks for, organisation by organisation."""
        codes = [one.code for one in self.on(day) if one.agency == agency]
        return tuple(member.id for code in codes for member in self.members_of(code, day) if member.role == "mediator")

    def may_mediate_for(self, agency: str, mediator: str, day: date) -> bool:
        """Whether this number stands on a roster of an organisation that the agency speaks for, or on the court's roster of invited mediators.

        An agency none of whose people were ever put on a roster is not asked about: its own list stands.
        """
        if self._by_number is None:
            self._index()
        places = self._by_number.get(mediator, ())
        found = any(holds_on(member, day) and (agency in agencies or member.role == "invited_mediator") for member, agencies in places)
        return found or agency not in self._keep_rosters

    def _index(self):
        self._by_number, self._keep_rosters = {}, set()
        for code, members in self.members.items():
            agencies = {version.agency for version in self.organisations.get(code, ())}
            for member in members:
                self._by_number.setdefault(member.id, []).append((member, agencies))
                self._keep_rosters |= agencies if member.role == "mediator" else set()


# ── A change ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# fmt: off
KEPT_BY = {                             # whose rosters are whose: 人民调解法 10; 特邀调解规定 5-10
    # role    organisations                                                    people on them
    "J":   (("peoples_mediation_committee", "industry_mediation_body"),        ("mediator",)),
    "C":   (("invited_mediation_body", "fast_track_team", "enforcement_group", "circuit_point", "village_judge", "service_station", "video_room"),
                                                                               ("invited_mediator", "judge")),
}
OF_AN_ORGANISATION = ("kind", "agency", "township", "village", "takes")
OF_A_MEMBER = ("role", "takes")
# fmt: on


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a change is not made: a code of contracts' reasons, with what its sentence needs."""

    reason: str
    facts: dict = field(default_factory=dict)


def change(report: dict, by: str, versions: list[Organisation], members: list[Member]) -> list[Entry] | Refusal:
    """The versions that are new or other than before, if `by` may change this and it can be done.

    `report` is what roster.changed carries, dates as dates; `versions` and `members` are all that is known of this organisation, past ones too.
    """
    day = report["on"]
    standing = next((version for version in versions if holds_on(version, day)), None)
    if "mediator" in report:
        if standing is None:
            return Refusal("unknown_organisation")
        return _change_member(report, by, standing, [member for member in members if member.id == report["mediator"]])
    kinds = KEPT_BY[AGENCIES[by].role][0]
    known = standing or (versions[-1] if versions else None)
    if (known is not None and known.kind not in kinds) or report.get("kind", kinds[0]) not in kinds:
        return Refusal("not_your_roster", {"agency": by})
    given = {name: _tuple(report[name]) for name in OF_AN_ORGANISATION if name in report}
    if report["change"] == "added":
        if not {"kind", "agency", "township"} <= set(given):
            return Refusal("roster_entry_incomplete")
        return _added(versions, Organisation(report["organisation"], day, None, **given))
    if standing is None:
        return Refusal("unknown_organisation")
    if "township" in given and "village" not in given and standing.township != given["township"]:
        given["village"] = None
    changed = _ended_or_changed(report["change"], standing, versions, day, given)
    if report["change"] == "removed" and not isinstance(changed, Refusal):
        changed += [replace(member, valid_to=day - A_DAY) for member in members if holds_on(member, day)]
    return changed


def _change_member(report, by, organisation, versions):
    kinds, roles = KEPT_BY[AGENCIES[by].role]
    day, standing = report["on"], next((version for version in versions if holds_on(version, report["on"])), None)
    role = report.get("role") or (standing.role if standing else None)
    if role is None and report["change"] == "added":
        return Refusal("roster_entry_incomplete")
    if standing is None and report["change"] != "added":
        return Refusal("not_on_the_roster")
    if role not in roles or (role != "invited_mediator" and organisation.kind not in kinds):
        return Refusal("not_your_roster", {"agency": by})
    given = {name: _tuple(report[name]) for name in OF_A_MEMBER if name in report}
    if report["change"] == "added":
        return _added(versions, Member(report["mediator"], organisation.code, day, None, **given))
    return _ended_or_changed(report["change"], standing, versions, day, given)


def _added(versions, new):
    """At the end of what was: a roster is not rewritten backwards."""
    last = max(versions, key=lambda version: version.valid_from, default=None)
    if last is not None and (last.valid_to is None or last.valid_to >= new.valid_from):
        return Refusal("already_on_the_roster", {"on": last.valid_from})
    return [new]


def _ended_or_changed(word, standing, versions, day, given):
    if any(version.valid_from > standing.valid_from for version in versions):
        return Refusal("already_on_the_roster", {"on": max(version.valid_from for version in versions)})
    if word == "removed":
        return [replace(standing, valid_to=day - A_DAY)]
    if day == standing.valid_from:
        return [replace(standing, **given)]
    return [replace(standing, valid_to=day - A_DAY), replace(standing, valid_from=day, **given)]


def _tuple(value):
    return tuple(value) if isinstance(value, list) else value


def overlapping(entries: Iterable[Entry]) -> list[tuple[Entry, Entry]]:
    """Versions of one thing that hold on the same day, as pairs: which of them holds nobody could say."""
    by_key = {}
    for entry in entries:
        by_key.setdefault(entry.key, []).append(entry)
    found = []
    for versions in by_key.values():
        versions.sort(key=lambda version: version.valid_from)
        for earlier, later in pairwise(versions):
            if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
                found.append((earlier, later))
    return found


def clashes(known: Roster, new: list[Entry]) -> list[tuple[Entry, Entry]]:
    """What could not stand beside what is known: pairs of versions that hold on the same day. A version that begins on the same day as a known one replaces it."""
    given = {(type(entry), entry.key, entry.valid_from) for entry in new}
    both = [*new, *(entry for versions in (*known.organisations.values(), *known.members.values()) for entry in versions
                    if (type(entry), entry.key, entry.valid_from) not in given)]  # fmt: skip
    return [pair for kind in (Organisation, Member) for pair in overlapping(entry for entry in both if isinstance(entry, kind))]
