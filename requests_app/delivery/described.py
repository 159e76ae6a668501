"""The package for programs: `overview.json` in a format that is published as a JSON Schema, and a Frictionless descriptor of
the tables (Data Package, Tabular Data Resource).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from requests_app.delivery.bag import Entry
from requests_app.delivery.parts import Part
from requests_app.delivery.tables import labels, plain
from requests_app.models import Request

FORMAT = 1
SCHEMA = Path(__file__).with_name("package-1.schema.json")
# How our CSV says yes and no, see `tables.cell`.
BOOLEAN = {"trueValues": ["yes"], "falseValues": ["no"]}


def schema_url() -> str:
    """Where this portal publishes the schema."""
    return f"{settings.SITE_URL}/schemas/package-{FORMAT}.json"


def overview(request: Request, facts: Mapping[str, Any]) -> str:
    """What index.html says, as JSON. `facts`: those of `wording.facts` and `wording.overview`, and `parts`."""
    found = {
        "$schema": schema_url(),
        "format": FORMAT,
        "company": {"name": facts["company"], "address": facts["company_address"], "email": facts["company_email"]},
        "request": {
            "reference": request.reference,
            "right": request.right,
            "received_at": request.received_at,
            "packed_at": timezone.now(),
        },
        "collections": [_collection(one) for one in facts["parts"]],
        "withheld": [{"title": title, "reason": reason} for title, reason in facts["withheld"]],
        "decided_by_others": facts["summary"].referred,
        "recipients": [
            {
                "name": one.name, "role": one.get_role_display(), "kind": one.kind, "country": one.country,
                "basis_of_transfer": one.basis,
            }
            for one in facts["recipients"]
        ],
        "remedies": facts["remedies"],
    }  # fmt: skip
    return json.dumps(plain(found), ensure_ascii=False, indent=1)


def _collection(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "title": part.title,
        "description": part.description,
        "rows": part.rows,
        "page": f"data/{part.name}.html",
        "csv": f"data/{part.name}.csv",
        "json": f"data/{part.name}.json",
        "files": part.files,
        "source": part.source,
        "purposes": [{"name": name, "description": words} for name, words in part.purposes],
        "kept_for": part.periods or ([part.kept] if part.kept else []),
        "columns": [
            {"name": one, "title": part.heading(one), "type": part.data_type(one), "category": part.category(one)}
            for one in part.columns
        ],
        "hidden": [{"reason": reason, "items": count} for reason, count in part.hidden],
    }


def datapackage(request: Request, parts: list[Part], entries: Mapping[str, Entry]) -> str:
    """datapackage.json: each table with its columns, length and hash."""
    found = {
        "name": request.reference.lower(),
        "title": f"Personal data, request {request.reference}",
        "created": timezone.now().isoformat(timespec="seconds"),
        "contributors": [{"title": settings.COMPANY_NAME, "email": settings.COMPANY_EMAIL, "role": "publisher"}],
        "resources": [_resource(one, entries[f"data/{one.name}.csv"]) for one in parts if one.columns],
    }
    return json.dumps(found, ensure_ascii=False, indent=1)


def _resource(part: Part, entry: Entry) -> dict[str, Any]:
    """Fields are named as the head of the CSV file names them; the JSON file has the columns' own names."""
    fields = []
    for one, label in zip(part.columns, labels(part.columns), strict=True):
        kind = part.data_type(one)
        extra = BOOLEAN if kind == "boolean" else {}
        fields.append({"name": label, "title": part.heading(one), "type": kind, **extra})
    return {
        "name": part.name.lower(),
        "title": part.title,
        "path": f"data/{part.name}.csv",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": entry.size,
        "hash": f"sha256:{entry.digest}",
        "schema": {"fields": fields, "missingValues": [""]},
    }
