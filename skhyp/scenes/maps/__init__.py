"""Maps on disk: one module a format, each written block by block and whole or not at all."""
