"""SQL of the rosters. Functions are given a transaction; they never commit, connect or decide.

Rows are versions and are never deleted. roster_edition is a single row: a process that changes a roster locks it first and increments the edition,
so that every process can tell whether its cached rosters are current.
"""

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.mediation.rosters.roster import Entry, Member, Organisation, Roster

ORGANISATIONS = Columns(
    "code text, valid_from_on date, valid_to_on date, kind text, agency text, township text, village text, takes text[], zh text, en text, synthetic boolean"
)
MEMBERS = Columns("id text, organisation text, valid_from_on date, valid_to_on date, role text, takes text[], synthetic boolean")


def load_edition(tx: Transaction) -> int:
    return tx.rows("select edition from mediation.roster_edition")[0][0]


def load(tx: Transaction, codes: list[str] | None = None, locked: bool = False) -> Roster:
    """Return all rosters, or those of the organisations with these codes. `locked=True` locks them for a change."""
    if locked:
        tx.rows("select edition from mediation.roster_edition for update")
    where, parameters = ("", ()) if codes is None else (" where {} = any(%s)", (sorted(codes),))
    return Roster.of(
        [
            Organisation(*row[:7], tuple(row[7]), *row[8:])
            for row in tx.rows(f"select {ORGANISATIONS.names} from mediation.organisations{where.format('code')} order by code, valid_from_on", parameters)
        ],
        [
            Member(*row[:5], tuple(row[5]), *row[6:])
            for row in tx.rows(
                f"select {MEMBERS.names} from mediation.members{where.format('organisation')} order by organisation, id, valid_from_on", parameters
            )
        ],
    )


def save(tx: Transaction, entries: list[Entry]) -> None:
    """Write new and changed versions, and increment the edition. Of several entries for one version the last is written."""
    rows = {(type(entry), entry.key, entry.valid_from): entry for entry in entries}.values()
    organisations = [_organisation_row(entry) for entry in rows if isinstance(entry, Organisation)]
    members = [_member_row(entry) for entry in rows if isinstance(entry, Member)]
    tx.insert("mediation.organisations", ORGANISATIONS, organisations, f"on conflict (code, valid_from_on) do update set {_SET_ORGANISATION}")
    tx.insert("mediation.members", MEMBERS, members, f"on conflict (organisation, id, valid_from_on) do update set {_SET_MEMBER}")
    if entries:
        tx.run("update mediation.roster_edition set edition = edition + 1")


def _organisation_row(o):
    return o.code, o.valid_from, o.valid_to, o.kind, o.agency, o.township, o.village, o.takes, o.zh, o.en, o.synthetic


def _member_row(m):
    return m.id, m.organisation, m.valid_from, m.valid_to, m.role, m.takes, m.synthetic


_SET_ORGANISATION = ORGANISATIONS.assign_excluded("code", "valid_from_on")
_SET_MEMBER = MEMBERS.assign_excluded("organisation", "id", "valid_from_on")


class RosterCache:
    """The rosters cached in this process, and loaded again when the edition has changed. They are needed for every batch: some hundred rows."""

    def __init__(self):
        self._edition, self._roster = -1, Roster()

    def read(self, tx: Transaction, use_cache: bool = True) -> Roster:
        """Return the current rosters. Use `use_cache=False` in a transaction that changes them, because it may roll back."""
        if not use_cache:
            return load(tx)
        current = load_edition(tx)
        if current != self._edition:
            self._edition, self._roster = current, load(tx)
        return self._roster
