"""Floor 5. People's rights requests, from the public form to the closed case.

Nouns: `models`. Rules: `plans` (what differs between rights), `moves` (the table of states), `policy`. Verbs: `intake`,
`proof`, `review`, `delivery`, `letters`, `clocks`; the one conductor is `workflow`. Doors: `views` (the privacy centre),
`admin` (the staff queue and case page), `api`, `tasks`.
"""
