"""Floor 0. Statutes as data, calendars and clocks, in pure Python: no Django, could be published alone.

`statutes/*.yaml` hold the facts with their sections; `registry` loads and checks them; `applicable` says which of them speak
for a person; `clocks` turns a receipt into dates and explains each step; `grounds` and `remedies` feed letters.
"""

from law.applicable import VOLUNTARY, UnknownResidence, applicable, granted_right, laws_for, residences
from law.clocks import Deadlines, Establishment, Pause, deadlines, due_at, strictest
from law.model import Ground, ProofRule, Remedies, Statute
from law.reader import StatuteError
from law.reasons import grounds, proof_rule, regulator, remedies
from law.registry import statute, statutes, version
from law.rights import LABELS, NO_PROOF_RIGHTS, RIGHTS
from law.standing import AGENT, BASES, HEIR, PARENT, SELF, Standing, heirs_cite, standing

__all__ = (
    "AGENT",
    "BASES",
    "HEIR",
    "LABELS",
    "NO_PROOF_RIGHTS",
    "PARENT",
    "RIGHTS",
    "SELF",
    "VOLUNTARY",
    "Deadlines",
    "Establishment",
    "Ground",
    "Pause",
    "ProofRule",
    "Remedies",
    "Standing",
    "Statute",
    "StatuteError",
    "UnknownResidence",
    "applicable",
    "deadlines",
    "due_at",
    "granted_right",
    "grounds",
    "heirs_cite",
    "laws_for",
    "proof_rule",
    "regulator",
    "remedies",
    "residences",
    "standing",
    "statute",
    "statutes",
    "strictest",
    "version",
)
