"""Ordinary steps of a dispute, collected from the modules of the topics. Joins and corrections (correction.py) need the schemas collected here."""

from contracts.steps import agreement, confirmation, court, mediation, petition, referral, reporting, supervision

TOPIC_MODULES = (reporting, referral, mediation, agreement, confirmation, court, petition, supervision)
STEPS = tuple(step for topic in TOPIC_MODULES for step in topic.STEPS)
