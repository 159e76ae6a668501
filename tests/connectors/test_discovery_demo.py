"""The demo company's three databases, guessed from names alone and held against its own description."""

from pathlib import Path

import sqlalchemy as sa
import yaml

import privacyops.demo
from connectors.discovery import drafting
from connectors.kinds import sql_survey
from privacyops.demo import tables

DESCRIPTION = Path(privacyops.demo.__file__).parent / "descriptions" / "hireline.yaml"


def test_most_of_the_demo_companys_personal_texts_are_seen_by_their_names_alone() -> None:
    described = {
        (row["name"], field["name"]): field
        for system in yaml.safe_load(DESCRIPTION.read_text())["systems"]
        for dataset in system.get("datasets", ())
        for row in dataset["collections"]
        for field in row["fields"]
    }
    texts = {
        place
        for place, one in described.items()
        if one.get("category", "usage") != "usage" and one.get("data_type", "string") == "string"
    }
    claimed, known = set(), set()
    for meta in (tables.PLATFORM, tables.MARKETING, tables.ARCHIVE):
        engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        meta.create_all(engine)
        found = sql_survey.survey(engine)
        for name, one in drafting.draft(found, {}, {each.name: "demo" for each in found}).items():
            known |= {(name, column) for column in one.guesses}
            claimed |= {(name, column) for column, guess in one.guesses.items() if guess.personal and not guess.fact}
    wanted = texts & known
    right = wanted & claimed
    print(f"\nprecision {len(right) / len(claimed):.2f}, recall {len(right) / len(wanted):.2f} of {len(wanted)}")
    assert len(right) / len(claimed) >= 0.85 and len(right) / len(wanted) >= 0.65
