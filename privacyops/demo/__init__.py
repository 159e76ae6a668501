"""The demo company, Hireline: a job-search platform with databases of its own, and everything the portal knows about it.

`generator` and `tables` make its databases, `descriptions/` says what they hold, `sharing` who else gets it and how long it
is kept, `notice.md` what its privacy notice promises (P1 to P17), `team` how colleagues share the work,
`showing` what the desk has to show, `releasing` what left as anonymous. `load` brings all of it into the portal, any number of
times; `share_work` the last part, once there are colleagues.
"""

from privacyops.demo.loading import load, reset, share_work

__all__ = ("load", "reset", "share_work")
