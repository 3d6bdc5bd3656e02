"""Which clocks run for a dispute, and what becomes of its deadlines. Pure."""
