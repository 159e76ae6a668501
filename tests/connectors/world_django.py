"""The contract's world in a Django project beside the portal: models whose tables and columns have other names."""

from dataclasses import replace

import sqlalchemy as sa
import yaml

from connectors.kinds import base, sql_schema
from connectors.models import Connection
from inventory.graph import CollectionSpec
from tests.connectors.contract import World
from tests.connectors.world_sql import TABLES, Postgresql, Sqlite

meta = sa.MetaData()
STORED = {
    name: sa.Table(
        f"crm_{name}",
        meta,
        *(
            sa.Column(f"{one.name}_c", one.type, key=one.name, primary_key=one.primary_key, autoincrement=False)
            for one in table.columns
        ),
    )
    for name, table in TABLES.items()
}
MODELS = {
    f"crm.{name}": {
        "table": str(table.name),
        "fields": {str(field): str(column.name) for field, column in table.c.items()},
    }
    for name, table in STORED.items()
}


class Models(World):
    """Mixed into a world of SQL."""

    meta, tables = meta, STORED

    def opened(self, address: str) -> base.Kind:
        sql_schema.forget()
        return base.open_kind(Connection(kind="django", address=address, described=yaml.safe_dump({"models": MODELS})))

    def spec(self, name: str) -> CollectionSpec:
        return replace(super().spec(name), name=f"crm.{name}")


class DjangoSqlite(Models, Sqlite):
    """A file."""

    name = "django-sqlite"


class DjangoPostgresql(Models, Postgresql):
    """The server of SERVERS."""

    name = "django-postgresql"

    def opened(self, address: str) -> base.Kind:
        return super().opened(self.refusable(address))


WORLDS = [DjangoSqlite, DjangoPostgresql]
