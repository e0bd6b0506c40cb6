"""`python -m clearspan`."""

from clearspan.cli import main

main()
