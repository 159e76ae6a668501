"""Ways to show who is asking, each no heavier than its right needs; `proof` (one floor up) keeps sessions and one-time links.

`ways` is the table; `codes` are typed where they were asked for; `phones` carries codes to a number on file; `stopping` tells
every known channel and lets it stop what was not asked for; `hosting` and `openid` take the word of another site that the
company runs or trusts; `facts` compares what the systems know; `papers` is the last resort.
"""
