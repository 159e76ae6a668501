"""Floor 1. The only room that knows names: data subjects and their identifiers.

A value is stored encrypted (`vault`) beside a keyed blind index by which it is found again; every other room holds the
subject's id. `registry` is the only writer; `identifiers` holds the pure rules of what an identifier may look like.
"""
