"""Our checkpoints, roots and proofs, judged by other people's software: sigstore's checkpoint and proof code, and pymerkle.

They live in a virtual environment of their own, `.targets/sigstore` (`pip install sigstore pymerkle`).
"""

from __future__ import annotations

import base64
import json
import os
import subprocess

import pytest

from rescind.audit import merkle
from rescind.audit.signer import new_signer
from tests.counterparts import TARGETS
from tests.unit.audit_trails import fresh, story

JUDGE = r"""
import base64, hashlib, json, sys
from types import SimpleNamespace
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pymerkle import InmemoryTree
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import SignedCheckpoint
from sigstore._internal.trust import Keyring
from sigstore.errors import VerificationError
from sigstore_models.common import v1

case = json.load(sys.stdin)
name, _, encoded = case["vkey"].split("+", 2)
public = base64.b64decode(encoded)[1:]
der = Ed25519PublicKey.from_public_bytes(public).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
ring = Keyring([v1.PublicKey(raw_bytes=base64.b64encode(der), key_details=v1.PublicKeyDetails.PKIX_ED25519)])
key_id = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()
out = {}

def refused(note):
    try:
        SignedCheckpoint.from_text(note).signed_note.verify(ring, key_id)
    except VerificationError:
        return True
    return False

signed = SignedCheckpoint.from_text(case["note"])
signed.signed_note.verify(ring, key_id)
out["origin"], out["size"], out["root"] = signed.checkpoint.origin, signed.checkpoint.log_size, signed.checkpoint.log_hash
out["forged_refused"] = refused(case["note"].replace("\n" + str(out["size"]) + "\n", "\n" + str(out["size"] + 1) + "\n"))

tree = InmemoryTree(algorithm="sha256")
entries = [base64.b64decode(e) for e in case["entries"]]
for e in entries:
    tree.append_entry(e)
out["roots"] = [tree.get_state(n).hex() for n in range(1, len(entries) + 1)]

out["included"] = 0
for index, proof in enumerate(case["proofs"]):
    def entry(body):
        hashes = [base64.b64decode(h) for h in proof]
        inner = SimpleNamespace(log_index=index, tree_size=len(entries), hashes=hashes, root_hash=bytes.fromhex(out["root"]))
        return SimpleNamespace(_inner=SimpleNamespace(inclusion_proof=inner, canonicalized_body=body))
    verify_merkle_inclusion(entry(entries[index]))
    try:
        verify_merkle_inclusion(entry(entries[index] + b" "))
    except VerificationError:
        out["included"] += 1
print(json.dumps(out))
"""


def test_checkpoint_root_and_proofs_as_others_read_them(tmp_path):
    python = TARGETS / "sigstore/bin/python"
    if not python.exists():
        if os.environ.get("RESCIND_COUNTERPARTS") == "require":
            pytest.fail("counterpart absent: sigstore")
        pytest.skip("counterpart absent: sigstore")
    signer = new_signer("rescind/0123456789abcdef")
    with fresh(tmp_path, signer) as log:
        story(log, "r", 11)
        note = log.sign_head()
        size, root = log.head()
        rows = list(log.rows())
    leaves = [leaf for _, leaf, _ in rows]
    tree = merkle.levels(leaves)
    case = {
        "vkey": signer.vkey,
        "note": note,
        "entries": [base64.b64encode(raw).decode() for _, _, raw in rows],
        "proofs": [[base64.b64encode(h).decode() for h in merkle.inclusion_proof(tree, n)] for n in range(size)],
    }
    done = subprocess.run(
        [str(python), "-c", JUDGE], input=json.dumps(case), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    assert (answer["origin"], answer["size"], answer["root"]) == (signer.origin, size, root)
    assert answer["forged_refused"] is True
    assert answer["roots"] == [merkle.root(leaves[:n]).hex() for n in range(1, size + 1)]
    assert answer["included"] == size == 25
