"""A party files a petition (信访) during mediation. Petition and mediation run in parallel; the petition number is stored in intake only."""

from tests.county import DAMAN_COMMITTEE


def test_a_petition_does_not_stop_mediation_and_the_petition_number_is_stored_in_intake_only(county):
    code = county.create_mediated_dispute()

    last = county.apply_steps(
        code,
        ("petition_office", "petition.registered", {"petition_no": "甘信〔2026〕31号", "repeat": False}),
        ("petition_office", "petition.accepted", {"petition_no": "甘信〔2026〕31号"}),
        ("petition_office", "petition.decided", {"petition_no": "甘信〔2026〕31号", "result": "explained"}),
    )
    county.settle()

    assert last.state == "mediating" and county.next_actors(code) == [DAMAN_COMMITTEE]
    assert county.rows("select count(*) from metrics.timeline where code = %s and detail::text like '%%甘信%%'", code) == [(0,)]
