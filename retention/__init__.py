"""Floor 4. How long we keep things: schedules, runs and their approval.

`cutoffs` holds the pure rules; `runs` is the conductor: proposal, approval by another person, grace, execution by the same
engine and chunks as a request's erasure, certificate.
"""
