"""The reliability drill: the real system under load while everything in it is killed, frozen and cut off, and then a count.

    python -m drills [--seconds 120] [--seed N] [--run folder] [--prove]

What it proves, and what it does not, stands in docs/reliability.md.
"""
