"""A whole network in this process."""
