"""Tool logs: what a tool wrote while it ran, one reader with one small file a dialect, found by content."""
