"""Clocks (rules of deadlines) of a dispute, and the tracking of its deadlines. Pure computation: no database, no message broker, no system clock."""
