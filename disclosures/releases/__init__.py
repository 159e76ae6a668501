"""The rules of the gate through which data leaves that is no longer personal: pure Python, no framework, no database.

`columns` reads rows and tells identifying columns; `conditions` and `hierarchies` say which people a coarser value covers;
`anonymity` and `recoding` make one row per person safe (k-anonymity, l-diversity, t-closeness); `tabulating`, `suppressing`
and `auditing` make a table safe; `noise` adds noise for differential privacy; `differencing` and `linking` attack what is
about to leave; `parameters` says what may be asked; `gate` puts them together.
"""
