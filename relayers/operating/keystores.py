"""Encrypted keys in files: Ethereum's keyfile JSON under scrypt, one per role, readable by their owner alone."""

import json
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from relayers.operating.config import DEVELOPMENT_CHAIN_IDS, SignerSection
from relayers.operating.development_keys import is_development_key
from relayers.operating.errors import Reason, Rejected

SCRYPT_N = 1 << 17
"""A guess at a password costs this many rounds, a fraction of a second."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True, kw_only=True)
class KeystoreEntry:
    """What a keystore tells without its password."""

    role: str
    address: str
    path: Path


def create(path: Path, password: str, *, role: str, key: bytes | None = None, rounds: int = SCRYPT_N) -> str:
    """Write a keystore for `key`, or for a new one, and answer its address.

    Raises Rejected(FILE_EXISTS, NO_PASSWORD).
    """
    if not password:
        raise Rejected(Reason.NO_PASSWORD, "an empty password protects nothing")
    account: LocalAccount = Account.create() if key is None else Account.from_key(key)
    sealed: dict[str, Any] = {**Account.encrypt(account.key, password, kdf="scrypt", iterations=rounds), "role": role}
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Rejected(Reason.FILE_EXISTS, str(path)) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(sealed, file, indent=2)
        file.write("\n")
    return str(account.address)


def read_entry(path: Path) -> KeystoreEntry:
    """Whose key a file holds; raises Rejected(FILE_MISSING, KEYSTORE_MALFORMED)."""
    sealed = _read(path)
    return KeystoreEntry(
        role=str(sealed.get("role", path.stem)), address=to_checksum_address(sealed["address"]), path=path
    )


def unlock(path: Path, password: str) -> LocalAccount:
    """The key of a file. Raises Rejected(EXPOSED_FILE, FILE_MISSING, KEYSTORE_MALFORMED, WRONG_PASSWORD)."""
    require_private(path)
    sealed = _read(path)
    try:
        key = Account.decrypt(sealed, password)
    except ValueError as error:
        raise Rejected(Reason.WRONG_PASSWORD, path.name) from error
    except (KeyError, TypeError) as error:
        raise Rejected(Reason.KEYSTORE_MALFORMED, path.name) from error
    account: LocalAccount = Account.from_key(key)
    return account


def require_private(path: Path) -> None:
    """Raises Rejected(EXPOSED_FILE) where the group or anybody else may read or write the file."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise Rejected(Reason.FILE_MISSING, str(path)) from error
    if mode & OTHERS:
        raise Rejected(Reason.EXPOSED_FILE, f"{path} has mode {stat.S_IMODE(mode):04o}: chmod 600 {path}")


def password_of(signer: SignerSection, ask: Callable[[], str] | None = None) -> str:
    """From the signer's file or variable, else by asking.

    Raises Rejected(NO_PASSWORD, EXPOSED_FILE, FILE_MISSING).
    """
    if signer.password_file is not None:
        require_private(signer.password_file)
        return signer.password_file.read_text(encoding="utf-8").rstrip("\r\n")
    if signer.password_env is not None:
        value = os.environ.get(signer.password_env)
        if value is None:
            raise Rejected(Reason.NO_PASSWORD, f"{signer.password_env} is not set")
        return value
    if ask is None:
        raise Rejected(Reason.NO_PASSWORD, f"for {signer.keystore.name}: set password_file or password_env")
    return ask()


def require_no_development_key(address: str, chain_ids: Iterable[int]) -> None:
    """Raises Rejected(DEVELOPMENT_KEY) for a key everybody knows on any chain that may hold value."""
    real = sorted(set(chain_ids) - DEVELOPMENT_CHAIN_IDS)
    if real and is_development_key(address):
        raise Rejected(Reason.DEVELOPMENT_KEY, f"{address} is published; chain {real[0]} is not for development")


def _read(path: Path) -> dict[str, Any]:
    try:
        sealed = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Rejected(Reason.FILE_MISSING, str(path)) from error
    except ValueError as error:
        raise Rejected(Reason.KEYSTORE_MALFORMED, path.name) from error
    if not isinstance(sealed, dict) or not {"address", "crypto", "version"} <= sealed.keys():
        raise Rejected(Reason.KEYSTORE_MALFORMED, path.name)
    return sealed
