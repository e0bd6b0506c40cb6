"""Packets of a kept run: what they are, and their way across the chains."""
