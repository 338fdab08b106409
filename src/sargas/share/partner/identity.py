"""Who an instance is to its partners: an Ed25519 key pair, made once and kept in the home.

The private key is in `partner.key`, readable by its owner alone. It is in no backup: a home that is
made of a backup beside the running one would else sign in its name, and begin its numbers anew.
Such a home makes a key of its own, which the partners have to be told.

Source:
    RFC 8032, Ed25519; the implementation is that of the package `cryptography`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from sargas.errors import NotFoundError, StoreError, UsageError
from sargas.model.said import checked_line
from sargas.store.home import IDENTITY, sync_directory, unusable

NAME_MOST = 40
INSTANCE_LETTERS = 32
_KEY = re.compile(r"(?:ed25519:)?([0-9a-f]{64})")


@dataclass(frozen=True)
class Identity:
    """An instance: its name for others, and its key.

    Attributes:
        name: what it calls itself.
        created: when the key was made, ISO 8601.
    """

    name: str
    created: str
    _private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"Identity({self.name!r}, {self.instance!r})"  # without the key

    @property
    def key(self) -> str:
        """The public key, hex."""
        return self._private.public_key().public_bytes_raw().hex()

    @property
    def instance(self) -> str:
        """What names the instance, see `instance_of`."""
        return instance_of(self.key)

    def sign(self, data: bytes) -> bytes:
        """Sign some bytes; 64 bytes."""
        return self._private.sign(data)


def instance_of(key: str) -> str:
    """Name an instance by its public key: the first 128 bits of the key's SHA-256.

    Example:
        >>> instance_of("00" * 32)
        '66687aadf862bd776c8fc18b8e9f8e20'
    """
    return hashlib.sha256(bytes.fromhex(key)).hexdigest()[:INSTANCE_LETTERS]


def spoken(instance: str) -> str:
    """Write an instance as two people read it to each other.

    Example:
        >>> spoken("66687aadf862bd776c8fc18b8e9f8e20")
        '6668 7aad f862 bd77 6c8f c18b 8e9f 8e20'
    """
    return " ".join(instance[i : i + 4] for i in range(0, len(instance), 4))


def checked_key(text: str) -> str:
    """Read a public key as `sargas share identity` prints it; gives it as hex.

    Raises:
        UsageError: it is none.

    Example:
        >>> checked_key("ed25519:" + "0a" * 32) == "0a" * 32
        True
    """
    found = _KEY.fullmatch(text.strip().lower())
    if not found:
        raise UsageError(
            "This is no public key of an instance.",
            hint="Write it as their 'sargas share identity' prints it: ed25519: and 64 letters.",
        )
    return found[1]


def is_signed(key: str, signature: bytes, data: bytes) -> bool:
    """Tell whether some bytes were signed with a key.

    Args:
        key: public, hex.
        signature: 64 bytes.
        data: what was signed.
    """
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def load_identity(home: Path) -> Identity | None:
    """Read the identity of a home; None where it has none.

    Raises:
        StoreError: it is there and cannot be read, or others may read it.
    """
    path = home / IDENTITY
    try:
        if path.stat().st_mode & 0o077:
            raise StoreError(
                "The key of this instance may be read by others.", where=str(path),
                hint=f"Take their rights away: chmod 600 {path}. If somebody may have read it, "
                "remove it, make a new one and tell the partners.",
            )  # fmt: skip
        said = json.loads(path.read_bytes())
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(said["private"]))
        return Identity(str(said["name"]), str(said["created"]), private)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(error, path, "read the key of this instance") from error
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(
            "The key of this instance is damaged.", where=str(path),
            hint="Remove it, make a new one with 'sargas share identity --name', and tell the "
            "partners.",
        ) from error  # fmt: skip


def own_identity(home: Path) -> Identity:
    """Read the identity of a home.

    Raises:
        NotFoundError: it has none yet.
    """
    found = load_identity(home)
    if found is None:
        raise NotFoundError(
            "This instance has no key yet.", where=str(home),
            hint="Make one: sargas share identity --name 'Watch at Klaipeda'.",
        )  # fmt: skip
    return found


def make_identity(home: Path, name: str) -> Identity:
    """Make the identity of a home; one that is there stays as it is.

    Args:
        home: the home's directory.
        name: what the instance calls itself; partners see it.

    Raises:
        UsageError: the name cannot be.
        StoreError: the file cannot be written.
    """
    name = checked_line(name, "The name", NAME_MOST)
    if not name:
        raise UsageError("Which name should partners see?", hint="Give --name.")
    path = home / IDENTITY
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    private = Ed25519PrivateKey.generate().private_bytes_raw().hex()
    text = json.dumps({"name": name, "created": created, "private": private}) + "\n"
    begun = path.with_name(f".{IDENTITY}.{secrets.token_hex(8)}")
    try:
        handle = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.link(begun, path)  # of two that make it at once the first one counts
            sync_directory(home)
        except FileExistsError:
            pass
        finally:
            begun.unlink()
    except OSError as error:
        raise unusable(error, path, "write the key of this instance") from error
    return own_identity(home)
