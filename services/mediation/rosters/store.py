"""SQL of the rosters. Each function is given a transaction. It does not commit, connect or decide anything.

Rows are versions of entries and are never deleted. The table roster_version has a single row with a number, which every roster change locks and
increments. By this number each OS process finds out whether its cached rosters are current.
"""

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.mediation.rosters.roster import Entry, Member, Organisation, Roster

ORGANISATION_COLUMNS = Columns(
    "code text, valid_from_on date, valid_to_on date, kind text, agency text, township text, village text, takes text[], zh text, en text, synthetic boolean"
)
MEMBER_COLUMNS = Columns("id text, organisation text, valid_from_on date, valid_to_on date, role text, takes text[], synthetic boolean")


def load_roster_version(tx: Transaction) -> int:
    """Return the number that every roster change increments."""
    return tx.rows("select version from mediation.roster_version")[0][0]


def load(tx: Transaction, codes: list[str] | None = None, locked: bool = False) -> Roster:
    """Return all rosters, or those of the organisations with these codes. With `locked=True`, lock all rosters for a change."""
    if locked:
        tx.rows("select version from mediation.roster_version for update")
    where, parameters = ("", ()) if codes is None else (" where {} = any(%s)", (sorted(codes),))
    return Roster.of(
        [
            Organisation(*row[:7], tuple(row[7]), *row[8:])
            for row in tx.rows(
                f"select {ORGANISATION_COLUMNS.names} from mediation.organisations{where.format('code')} order by code, valid_from_on", parameters
            )
        ],
        [
            Member(*row[:5], tuple(row[5]), *row[6:])
            for row in tx.rows(
                f"select {MEMBER_COLUMNS.names} from mediation.members{where.format('organisation')} order by organisation, id, valid_from_on", parameters
            )
        ],
    )


def save(tx: Transaction, entries: list[Entry]) -> None:
    """Write new and changed versions, and increment the roster version. Of several entries for the same version, the last one is written."""
    rows = {(type(entry), entry.key, entry.valid_from): entry for entry in entries}.values()
    organisations = [_organisation_row(entry) for entry in rows if isinstance(entry, Organisation)]
    members = [_member_row(entry) for entry in rows if isinstance(entry, Member)]
    tx.insert("mediation.organisations", ORGANISATION_COLUMNS, organisations, f"on conflict (code, valid_from_on) do update set {_SET_ORGANISATION}")
    tx.insert("mediation.members", MEMBER_COLUMNS, members, f"on conflict (organisation, id, valid_from_on) do update set {_SET_MEMBER}")
    if entries:
        tx.write("update mediation.roster_version set version = version + 1")


def _organisation_row(o):
    return o.code, o.valid_from, o.valid_to, o.kind, o.agency, o.township, o.village, o.takes, o.zh, o.en, o.synthetic


def _member_row(m):
    return m.id, m.organisation, m.valid_from, m.valid_to, m.role, m.takes, m.synthetic


_SET_ORGANISATION = ORGANISATION_COLUMNS.assign_excluded("code", "valid_from_on")
_SET_MEMBER = MEMBER_COLUMNS.assign_excluded("organisation", "id", "valid_from_on")


class RosterCache:
    """Cache of the rosters in this OS process, reloaded after a change. Every batch of events needs all rosters (some hundred rows)."""

    def __init__(self):
        self._version, self._roster = -1, Roster()

    def read(self, tx: Transaction, use_cache: bool = True) -> Roster:
        """Return the current rosters. A transaction that changes rosters must pass `use_cache=False`, because it may be rolled back."""
        if not use_cache:
            return load(tx)
        current = load_roster_version(tx)
        if current != self._version:
            self._version, self._roster = current, load(tx)
        return self._roster
