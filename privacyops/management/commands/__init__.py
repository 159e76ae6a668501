"""One file a command: up, demo, doctor and the rest."""
