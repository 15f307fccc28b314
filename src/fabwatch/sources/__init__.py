"""Reading data: bytes in, batches of rows and problems out. Nothing here knows the store."""
