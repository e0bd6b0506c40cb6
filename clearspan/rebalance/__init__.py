"""`clearspan rebalance`: what is short, and bringing it."""
