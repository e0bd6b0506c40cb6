"""What an operator types: starting daemons, looking at them, keys and configuration."""
