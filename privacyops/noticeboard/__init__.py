"""The desk's pages about notices: reading and deciding, what a notice names, drift, and who was told."""
