"""Floor 3. How we reach other systems: the dangerous room.

Harm a bug does here: another person's row is erased or shown, a held row is lost, half an erasure is called done. Principles:
- A FIND writes down which rows it found (`Finding`, and their keys in `Chunk`s); a person decides on those rows; whatever
  is done afterwards is done to exactly those keys, chunk by chunk, each with its receipt. Nothing is ever erased by search.
- A row about two people is *shared*: only the fields of the person found through its link are touched or shown, the walk
  never goes on over it to the other person, and what hangs on it alone is shared as well.
- A work order that changes or hands out data carries an `Authorisation`; the database refuses one without.
- One chunk = one transaction in the other system, inside one short transaction of ours that holds the order's lease (fence)
  and the person's row, so that a legal hold is either before the chunk (nothing is touched) or after it.
- Repeating a chunk changes nothing: keys that are gone are gone, masks are the same each time.
- Before its first row an erasure searches again and stops when more is found than was approved; after its last it searches
  once more, and what is there again is "left", never "done".
- What cannot be done parks the order with its reason and a next step; parked is never counted as done.
Deliberately not done here: deciding (requests_app, retention), telling people (letters, notices).
"""
