"""Swaps of a kept run: what an address still has in escrows."""
