"""Events of this app."""

from audit.log import declare

declare(
    {
        "inventory.described": "Inventory described",
        "inventory.reference_removed": "Reference removed",
        "inventory.translated": "Texts of the inventory translated",
    }
)
