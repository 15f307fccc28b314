"""What people decide: holds, limits and intervals, each written down with who, when and why."""
