"""Lifecycle of a dispute: transitions, effects of steps, decisions on steps, and corrections. Pure computation: no database, message broker or system clock."""
