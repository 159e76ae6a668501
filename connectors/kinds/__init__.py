"""One file a kind of system. A kind registers itself (`base.register`) and passes the contract test.

Every module here is loaded with the package, so a new kind is one new file.
"""

from importlib import import_module
from pkgutil import iter_modules

for _one in iter_modules(__path__):
    import_module(f"{__name__}.{_one.name}")
