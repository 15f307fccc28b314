"""The pages: server-rendered, everything they need lies here, nothing comes from elsewhere."""
