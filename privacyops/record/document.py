"""The record as JSON, in a format that is published as a JSON Schema."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.utils import timezone

from privacyops.record.facts import Activity, Gap, Mandate, Receiver, Record

FORMAT = 1
SCHEMA = Path(__file__).with_name("record-1.schema.json")


def document(record: Record) -> dict[str, Any]:
    """Plain values, as the schema has them."""
    return {
        "format": FORMAT,
        "as_of": timezone.now().isoformat(timespec="seconds"),
        "controller": {
            "name": record.controller, "address": record.address, "email": record.email,
            "representative": record.representative, "data_protection_officer": record.officer,
        },
        "as_controller": [_activity(one) for one in record.activities],
        "as_processor": [_mandate(one) for one in record.mandates],
        "gaps": _gaps(record.gaps),
    }  # fmt: skip


def text(record: Record) -> str:
    """The same, written out."""
    return json.dumps(document(record), ensure_ascii=False, indent=1)


def _activity(one: Activity) -> dict[str, Any]:
    return {
        "key": one.key,
        "purpose": one.name,
        "description": one.description,
        "lawful_basis": one.lawful_basis,
        "categories_of_data_subjects": one.data_subjects,
        "categories_of_personal_data": [asdict(row) for row in one.categories],
        "sources": one.sources,
        "systems": one.systems,
        "recipients": [_receiver(row) for row in one.recipients],
        "time_limits": [asdict(row) for row in one.limits],
        "security_measures": one.measures,
        "gaps": _gaps(one.gaps),
    }


def _mandate(one: Mandate) -> dict[str, Any]:
    return {
        "controller": one.client,
        "contact": one.contact,
        "systems": one.systems,
        "categories_of_processing": one.processing,
        "categories_of_personal_data": [asdict(row) for row in one.categories],
        "sub_processors": [_receiver(row) for row in one.sub_processors],
        "security_measures": one.measures,
        "gaps": _gaps(one.gaps),
    }


def _receiver(one: Receiver) -> dict[str, Any]:
    return asdict(one)


def _gaps(gaps: list[Gap]) -> list[dict[str, str]]:
    return [{"words": one.words, "place": one.place} for one in gaps]
