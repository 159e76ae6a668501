"""Events of this app."""

from audit.log import declare

declare(
    {
        "subject.made": "Person entered",
        "subject.identified": "Identifier added",
        "subject.proved": "Identifier proved",
        "subject.revealed": "Identifiers looked at",
    }
)
