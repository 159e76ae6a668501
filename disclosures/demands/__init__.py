"""Legal demands, from the day they come to the day the person hears of it.

`table`: what may follow what, and why something is refused (pure). `checklists`: what makes a demand valid, by kind (pure).
`registering`: the register and whom a demand is about. `moving`: the one writer of states. `sealing`: sealed copies of what
left. `gags`: secrecy, and what happens when it ends. `entering`: the ledger. `reads`: what waits. `transparency`: counts for
the public.
"""
