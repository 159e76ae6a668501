"""Django's own PostgreSQL, told how many prepared statements a connection keeps: the driver has no option for it."""

from typing import Any

from django.db.backends.postgresql import base

# A request from the form to its closing has about 250 different ones; the driver's own hundred would be thrown out and
# prepared anew all the time. The server holds some 20 to 50 kB for each.
MOST_PREPARED = 500


class DatabaseWrapper(base.DatabaseWrapper):
    """See `DATABASE_PREPARE` in the settings."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection that remembers all of our statements."""
        connection = super().get_new_connection(conn_params)
        connection.prepared_max = MOST_PREPARED
        return connection
