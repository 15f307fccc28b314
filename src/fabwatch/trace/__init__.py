"""What happened inside the tool: runs, what each sensor did in each step, what is usual, and which runs deviate."""
