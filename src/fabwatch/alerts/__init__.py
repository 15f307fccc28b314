"""What people are told without asking: one case for each tool, sent once, until somebody has seen it."""
