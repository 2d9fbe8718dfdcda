"""The tree against the reference vectors, against the definition in RFC 6962 §2.1 read literally, and against lies."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rescind.audit import merkle

VECTORS = json.loads((Path(__file__).parent.parent / "vectors/audit/rfc6962.json").read_text())
INPUTS = [bytes.fromhex(text) for text in VECTORS["inputs"]]
LEAVES = [merkle.leaf_hash(entry) for entry in INPUTS]


def _nodes(places):
    return [bytes.fromhex(VECTORS["nodes"][level][index]) for level, index in places]


def _defined(entries):
    """MTH, as RFC 6962 §2.1 writes it."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + _defined(entries[:k]) + _defined(entries[k:])).digest()


def test_reference_roots():
    assert merkle.root([]).hex() == VECTORS["empty_root"]
    for size, expected in enumerate(VECTORS["roots"]):
        assert merkle.root(LEAVES[:size]).hex() == expected
    assert [[node.hex() for node in row] for row in merkle.levels(LEAVES)] == VECTORS["nodes"]


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=str)
def test_reference_inclusion(case):
    size, index, proof = case["size"], case["index"], _nodes(case["proof"])
    assert merkle.inclusion_proof(merkle.levels(LEAVES[:size]), index) == proof
    assert merkle.verify_inclusion(LEAVES[index], index, size, proof, bytes.fromhex(VECTORS["roots"][size]))


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=str)
def test_reference_consistency(case):
    old, new, proof = case["old"], case["new"], _nodes(case["proof"])
    assert merkle.consistency_proof(LEAVES[:new], old) == proof
    assert merkle.verify_consistency(old, new, proof, *(bytes.fromhex(VECTORS["roots"][n]) for n in (old, new)))


@given(st.lists(st.binary(max_size=8), max_size=70))
@settings(max_examples=60, deadline=None)
def test_root_is_the_definition(entries):
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    assert merkle.root(leaves) == _defined(entries)
    if leaves:
        assert merkle.levels(leaves)[-1] == [_defined(entries)]


@given(st.integers(1, 70), st.data())
@settings(max_examples=150, deadline=None)
def test_inclusion_holds_for_the_leaf_and_for_nothing_else(size, data):
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    root, proof = merkle.root(leaves), merkle.inclusion_proof(merkle.levels(leaves), index)
    assert merkle.verify_inclusion(leaves[index], index, size, proof, root)
    other = data.draw(st.integers(-1, size + 1).filter(lambda n: n != index))
    assert not merkle.verify_inclusion(leaves[index], other, size, proof, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"other"), index, size, proof, root)
    assert not merkle.verify_inclusion(leaves[index], index, size, [*proof, proof[0] if proof else root], root)
    for n in range(len(proof)):
        assert not merkle.verify_inclusion(leaves[index], index, size, proof[:n] + proof[n + 1 :], root)
        flipped = bytes([proof[n][0] ^ 1]) + proof[n][1:]
        assert not merkle.verify_inclusion(leaves[index], index, size, [*proof[:n], flipped, *proof[n + 1 :]], root)


@given(st.integers(1, 70), st.data())
@settings(max_examples=150, deadline=None)
def test_consistency_holds_for_prefixes_and_for_nothing_else(new, data):
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(new)]
    old = data.draw(st.integers(1, new))
    roots = merkle.root(leaves[:old]), merkle.root(leaves)
    proof = merkle.consistency_proof(leaves, old)
    assert merkle.verify_consistency(old, new, proof, *roots)
    rewritten = [merkle.leaf_hash(b"rewritten"), *leaves[1:]]
    assert not merkle.verify_consistency(
        old, new, merkle.consistency_proof(rewritten, old), roots[0], merkle.root(rewritten)
    )
    assert not merkle.verify_consistency(old, new, [*proof, roots[0]], *roots)
    for n in range(len(proof)):
        assert not merkle.verify_consistency(old, new, proof[:n] + proof[n + 1 :], *roots)


def test_outside_the_tree():
    with pytest.raises(IndexError):
        merkle.inclusion_proof(merkle.levels(LEAVES), 8)
    with pytest.raises(IndexError):
        merkle.consistency_proof(LEAVES, 9)
    assert merkle.consistency_proof(LEAVES, 0) == []
    assert not merkle.verify_consistency(0, 8, [], merkle.EMPTY, merkle.root(LEAVES))
