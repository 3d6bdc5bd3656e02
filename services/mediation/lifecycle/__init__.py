"""Lifecycle of a dispute: transitions, effects of steps, decisions on steps, corrections. Pure: no database, no broker, no clock."""
