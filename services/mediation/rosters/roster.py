"""Rosters of organisations and their members, and the rules for changing them. Pure functions: stored versions and a change give new versions or a refusal.

A member is identified by a number, never by a name, and belongs to an organisation. Every change ends one version of an entry and begins the next.
Versions are not overwritten, so that the roster of any past day can be read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

from contracts import AGENCIES

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Organisation:
    """One version of an organisation's entry. `valid_to` is the last day of validity; None: until further notice."""

    code: str
    valid_from: date
    valid_to: date | None
    kind: str
    agency: str  # agency to which the organisation belongs, and which reports for it
    township: str
    village: str | None = None
    takes: tuple[str, ...] = ()  # kinds of dispute that the organisation accepts; empty: every kind
    zh: str = ""  # names come from the roster files; events contain no names
    en: str = ""
    synthetic: bool = False

    @property
    def key(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class Member:
    """One version of a member's entry on the roster of an organisation. `id` is a number, never a name."""

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


def is_valid_on(entry: Entry, day: date) -> bool:
    return entry.valid_from <= day and (entry.valid_to is None or day <= entry.valid_to)


@dataclass(slots=True)
class Roster:
    """All versions of all roster entries, by code of the organisation. Queries return the versions valid on one day."""

    organisations: dict[str, list[Organisation]] = field(default_factory=dict)
    members: dict[str, list[Member]] = field(default_factory=dict)  # members by code of their organisation
    _entries_by_member: dict[str, list] | None = None  # by member number: (member, agencies of the organisation); built on first use
    _agencies_with_mediators: set[str] = field(default_factory=set)
    _cached_day: date | None = None  # day to which _valid_organisations refers
    _valid_organisations: dict[tuple, list[Organisation]] = field(default_factory=dict)  # by () for all, by (kind,) and by (kind, township)

    @classmethod
    def of(cls, organisations: Iterable[Organisation], members: Iterable[Member]) -> "Roster":
        """Return a roster that contains these versions."""
        roster = cls()
        for organisation in organisations:
            roster.organisations.setdefault(organisation.code, []).append(organisation)
        for member in members:
            roster.members.setdefault(member.organisation, []).append(member)
        return roster

    def add_versions(self, entries: Iterable[Entry]) -> None:
        """Add versions of entries. A version replaces an existing version of the same entry that begins on the same day."""
        self._entries_by_member = self._cached_day = None
        for entry in entries:
            versions, code = (self.organisations, entry.code) if isinstance(entry, Organisation) else (self.members, entry.organisation)
            others = [version for version in versions.get(code, ()) if (version.key, version.valid_from) != (entry.key, entry.valid_from)]
            versions[code] = sorted([*others, entry], key=lambda version: (version.key, version.valid_from))

    def organisation(self, code: str, day: date) -> Organisation | None:
        """Return the version of the organisation that is valid on that day, or None."""
        return next((version for version in self.organisations.get(code, ()) if is_valid_on(version, day)), None)

    def organisations_valid_on(self, day: date) -> list[Organisation]:
        """Return the organisations that are valid on that day, in order of their codes (not a ranking)."""
        return self._valid_organisations_by_kind(day)[()]

    def organisations_of_kind(self, kind: str, day: date, township: str | None = None) -> list[Organisation]:
        """Return the organisations of this kind that are valid on that day, in the township or, without it, in the whole county."""
        return self._valid_organisations_by_kind(day).get((kind, township) if township else (kind,), [])

    def _valid_organisations_by_kind(self, day):
        if day != self._cached_day:
            self._valid_organisations = {
                (): [version for _, versions in sorted(self.organisations.items()) for version in versions if is_valid_on(version, day)]
            }
            for organisation in self._valid_organisations[()]:
                for key in ((organisation.kind,), (organisation.kind, organisation.township)):
                    self._valid_organisations.setdefault(key, []).append(organisation)
            self._cached_day = day
        return self._valid_organisations

    def members_of(self, code: str, day: date) -> list[Member]:
        return sorted((member for member in self.members.get(code, ()) if is_valid_on(member, day)), key=lambda member: member.id)

    def mediators_of(self, agency: str, day: date) -> tuple[str, ...]:
        """Return the member numbers of all mediators on that day in organisations that belong to the agency, grouped by organisation."""
        codes = [organisation.code for organisation in self.organisations_valid_on(day) if organisation.agency == agency]
        return tuple(member.id for code in codes for member in self.members_of(code, day) if member.role == "mediator")

    def may_mediate_for(self, agency: str, mediator: str, day: date) -> bool:
        """Return whether the mediator is on a roster of the agency, or on the court's roster of invited mediators.

        For an agency that never had a mediator on a roster the result is always True: such an agency has its own list of mediators.
        """
        if self._entries_by_member is None:
            self._index_members()
        entries = self._entries_by_member.get(mediator, ())
        found = any(is_valid_on(member, day) and (agency in agencies or member.role == "invited_mediator") for member, agencies in entries)
        return found or agency not in self._agencies_with_mediators

    def _index_members(self):
        self._entries_by_member, self._agencies_with_mediators = {}, set()
        for code, members in self.members.items():
            agencies = {version.agency for version in self.organisations.get(code, ())}
            for member in members:
                self._entries_by_member.setdefault(member.id, []).append((member, agencies))
                self._agencies_with_mediators |= agencies if member.role == "mediator" else set()


# ── Rules for roster changes ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# fmt: off
# Roster entries that an agency may change, by the role of the agency: justice bureau (J) or court (C). 人民调解法 10; 特邀调解规定 5-10.
ROSTERS_MAINTAINED_BY_ROLE = {
    # role    kinds of organisation                                            roles of members
    "J":   (("peoples_mediation_committee", "industry_mediation_body"),        ("mediator",)),
    "C":   (("invited_mediation_body", "fast_track_team", "enforcement_group", "circuit_point", "village_judge", "service_station", "video_room"),
                                                                               ("invited_mediator", "judge")),
}
ORGANISATION_FIELDS = ("kind", "agency", "township", "village", "takes")
MEMBER_FIELDS = ("role", "takes")
# fmt: on


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused roster change: a reason code of contracts.REASONS, and the values for the placeholders of the reason's text."""

    reason: str
    facts: dict = field(default_factory=dict)


def decide_change(report: dict, agency: str, versions: list[Organisation], members: list[Member]) -> list[Entry] | Refusal:
    """Return the new and changed versions, or a Refusal if the change is impossible or `agency` may not make it.

    `report`: data of the event roster.reported, with dates as `date`. `versions` and `members`: all stored versions of the organisation and its members.
    """
    day = report["on"]
    current = next((version for version in versions if is_valid_on(version, day)), None)
    if "mediator" in report:
        if current is None:
            return Refusal("unknown_organisation")
        return _change_member(report, agency, current, [member for member in members if member.id == report["mediator"]])
    kinds = ROSTERS_MAINTAINED_BY_ROLE[AGENCIES[agency].role][0]
    latest = current or (versions[-1] if versions else None)
    if (latest is not None and latest.kind not in kinds) or report.get("kind", kinds[0]) not in kinds:
        return Refusal("not_your_roster", {"agency": agency})
    values = {name: _list_as_tuple(report[name]) for name in ORGANISATION_FIELDS if name in report}
    if report["change"] == "added":
        if not {"kind", "agency", "township"} <= set(values):
            return Refusal("roster_entry_incomplete")
        return _add_version(versions, Organisation(report["organisation"], day, None, **values))
    if current is None:
        return Refusal("unknown_organisation")
    if "township" in values and "village" not in values and current.township != values["township"]:
        values["village"] = None
    changed = _end_or_change_version(report["change"], current, versions, day, values)
    if report["change"] == "removed" and not isinstance(changed, Refusal):
        changed += [replace(member, valid_to=day - ONE_DAY) for member in members if is_valid_on(member, day)]
    return changed


def _change_member(report, agency, organisation, versions):
    """Return the changed versions of a member's entry, or a Refusal."""
    kinds, roles = ROSTERS_MAINTAINED_BY_ROLE[AGENCIES[agency].role]
    day, current = report["on"], next((version for version in versions if is_valid_on(version, report["on"])), None)
    role = report.get("role") or (current.role if current else None)
    if role is None and report["change"] == "added":
        return Refusal("roster_entry_incomplete")
    if current is None and report["change"] != "added":
        return Refusal("not_on_the_roster")
    if role not in roles or (role != "invited_mediator" and organisation.kind not in kinds):
        return Refusal("not_your_roster", {"agency": agency})
    values = {name: _list_as_tuple(report[name]) for name in MEMBER_FIELDS if name in report}
    if report["change"] == "added":
        return _add_version(versions, Member(report["mediator"], organisation.code, day, None, **values))
    return _end_or_change_version(report["change"], current, versions, day, values)


def _add_version(versions, new):
    """Return the new version if it begins after the end of all other versions, else a Refusal, because past versions must not change."""
    last = max(versions, key=lambda version: version.valid_from, default=None)
    if last is not None and (last.valid_to is None or last.valid_to >= new.valid_from):
        return Refusal("already_on_the_roster", {"on": last.valid_from})
    return [new]


def _end_or_change_version(change, current, versions, day, values):
    """Return the current version, ended on the day before `day`, and unless it is removed a new version from `day`; or a Refusal."""
    if any(version.valid_from > current.valid_from for version in versions):
        return Refusal("already_on_the_roster", {"on": max(version.valid_from for version in versions)})
    if change == "removed":
        return [replace(current, valid_to=day - ONE_DAY)]
    if day == current.valid_from:
        return [replace(current, **values)]
    return [replace(current, valid_to=day - ONE_DAY), replace(current, valid_from=day, **values)]


def _list_as_tuple(value):
    return tuple(value) if isinstance(value, list) else value


def find_overlaps(entries: Iterable[Entry]) -> list[tuple[Entry, Entry]]:
    """Return the pairs of versions of the same entry that are valid on the same day. Such pairs are an error, because neither version has precedence."""
    by_key = {}
    for entry in entries:
        by_key.setdefault(entry.key, []).append(entry)
    overlaps = []
    for versions in by_key.values():
        versions.sort(key=lambda version: version.valid_from)
        for earlier, later in pairwise(versions):
            if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
                overlaps.append((earlier, later))
    return overlaps


def find_overlaps_with_stored(stored: Roster, new: list[Entry]) -> list[tuple[Entry, Entry]]:
    """Return the overlapping pairs among stored and new versions. A new version replaces the stored version that begins on the same day."""
    replaced = {(type(entry), entry.key, entry.valid_from) for entry in new}
    all_versions = [*new, *(entry for versions in (*stored.organisations.values(), *stored.members.values()) for entry in versions
                    if (type(entry), entry.key, entry.valid_from) not in replaced)]  # fmt: skip
    return [pair for kind in (Organisation, Member) for pair in find_overlaps(entry for entry in all_versions if isinstance(entry, kind))]
