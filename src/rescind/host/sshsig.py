"""SSH signatures, made and checked by the operator's own ssh-keygen, so that FIDO keys and agents work like any other key.

Format and commands: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig, ssh-keygen(1) `-Y`.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from rescind.errors import RefusedError, UsageError

SECONDS = 120.0  # a FIDO key waits for a touch


def _program() -> str:
    found = shutil.which("ssh-keygen")
    if found is None:
        raise UsageError("there is no ssh-keygen on this machine", hint="install the OpenSSH client tools")
    return found


def sign(message: bytes, key: Path, namespace: str) -> str:
    """Return the armoured SSHSIG of `message` by a private key, an agent's key named by its public half, or a FIDO handle.

    Raises `UsageError` when ssh-keygen cannot sign with it.
    """
    command = [_program(), "-Y", "sign", "-f", str(key), "-n", namespace]
    done = subprocess.run(command, input=message, capture_output=True, timeout=SECONDS, check=False)
    if done.returncode or not done.stdout.startswith(b"-----BEGIN SSH SIGNATURE-----"):
        raise UsageError(
            f"ssh-keygen could not sign with {key}", hint="is it your key, and is its agent or token at hand?"
        )
    return done.stdout.decode("ascii")


def verify(message: bytes, signature: str, *, identity: str, allowed_signers: Path, namespace: str) -> None:
    """Check a signature against an OpenSSH allowed_signers file. Raises `RefusedError` for anything but a good one."""
    if not allowed_signers.is_file():
        raise RefusedError(
            f"there is no file of allowed signers at {allowed_signers}", hint="set [org] allowed_signers"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signature"
        path.write_text(signature, encoding="ascii", errors="replace")
        command = [
            _program(),
            "-Y",
            "verify",
            "-f",
            str(allowed_signers),
            "-I",
            identity,
            "-n",
            namespace,
            "-s",
            str(path),
        ]
        done = subprocess.run(command, input=message, capture_output=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise RefusedError(
            f"the signature is not a good one by {identity!r} for this plan",
            hint=f"the signer's key and name must be in {allowed_signers}",
        )
