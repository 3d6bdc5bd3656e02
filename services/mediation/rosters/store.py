"""SQL of the rosters. Given a transaction; never commits, connects or decides.

Rows are versions and none is ever deleted. `roster_edition` is one row: whoever changes a roster locks it first and counts it up, so that a process
knows whether what it remembers still holds.
"""

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.mediation.rosters.roster import Entry, Member, Organisation, Roster

ORGANISATIONS = Columns(
    "code text, valid_from_on date, valid_to_on date, kind text, agency text, township text, village text, takes text[], zh text, en text, synthetic boolean"
)
MEMBERS = Columns("id text, organisation text, valid_from_on date, valid_to_on date, role text, takes text[], synthetic boolean")


def edition(tx: Transaction) -> int:
    return tx.rows("select edition from mediation.roster_edition")[0][0]


def load(tx: Transaction, codes: list[str] | None = None, locked: bool = False) -> Roster:
    """The rosters, or what is known of the organisations with these codes. `locked`: to change them."""
    if locked:
        tx.rows("select edition from mediation.roster_edition for update")
    only, given = ("", ()) if codes is None else (" where {} = any(%s)", (sorted(codes),))
    return Roster.of(
        [
            Organisation(*row[:7], tuple(row[7]), *row[8:])
            for row in tx.rows(f"select {ORGANISATIONS.names} from mediation.organisations{only.format('code')} order by code, valid_from_on", given)
        ],
        [
            Member(*row[:5], tuple(row[5]), *row[6:])
            for row in tx.rows(f"select {MEMBERS.names} from mediation.members{only.format('organisation')} order by organisation, id, valid_from_on", given)
        ],
    )


def save(tx: Transaction, entries: list[Entry]) -> None:
    """Writes versions that are new or changed; the last one given for a version stands."""
    rows = {(type(entry), entry.key, entry.valid_from): entry for entry in entries}.values()
    organisations = [_organisation(entry) for entry in rows if isinstance(entry, Organisation)]
    members = [_member(entry) for entry in rows if isinstance(entry, Member)]
    tx.insert("mediation.organisations", ORGANISATIONS, organisations, f"on conflict (code, valid_from_on) do update set {_ORGANISATION_AS_GIVEN}")
    tx.insert("mediation.members", MEMBERS, members, f"on conflict (organisation, id, valid_from_on) do update set {_MEMBER_AS_GIVEN}")
    if entries:
        tx.run("update mediation.roster_edition set edition = edition + 1")


def _organisation(o):
    return o.code, o.valid_from, o.valid_to, o.kind, o.agency, o.township, o.village, o.takes, o.zh, o.en, o.synthetic


def _member(m):
    return m.id, m.organisation, m.valid_from, m.valid_to, m.role, m.takes, m.synthetic


_ORGANISATION_AS_GIVEN = ORGANISATIONS.given("code", "valid_from_on")
_MEMBER_AS_GIVEN = MEMBERS.given("organisation", "id", "valid_from_on")


class RosterCache:
    """The rosters as this process knows them, read again when somebody changed them: some hundred rows, needed with every batch."""

    def __init__(self):
        self._edition, self._roster = -1, Roster()

    def read(self, tx: Transaction, remember: bool = True) -> Roster:
        """The rosters now. Nothing is remembered of a transaction that changes them itself: it may yet roll back."""
        if not remember:
            return load(tx)
        now = edition(tx)
        if now != self._edition:
            self._edition, self._roster = now, load(tx)
        return self._roster
