"""From files and arrays of any kind to a Scene, read block by block."""
