"""The record of processing activities (GDPR art. 30; UK GDPR art. 30): read from the inventory, the retention schedules and the
recipients, with every gap named and linked to the place where it is mended.

`facts` reads, `document` makes JSON, `workbook` makes XLSX, `page` is the desk's page.
"""
