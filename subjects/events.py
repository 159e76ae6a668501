"""Events of this app."""

from audit.log import declare

declare(
    {
        "subject.made": "Person entered",
        "subjects.made": "People entered together",
        "subject.merged": "Two people recognised as one",
        "subject.identified": "Identifier added",
        "subject.proved": "Identifier proved",
        "subject.held": "Identifier found in a system",
        "subject.forgotten": "Person forgotten",
        "subject.revealed": "Identifiers looked at",
    }
)
