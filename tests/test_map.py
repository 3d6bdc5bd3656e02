"""The map in the READMEs is the one that the code draws."""

from deploy import map as house


def test_both_readmes_show_the_map_that_the_code_draws(capsys):
    assert house.main(["--check"]) == 0, capsys.readouterr().out


def test_every_step_an_agency_can_report_is_told_as_a_story():
    without = [line for line in house.table("en").splitlines()[2:] if line.endswith("| – |")]

    assert not without
