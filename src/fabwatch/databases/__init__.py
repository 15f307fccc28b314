"""The fab's own databases: rows are read from them as they are read from files, and never written there by this."""
