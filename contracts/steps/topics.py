"""Ordinary steps of a dispute, except joins and corrections of earlier reports, which need the schemas of the other steps (correction.py)."""

from contracts.steps import agreement, confirmation, court, mediation, petition, referral, reporting, supervision

TOPICS = (reporting, referral, mediation, agreement, confirmation, court, petition, supervision)
STEPS = tuple(step for topic in TOPICS for step in topic.STEPS)
