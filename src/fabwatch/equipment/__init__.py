"""What is known of the tools, their chambers, runs and counters, and the limits that people set: what the rooms share."""
