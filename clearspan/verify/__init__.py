"""Proof of solvency: a kept run, rebuilt from chain data alone."""

from clearspan.kept import DEPLOYMENT_FILE, KeptRun, database_path
from clearspan.verify.verification import Check, Verification, verify_directory

__all__ = ["DEPLOYMENT_FILE", "Check", "KeptRun", "Verification", "database_path", "verify_directory"]
