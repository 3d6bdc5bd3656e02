"""Rules of law on periods: the table of periods, and the computation of deadlines from it. Pure computation: no dispute, no present time."""
