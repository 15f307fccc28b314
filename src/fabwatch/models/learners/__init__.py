"""What learns: each takes a matrix and a target, and gives a sum of parts that is explained as it stands, or trees."""
