"""Mergers, sales and asset deals: what the other side sees before, who is told, who objects, and what goes over.

`table`: what may follow what (pure). `registering`: the register, its datasets. `room`: what was shown in a data room.
`people`: who is concerned, and who objects. `moving`: the one writer of states. `closing`: the ledger, written in batches.
"""
