"""Connections: how the fab stands with everything outside of it: databases, storage, live sources, channels of alerts."""
