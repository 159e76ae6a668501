"""What a look at a live schema tells: tables and columns, what they probably hold, and what changed since it was described.

`tables` is a schema as plain data; `words` and `values` are what names and sampled values say, `guessing` weighs them;
`linking` finds which tables belong to people; `drafting` makes a description of it and `wording` writes that as YAML;
`comparing` finds what the description does not say yet or says wrongly. All of these are pure. `surveying` and `deciding`
are the verbs: take a survey, accept or dismiss what it proposes.

Nothing leaves the machine, and sampled values leave no function: what is kept of them is how many look like what.
A guess is never a decision: a colleague accepts it, and only then it is part of the inventory.
"""
