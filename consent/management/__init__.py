"""What an administrator does with the ledger from a terminal."""
