"""What each reported step means for a dispute: transitions, effects, decisions, corrections. Pure."""
