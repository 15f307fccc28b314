"""Signing in with an account: what the provider of the fab says of a person (OpenID Connect), and what that person may."""
