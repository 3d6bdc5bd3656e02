"""The reliability drill: runs the real system under load, kills, freezes and disconnects its parts, then checks that no event was lost, repeated or reordered.

    python -m drills [--seconds 120] [--seed N] [--run folder] [--prove]

docs/reliability.md explains what a successful drill proves and what it does not.
"""
