"""The data map: systems, what they hold, why, who gets it, and how one person's rows are found in it.

`facts` reads, `layout` places boxes and arrows, `drawing` makes the picture of them, `page` is the desk's page.
"""
