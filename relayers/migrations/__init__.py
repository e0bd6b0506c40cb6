"""Schema versions of the relayers' database, applied when it is opened."""
