"""Which playbooks can be rehearsed: the pieces of each drill's world, what the playbook is given, and how it is carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rescind.drill import pieces
from rescind.drill.stages import Stage, at_a_moment, cut_and_put_back, isolated_first, straight, while_it_is_used
from rescind.drill.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One rehearsal. `troubles` are the providers that `--fail` can name, which the pieces put behind an address of their own."""

    pieces: tuple[Callable[[World], None], ...]
    gives: tuple[str, ...]
    carry_out: Stage = straight
    troubles: tuple[str, ...] = ()


DRILLS: dict[str, Drill] = {
    "lost-laptop": Drill(
        pieces=(
            pieces.aws_account,
            pieces.aws_keys,
            pieces.certificates,
            pieces.sign_ins,
            pieces.local_copies,
            pieces.ssh_key,
        ),
        gives=("person", "workstation", "target"),
        troubles=("aws", "oauth"),
    ),
    "compromised-workstation": Drill(
        pieces=(
            pieces.aws_account,
            pieces.aws_keys,
            pieces.certificates,
            pieces.sign_ins,
            pieces.copies_left,
            pieces.ssh_key,
        ),
        gives=("person", "workstation", "target"),
        carry_out=isolated_first,
        troubles=("aws", "oauth"),
    ),
    "offboard-employee": Drill(
        pieces=(
            pieces.aws_account,
            pieces.aws_keys,
            pieces.certificates,
            pieces.sign_ins,
            pieces.local_copies,
        ),
        gives=("person", "workstation", "target"),
        carry_out=at_a_moment,
        troubles=("aws", "oauth"),
    ),
    "contain": Drill(
        pieces=(pieces.aws_account, pieces.identity),
        gives=("person",),
        carry_out=cut_and_put_back,
        troubles=("aws",),
    ),
    "rotate-tokens": Drill(
        pieces=(pieces.aws_account, pieces.rotating_key),
        gives=(),
        carry_out=while_it_is_used,
        troubles=("aws",),
    ),
}
