"""The public pages: doors that parse, call one verb and present."""
