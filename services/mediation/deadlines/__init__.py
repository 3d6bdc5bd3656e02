"""Clocks that run for a dispute, and the tracking of its deadlines. Pure: no database, no broker, no clock."""
