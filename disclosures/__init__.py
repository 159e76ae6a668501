"""Floor 4. Who else has it: recipients, the ledger of disclosures, and telling recipients what was erased or corrected.

`ledger` records and reads disclosures; `notices` is the outbox to recipients (queued row, claimed, sent, acknowledged,
escalated to a person when tries run out).
"""
