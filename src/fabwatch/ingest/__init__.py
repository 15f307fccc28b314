"""Loading exactly once: from the sources into the store, one transaction per file, with a ledger; nothing is dropped."""
