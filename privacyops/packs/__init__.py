"""The pack for a regulator: the evidence of one case or of a period, as a ZIP that anyone can check without us.

`building` is the conductor (asked for, built by a worker, fetched, destroyed); `content` writes the files; `masks` hides who
it is about; `chain` brings the events with their digests; `verify` is the program that goes into the ZIP; `page` is the desk.
"""
