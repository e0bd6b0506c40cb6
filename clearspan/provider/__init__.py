"""A liquidity provider on the command line."""
