"""Floor 4. Consent and notices: versions of the privacy notice, and each person's choices with the words they saw.

A choice is appended, never changed; the current one is the newest. `choices` and `notices` are the only writers.
"""
