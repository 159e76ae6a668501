"""Events of this app."""

from audit.log import declare

declare(
    {
        "client.created": "API client created",
        "client.switched": "API client switched on or off",
        "desk.viewed": "Personal data looked at",
        "desk.changed": "Record changed on the desk",
        "desk.added": "Record added on the desk",
        "log.verified": "Event log verified",
    }
)
