"""Periods set by law, policy or county: their table, and the computation of deadlines from it. Pure computation on given facts and times."""
