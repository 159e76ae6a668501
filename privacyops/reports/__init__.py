"""Reports of the desk: how many requests, how old, how fast, how they ended; and California's yearly figures.

`periods` and `numbers` are pure; `facts` reads the tables, set-based; `california` is 11 CCR § 7102; `page`, `sheets` show.
"""
