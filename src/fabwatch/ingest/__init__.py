"""Exactly once: from the sources into the store, one transaction a file, with a ledger; nothing is dropped."""
