"""Rosters of organisations and their members, and the rules for changing them. Pure: versions and a change in, new versions or a refusal out.

A member is a number, never a name, and belongs to an organisation. Every change ends one version of an entry and begins the next; no version is
overwritten, so that the roster of any past day can be read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

from contracts import AGENCIES

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Organisation:
    """One version of an organisation. `valid_to` is its last day; None: until further notice."""

    code: str
    valid_from: date
    valid_to: date | None
    kind: str
    agency: str  # the agency that it belongs to and that reports for it
    township: str
    village: str | None = None
    takes: tuple[str, ...] = ()  # kinds of dispute; empty: every kind
    zh: str = ""  # names are known from files only; events carry none
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
    """All versions of all entries, by code of the organisation. Every query is for one day."""

    organisations: dict[str, list[Organisation]] = field(default_factory=dict)
    members: dict[str, list[Member]] = field(default_factory=dict)  # by code of the organisation
    _entries_by_member: dict[str, list] | None = None  # (member, agencies of the organisation) by the member's number; built on first use
    _agencies_with_mediators: set[str] = field(default_factory=set)
    _cached_day: date | None = None  # day for which _valid holds
    _valid: dict[tuple, list[Organisation]] = field(default_factory=dict)  # by (), (kind,) and (kind, township)

    @classmethod
    def of(cls, organisations: Iterable[Organisation], members: Iterable[Member]) -> "Roster":
        """Return a roster of these versions."""
        roster = cls()
        for organisation in organisations:
            roster.organisations.setdefault(organisation.code, []).append(organisation)
        for member in members:
            roster.members.setdefault(member.organisation, []).append(member)
        return roster

    def add_versions(self, entries: Iterable[Entry]) -> None:
        """Add versions. A version replaces the one of the same entry that begins on the same day."""
        self._entries_by_member = self._cached_day = None
        for entry in entries:
            versions, code = (self.organisations, entry.code) if isinstance(entry, Organisation) else (self.members, entry.organisation)
            others = [version for version in versions.get(code, ()) if (version.key, version.valid_from) != (entry.key, entry.valid_from)]
            versions[code] = sorted([*others, entry], key=lambda version: (version.key, version.valid_from))

    def organisation(self, code: str, day: date) -> Organisation | None:
        """Return the version of the organisation that is valid on that day, or None."""
        return next((version for version in self.organisations.get(code, ()) if is_valid_on(version, day)), None)

    def valid_on(self, day: date) -> list[Organisation]:
        """Return the organisations that are valid on that day, in order of their codes (which is no ranking)."""
        return self._valid_by_kind(day)[()]

    def of_kind(self, kind: str, day: date, township: str | None = None) -> list[Organisation]:
        """Return the organisations of one kind, in the county or in one township."""
        return self._valid_by_kind(day).get((kind, township) if township else (kind,), [])

    def _valid_by_kind(self, day):
        if day != self._cached_day:
            self._valid = {(): [version for _, versions in sorted(self.organisations.items()) for version in versions if is_valid_on(version, day)]}
            for organisation in self._valid[()]:
                for key in ((organisation.kind,), (organisation.kind, organisation.township)):
                    self._valid.setdefault(key, []).append(organisation)
            self._cached_day = day
        return self._valid

    def members_of(self, code: str, day: date) -> list[Member]:
        return sorted((member for member in self.members.get(code, ()) if is_valid_on(member, day)), key=lambda member: member.id)

    def mediators_of(self, agency: str, day: date) -> tuple[str, ...]:
        """Return the numbers of the mediators of all organisations that belong to the agency, organisation by organisation."""
        codes = [organisation.code for organisation in self.valid_on(day) if organisation.agency == agency]
        return tuple(member.id for code in codes for member in self.members_of(code, day) if member.role == "mediator")

    def may_mediate_for(self, agency: str, mediator: str, day: date) -> bool:
        """Return whether the mediator is on a roster of the agency, or on the court's roster of invited mediators.

        For an agency that never had a mediator on a roster the result is True: it keeps its own list.
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


# ── Changes ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# fmt: off
ROSTERS_KEPT_BY_ROLE = {                # which rosters a justice bureau (J) and a court (C) may change: 人民调解法 10; 特邀调解规定 5-10
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
    """A refused change: a code of contracts.REASONS, and the facts that its sentence needs."""

    reason: str
    facts: dict = field(default_factory=dict)


def decide_change(report: dict, agency: str, versions: list[Organisation], members: list[Member]) -> list[Entry] | Refusal:
    """Return the new and the changed versions, or a Refusal if `agency` may not make this change or it is not possible.

    `report`: data of roster.reported, with dates as `date`. `versions` and `members`: all stored versions of the organisation and its members.
    """
    day = report["on"]
    current = next((version for version in versions if is_valid_on(version, day)), None)
    if "mediator" in report:
        if current is None:
            return Refusal("unknown_organisation")
        return _change_member(report, agency, current, [member for member in members if member.id == report["mediator"]])
    kinds = ROSTERS_KEPT_BY_ROLE[AGENCIES[agency].role][0]
    latest = current or (versions[-1] if versions else None)
    if (latest is not None and latest.kind not in kinds) or report.get("kind", kinds[0]) not in kinds:
        return Refusal("not_your_roster", {"agency": agency})
    values = {name: _as_tuple(report[name]) for name in ORGANISATION_FIELDS if name in report}
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
    kinds, roles = ROSTERS_KEPT_BY_ROLE[AGENCIES[agency].role]
    day, current = report["on"], next((version for version in versions if is_valid_on(version, report["on"])), None)
    role = report.get("role") or (current.role if current else None)
    if role is None and report["change"] == "added":
        return Refusal("roster_entry_incomplete")
    if current is None and report["change"] != "added":
        return Refusal("not_on_the_roster")
    if role not in roles or (role != "invited_mediator" and organisation.kind not in kinds):
        return Refusal("not_your_roster", {"agency": agency})
    values = {name: _as_tuple(report[name]) for name in MEMBER_FIELDS if name in report}
    if report["change"] == "added":
        return _add_version(versions, Member(report["mediator"], organisation.code, day, None, **values))
    return _end_or_change_version(report["change"], current, versions, day, values)


def _add_version(versions, new):
    """Return the new version if it begins after the end of all others, else a Refusal: past versions do not change."""
    last = max(versions, key=lambda version: version.valid_from, default=None)
    if last is not None and (last.valid_to is None or last.valid_to >= new.valid_from):
        return Refusal("already_on_the_roster", {"on": last.valid_from})
    return [new]


def _end_or_change_version(change, current, versions, day, values):
    if any(version.valid_from > current.valid_from for version in versions):
        return Refusal("already_on_the_roster", {"on": max(version.valid_from for version in versions)})
    if change == "removed":
        return [replace(current, valid_to=day - ONE_DAY)]
    if day == current.valid_from:
        return [replace(current, **values)]
    return [replace(current, valid_to=day - ONE_DAY), replace(current, valid_from=day, **values)]


def _as_tuple(value):
    return tuple(value) if isinstance(value, list) else value


def find_overlaps(entries: Iterable[Entry]) -> list[tuple[Entry, Entry]]:
    """Return the pairs of versions of the same entry that are valid on the same day. Such pairs are an error: neither version has precedence."""
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
    """Return the overlapping pairs of versions among stored and new ones. A new version replaces the stored one that begins on the same day."""
    replaced = {(type(entry), entry.key, entry.valid_from) for entry in new}
    both = [*new, *(entry for versions in (*stored.organisations.values(), *stored.members.values()) for entry in versions
                    if (type(entry), entry.key, entry.valid_from) not in replaced)]  # fmt: skip
    return [pair for kind in (Organisation, Member) for pair in find_overlaps(entry for entry in both if isinstance(entry, kind))]
