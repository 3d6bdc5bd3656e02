"""Tests of what intake does in a recovery: it skips codes, log numbers and receipt positions that may have been used."""

from services.intake import codes, recovery, verify
from services.intake.store import log
from tests.intake.conftest import delivery


def serials(intake):
    return intake.rows("select area, year, last, scatter_key from intake.serials")[0]


def test_codes_known_to_other_services_and_a_margin_above_them_are_not_assigned_again(intake, ingest_all, pool):
    ingest_all(delivery())
    area, year, last, key = serials(intake)
    lost = [codes.make_code(area, year, codes.scattered_serial(count, bytes(key))) for count in (last + 1, last + 40, last + 7)]
    with pool.transaction() as tx:
        skipped = recovery.record_recovery(tx, 2, tx.now, lost, code_margin=100)

    assert serials(intake)[2] == last + 40 + 100 and skipped["codes"] == 140
    ingest_all(delivery(id="e-2", subject="R-2"))
    assert {code for (code,) in intake.rows("select code from intake.disputes")}.isdisjoint(lost)


def test_receipts_after_a_recovery_have_other_ids_and_higher_positions_and_the_log_stays_intact(intake, ingest_all, pool):
    ingest_all(delivery())
    ((before, position),) = intake.rows("select max(seq), (select max(position) from intake.receipts) from intake.log")
    with pool.transaction() as tx:
        recovery.record_recovery(tx, 2, tx.now, [], code_margin=1)
        assert log.CHAIN.verify(tx).broken == []
    ingest_all(delivery(id="e-2", subject="R-2"))

    assert intake.rows("select max(seq), (select max(position) from intake.receipts) from intake.log") == [
        (before + recovery.NUMBER_MARGIN + 1, position + recovery.NUMBER_MARGIN + 1)
    ]
    with pool.transaction() as tx:
        assert [check(tx).broken for _, _, check in verify.CHAINS] == [[], []]


def test_without_a_restore_of_intake_no_number_is_skipped(intake, ingest_all, pool):
    ingest_all(delivery())
    before = serials(intake)[2], intake.rows("select seq from intake.log_head"), intake.rows("select last from intake.receipt_cursors")
    with pool.transaction() as tx:
        assert recovery.record_recovery(tx, 2, None, None) == {}

    assert before == (serials(intake)[2], intake.rows("select seq from intake.log_head"), intake.rows("select last from intake.receipt_cursors"))
