"""Floor 2. What we hold, where, why, from whom and for how long, and the graph that finds one person's rows.

`models` holds the rows that staff edit; `descriptions` reads them from files; `graph` is the pure picture of collections,
fields and references; `walking` orders the way from a person's identifiers to every row; `mapping` turns rows into that
picture.
"""
