"""The secret that a gateway shares with its clients."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path

from anabranch.control.proofs import require_unguessable
from anabranch.errors import AnabranchError

TOKEN_VARIABLE = "ANABRANCH_GATEWAY_TOKEN"  # noqa: S105 - the name of the variable, not a secret

_BYTES = 32


def gateway_token(file: Path | None) -> str:
    """Returns the token of a file, which is made if it does not exist, or that of the environment.

    Raises:
        AnabranchError: There is none, others may know it, or it can be guessed.
    """
    if file is None:
        token, source = os.environ.get(TOKEN_VARIABLE, ""), TOKEN_VARIABLE
        if not token:
            raise AnabranchError(f"a token is needed: set {TOKEN_VARIABLE} or give --token-file")
    else:
        token, source = _of_file(file), f"token file {file}"
    return require_unguessable(token, source)


def known_token(file: Path | None) -> str:
    """Returns the token of a file, or that of the environment, or nothing if there is none.

    Raises:
        AnabranchError: The file cannot be read, or others may know what is in it.
    """
    return os.environ.get(TOKEN_VARIABLE, "") if file is None else _of_file(file, make=False)


def _of_file(file: Path, *, make: bool = True) -> str:
    try:
        if make and not file.exists():
            _make(file)
        with file.open() as opened:
            _check(file, os.fstat(opened.fileno()))
            return opened.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise AnabranchError(f"token file {file} cannot be used: {error}") from error


def _make(file: Path) -> None:
    """Makes the file in one step: another gateway that starts meanwhile sees the whole token or none."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}-") as part:  # mode 0600
        part.write(secrets.token_hex(_BYTES) + "\n")
        part.flush()
        try:
            file.hardlink_to(part.name)
        except FileExistsError:
            return  # the other gateway's


def _check(file: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise AnabranchError(f"token file {file} is not a regular file")
    if status.st_uid != os.geteuid():
        raise AnabranchError(f"token file {file} belongs to user {status.st_uid}, who knows the token: take another")
    if status.st_mode & 0o077:
        raise AnabranchError(
            f"token file {file} is open to others (mode {status.st_mode & 0o777:o}), who may know the token:"
            f" `chmod 600 {file}`, and better make a new one"
        )
