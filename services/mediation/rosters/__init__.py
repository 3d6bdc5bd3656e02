"""Rosters of organisations, their members (by number) and the courts' locations, each valid for a period. They contain no ranking."""
