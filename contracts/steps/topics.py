"""The ordinary steps of a dispute, but for those that concern earlier reports (correction.py, which needs the others' facts)."""

from contracts.steps import agreement, confirmation, court, mediation, petition, referral, reporting, supervision

TOPICS = (reporting, referral, mediation, agreement, confirmation, court, petition, supervision)
STEPS = tuple(step for topic in TOPICS for step in topic.STEPS)
