"""Bad days: real processes are killed, stalled and cut off while they work, and one oracle judges what is left.

`house` starts broker, worker, beat, web and a mail server as child processes on a state folder of their own; `company` is a
small company whose database counts every change by trigger; `driver` runs in the same environment as the workers and plays
person and staff through the verbs; `oracle` asks the same eight questions (O1 to O8) after every disturbance.
"""
