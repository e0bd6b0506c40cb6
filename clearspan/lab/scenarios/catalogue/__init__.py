"""One scenario a file. Copy any of them to begin a new one; the registry finds it by itself."""
