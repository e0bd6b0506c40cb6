"""A devnet that other processes reach: ports, wallets and configurations."""
