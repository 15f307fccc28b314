"""What can be learned from a table: models that can be explained, compared, trusted and called."""
