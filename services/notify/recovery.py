"""What notify does in a recovery after a loss of data (plumbing.recovery): sends notices again, and tells every agency what it has to send again."""

from datetime import datetime, timedelta

from contracts import AGENCIES
from plumbing.events import Reply
from services.notify import safeguard, store

NOTICES_SENT_AGAIN_FOR = timedelta(days=7)
PAGE = 1000


def send_notices_again(db) -> int:
    """Send the notices of the last days to the agencies' inboxes again. Return their number. A client recognises a repeated notice by its id."""
    return _send_again(db, store.load_inbox_notices_since, _make_reply) + _send_again(db, store.load_sealed_notices_since, _make_sealed_reply)


def _send_again(db, load, make_reply) -> int:
    sent, after = 0, ""
    while True:
        with db.transaction() as tx:
            rows = load(tx, tx.now - NOTICES_SENT_AGAIN_FOR, after, PAGE)
            tx.post([make_reply(*row) for row in rows])
        sent += len(rows)
        if len(rows) < PAGE:
            return sent
        after = rows[-1][0]


def _make_reply(notice_id, kind, dispute, to, about, made_at):
    return Reply(to, notice_id, kind, dispute, about, time=made_at)


def _make_sealed_reply(notice_id, dispute, to, made_at):
    return Reply(to, notice_id, safeguard.NOTICE_KIND, dispute, safeguard.notice_data(dispute), time=made_at)


def ask_agencies_to_send_again(db, epoch: int, since: datetime | None) -> list[str]:
    """Post notice.recovered to the inbox of every agency. Return the agencies' codes.

    `since`: from this time on, intake may have lost events that it had confirmed; None: it has lost none.
    """
    agencies = [code for code, agency in AGENCIES.items() if agency.status != "removed"]
    data = {"epoch": epoch} | ({"since": since.isoformat()} if since else {})
    with db.transaction() as tx:
        tx.post([Reply(code, f"recovery/{epoch}/{code}", "notice.recovered", f"epoch-{epoch}", data) for code in agencies])
    return agencies
