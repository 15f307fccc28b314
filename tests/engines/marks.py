"""What does not run on an engine yet, with the exact error. A mark that does not hold any more fails its test."""

NOT_YET = {("postgres", "trace chambers"): "Samples of tool logs are not copied to PostgreSQL."}
