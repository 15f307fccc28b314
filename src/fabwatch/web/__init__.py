"""The pages: rendered on the server, with all their files included; nothing is loaded from elsewhere."""
