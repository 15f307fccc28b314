"""Publish: answers where people look already: tables and functions in the fab's database, files for other programs."""
