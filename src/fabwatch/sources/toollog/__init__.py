"""Tool logs: what a tool wrote while it ran. One reader, one small module per dialect, recognised by content."""
