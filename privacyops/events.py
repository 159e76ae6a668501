"""Events of the roof."""

from audit.log import declare

declare(
    {
        "signin.unlocked": "Failed sign-ins forgiven",
        "signin.done": "Signed in to the desk",
        "signin.factor_changed": "A second factor changed",
        "signin.factors_removed": "A colleague's second factors removed",
    }
)
