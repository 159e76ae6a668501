"""Floor 0. What happened, who did it, and the words of refusal.

`log` is the only writer of events (append-only, chained, subject ids but never personal data); `refusal` carries a reason
to a person; `leases` lets one worker own a row; `sweeps` gives each beat slot to one process; `failpoints` names the places
where the fault suite breaks us; `assurance` is the registry of checks that keep the promises of the notice;
`sheet` reads and writes CSV for everybody, and `importing` takes files of any size line by line.
"""
