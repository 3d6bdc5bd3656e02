"""What goes into the sealed lane at the door, and who may know that it is there? No database, no broker."""

import pytest

import contracts
from contracts import safeguard as words
from services.intake import domain
from services.intake.model import Dispute, Known, Seal
from tests.intake.test_domain import CODE, NOW, REPORT, SCREENED, decide, says, step, why

DANGER = {"risk": {"domestic_violence": True}}
INSIDE, OUTSIDE = ("police", "court", "court-daman", "womens_federation"), ("mediation_centre", "grid", "trade_union", "judicial_bureau")


def known(seal):
    return Known(disputes={CODE: Dispute(CODE, seal=seal)})


def streams(verdict):
    verdict.logged.seq = 7
    if verdict.dispute.code is None:
        verdict.dispute.code = CODE
    for stream, type, data in domain.facts_of(verdict):
        contracts.dump(type, data, stream or "intake")
    return [(stream or "intake", type) for stream, type, _ in domain.facts_of(verdict)]


@pytest.mark.parametrize("flag", words.DANGERS)
def test_a_report_of_danger_is_said_in_the_sealed_voice_and_in_no_other(flag):
    (verdict,) = decide(says(data=REPORT | {"risk": {flag: True}}))

    assert verdict.registers and verdict.refused is None
    assert streams(verdict) == [("intake-safeguard", "dispute.registered")]
    assert verdict.dispute.seal.born


def test_a_step_that_carries_a_flag_goes_the_ordinary_way_without_it():
    (verdict,) = decide(says("mediation_centre", SCREENED | DANGER, type="dispute.screened", subject=CODE))

    assert streams(verdict) == [("intake", "step.reported"), ("intake-safeguard", "risk.flagged")]
    assert "risk" not in domain.facts_of(verdict)[0][2]["facts"]
    assert not verdict.dispute.seal.born


@pytest.mark.parametrize("word", words.STEPS)
def test_the_lanes_own_words_are_said_sealed(word):
    agency = next(agency for agency in (*INSIDE, *OUTSIDE) if contracts.may_say(agency, word))
    (verdict,) = decide(step(word, agency))

    assert streams(verdict) == [("intake-safeguard", "step.reported")]


@pytest.mark.parametrize("agency", INSIDE)
def test_of_a_sealed_dispute_those_inside_speak_sealed(agency):
    (verdict,) = decide(says(agency, subject=CODE), about=known(Seal(holds={"hold"})))

    assert streams(verdict) == [("intake-safeguard", "step.reported")]


@pytest.mark.parametrize("agency", OUTSIDE)
def test_and_those_outside_as_ever(agency):
    (verdict,) = decide(says(agency, subject=CODE), about=known(Seal(holds={"hold"})))

    assert streams(verdict) == [("intake", "step.reported")]


@pytest.mark.parametrize("agency", OUTSIDE)
def test_a_code_born_in_the_lane_is_for_outsiders_like_one_that_was_never_given(agency):
    never, sealed = (decide(says(agency, subject=CODE), about=about)[0] for about in (Known(), known(Seal(born=True, holds={"hold"}))))

    assert why(sealed) == "unknown_dispute"
    assert domain.first_receipt(sealed) == domain.first_receipt(never)
    assert sealed.dispute is None


def test_who_reported_it_knows_its_code():
    (verdict,) = decide(says("grid", subject=CODE), about=known(Seal(born=True, holds={"hold"}, reporters={"grid"})))

    assert streams(verdict) == [("intake-safeguard", "step.reported")]


def test_what_was_said_before_the_seal_within_one_batch_stays_as_it_was():
    before, warning, after = decide(
        step("dispute.screened", "court"), step("dv.warning_issued", "police", id="e-2"), step("dispute.screened", "court", id="e-3")
    )

    assert [streams(verdict)[0][0] for verdict in (before, warning, after)] == ["intake", "intake-safeguard", "intake-safeguard"]


def test_the_first_receipt_of_danger_has_the_shape_of_any_other():
    plain, danger = (decide(says(data=data, id=id), at=NOW)[0] for data, id in ((REPORT, "e-1"), (REPORT | DANGER, "e-1")))
    for verdict in (plain, danger):
        verdict.dispute.code, verdict.logged.seq, verdict.sha256 = CODE, 7, "0" * 64

    assert domain.first_receipt(plain) == domain.first_receipt(danger)
