"""Descriptions for the tests of this folder, and the ways to bring them in."""

from pathlib import Path
from typing import Any

from audit import actor
from inventory import descriptions
from inventory.descriptions import Brought

TESTS = actor.worker("tests")
BAKERY = Path(__file__).with_name("fides") / "bakery"
HIRELINE = Path(__file__).parents[2] / "privacyops" / "demo" / "descriptions" / "hireline.yaml"

# Everything that can be said, said once.
WHOLE = """
categories:
  - {key: contact, name: Contact, mask: {strategy: fixed, value: "[gone]"}}
  - {key: contact.email, name: E-mail address}
  - {key: health, name: Health, sensitive: true}
purposes:
  - key: service
    name: Service
    description: We keep your account.
    lawful_basis: contract
    required: true
    consequence: No account.
    data_subjects: customers, their heirs
    measures: Two locks on every door.
systems:
  - key: shop
    name: Shop
    description: The web shop.
    owner: Web team
    region: EU
    datasets:
      - key: sales
        name: Sales
        source: outside
        source_detail: a vendor
        after: [people]
        collections:
          - name: lines
            title: Lines of your orders
            after: [sales.orders]
            erase_after: [sales.notes]
            fields:
              - {name: shop_no, data_type: integer, primary_key: true,
                 references: [{target: sales.orders.shop_no, direction: down, group: order}]}
              - {name: order_no, data_type: integer, primary_key: true,
                 references: [{target: sales.orders.nr, direction: down, group: order}]}
              - {name: article, category: contact, length: 12, mask: {strategy: truncate, characters: 3}}
              - {name: marks, data_type: "string[]", category: health, every_element: true}
          - name: notes
            title: Notes
            erase: keep
            keep_ground: legal_obligation
            keep_until: until ten years have passed
            dated_by: at
            in_package: false
            erase_shared: keep
            fields:
              - {name: id, primary_key: true}
              - {name: at, data_type: date}
              - {name: by_no, references: [people.people.nr]}
              - {name: to_no, references: [{target: people.people.nr, direction: both}]}
              - {name: words, category: contact, person: by_no, suppress: {value: ""}, restrict: {value: closed}}
          - name: orders
            title: Orders
            description: What you bought.
            purposes: [service]
            erase: mask
            fields:
              - {name: shop_no, data_type: integer, primary_key: true}
              - {name: nr, data_type: integer, primary_key: true}
              - {name: buyer, references: [{target: people.people.nr, direction: up}]}
          - name: queue
            title: Queue
            skip: true
            fields: [{name: id}]
  - key: hr
    name: People
    role: processor
    client: Northwind
    client_contact: privacy@northwind.example
    datasets:
      - key: people
        name: People
        collections:
          - name: people
            title: People
            fields:
              - {name: nr, primary_key: true}
              - {name: mail, title: E-mail, category: contact.email, identity: email, attribute: email,
                 mask: {strategy: "null"}}
              - {name: address.city, title: City, category: contact, read_only: true}
"""


def bring(text: str, name: str = "x.yaml", **more: Any) -> Brought:
    """Load one text."""
    return descriptions.bring([(name, text)], actor=TESTS, **more)


def bakery(**more: Any) -> Brought:
    """Load the bakery's Fides files."""
    return descriptions.bring(descriptions.files_of(BAKERY), actor=TESTS, **more)


def line_of(text: str, words: str) -> int:
    """In which line of a text these words stand first."""
    return text[: text.index(words)].count("\n") + 1
