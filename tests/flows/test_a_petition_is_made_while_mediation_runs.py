"""A party also goes to the petition office. Does that stop anything?"""

from tests.county import DAMAN_COMMITTEE


def test_the_petition_runs_beside_mediation_and_its_number_stays_where_it_is(county):
    code = county.mediated_dispute()

    told = county.apply_steps(
        code,
        ("petition_office", "petition.registered", {"petition_no": "甘信〔2026〕31号", "repeat": False}),
        ("petition_office", "petition.accepted", {"petition_no": "甘信〔2026〕31号"}),
        ("petition_office", "petition.decided", {"petition_no": "甘信〔2026〕31号", "result": "explained"}),
    )
    county.settle()

    assert told.state == "mediating" and county.next_actors(code) == [DAMAN_COMMITTEE]
    assert county.rows("select count(*) from metrics.timeline where code = %s and detail::text like '%%甘信%%'", code) == [(0,)]
