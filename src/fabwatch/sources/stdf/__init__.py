"""STDF V4: test results as testers write them. Source: Standard Test Data Format (STDF) Specification V4, Teradyne."""
