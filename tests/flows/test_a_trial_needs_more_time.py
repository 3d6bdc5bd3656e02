"""The president of the court extends the period of a trial. One extension within the statutory limit is allowed (民事诉讼法 152, 164)."""


def test_the_period_of_a_trial_can_be_extended_once_within_the_statutory_limit(county):
    code = county.file_court_case(county.create_screened_dispute())
    county.apply_steps(code, ("court", "case.procedure_set", {"procedure": "simplified"}))

    assert county.report_rejected_step(code, "court", "trial.extended", months=2) == "leave_too_long"
    county.apply_steps(code, ("court", "trial.extended", {"months": 1}))
    assert county.report_rejected_step(code, "court", "trial.extended", months=1) == "leave_given_before"

    ((longer, first),) = county.rows(
        "select due_at::date, started_at::date from mediation.deadlines where code = %s and clock = 'trial_simplified' and state = 'open'", code
    )
    assert (longer - first).days >= 119  # a period of three months plus an extension of one month
