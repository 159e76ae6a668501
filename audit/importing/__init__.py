"""Files of any size, a line for each thing to record: `lines` takes them, `page` is their door on the desk, `command` the one
of `manage.py`.
"""
