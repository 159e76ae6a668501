"""Descriptions of the inventory as files: read, checked as a whole, and only then written.

`own` is our YAML, `table` the CSV, `fides` the dataset files of Fides. All of them make the same mapping (`keys` names what may
be said in it); `checks` and `crossings` find its faults, `loading` writes it, `picture` reads the inventory back into it.
"""

from inventory.descriptions.bringing import Brought, bring
from inventory.descriptions.fides import Fides, files_of, is_fides, read_fides
from inventory.descriptions.fides_export import export_fides
from inventory.descriptions.loading import Loaded, load
from inventory.descriptions.own import export, read
from inventory.descriptions.picture import picture, str_path
from inventory.descriptions.table import export_csv, read_csv

__all__ = [
    "Brought", "Fides", "Loaded", "bring", "export", "export_csv", "export_fides", "files_of", "is_fides", "load", "picture",
    "read", "read_csv", "read_fides", "str_path",
]  # fmt: skip
