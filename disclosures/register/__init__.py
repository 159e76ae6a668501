"""The register of recipients as CSV: out, and in again.

`cells` says how one recipient is written and read, `taking` brings a file in: all of it, or with every faulty line named and
nothing written.
"""

from disclosures.register.cells import COLUMNS
from disclosures.register.taking import Brought, bring, export

__all__ = ("COLUMNS", "Brought", "bring", "export")
