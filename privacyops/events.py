"""Events of the roof."""

from audit.log import declare

declare({"signin.unlocked": "Failed sign-ins forgiven"})
