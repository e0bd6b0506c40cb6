"""Running the daemons as an operator does: configuration, keys, one process, and how it is seen from outside."""
