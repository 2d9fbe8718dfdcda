"""What a rotation is made of: how a kind mints and proves a successor, where it is delivered, and what the operator configured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from rescind.secret import Secret

if TYPE_CHECKING:
    from datetime import datetime

    from rescind.models.credential import Credential
    from rescind.models.kind import Known, Observation, Verb

MARK = "rescind"
"""The name of the attribute under which a kind shows which run minted something, where its provider can keep that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A credential as its user holds it: the value, and its identifier where the place keeps one beside it ("" otherwise)."""

    identifier: str
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """What a provider gave: the new credential, and the answer's non-secret facts for the trail."""

    value: Value
    request_id: str = ""
    provider_time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """How many consistent positives over how many seconds count as working everywhere; `source` says where that is documented."""

    positives: int = 1
    seconds: float = 0.0
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """How a kind is rotated. Everything here is the kind's own; the order of a rotation is `rescind.pipeline.rotate`'s.

    `mint(client, old, mark)` makes a successor for the owner of `old`; it is never repeated blindly. `prove(client, old, value)` shows that
    a value opens what `old` opens: `LIVE` only on the provider's word. `ours(known, mark, intended)` says whether something that
    appeared after an intent of ours, at `intended`, was minted by it. `discard` is the verb that ends what was minted and never
    delivered. `limit` is how many the provider lets one owner have (0: any number). `pack` and `unpack` turn a value into the one
    text that a keychain item or a plain file holds, and back; `unpack` raises `ValueError` for a text that is none.
    """

    mint: Callable[[Any, Credential, str], Minted]
    prove: Callable[[Any, Credential, Value], Observation]
    ours: Callable[[Known, str, datetime], bool]
    discard: Verb
    permissions: tuple[str, ...]
    pack: Callable[[Value], Secret]
    unpack: Callable[[Secret], Value]
    limit: int = 0
    birth: Birth = Birth()


class Target(Protocol):
    """A place where the user of a credential reads it. Everything raises typed `ProviderError`s that tell no value."""

    @property
    def place(self) -> str:
        """Return where it is, in words that tell it from every other place."""

    def check(self) -> None:
        """Raise unless a delivery can be expected to succeed; changes nothing."""

    def read(self) -> Value | None:
        """Return what its user would read now; None when there is nothing."""

    def write(self, value: Value) -> None:
        """Put a value in place of the one that is there, at once or not at all."""


class Keyring(Protocol):
    """The operator's keychain, by `service/user`."""

    def get(self, name: str) -> Secret | None:
        """Return an item's value; None when there is none. Raises `ConfigError`."""

    def set(self, name: str, value: Secret) -> None:
        """Keep a value. Raises `ConfigError`."""


OpenTarget = Callable[[Mapping[str, str], Rotation, Keyring], Target]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """A sort of place: `id` is its key under `deliver` in rescind.toml, `options` are the keys that may stand beside it.

    `files` names those of its keys that are paths: they are taken relative to the configuration.
    """

    id: str
    title: str
    open: OpenTarget
    options: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotating:
    """One `[rotation.NAME]`: whose credential of which kind at which tenant is rotated, and where its user reads it.

    Seconds: `overlap` is how long both work after the delivery, `grace` how long the old one is kept, switched off, before it is
    deleted, `max_age` how old one may get before `due` names it (0: never).
    """

    name: str
    kind: str
    tenant: str
    subject: str
    deliver: Mapping[str, str] = field(default_factory=dict)
    overlap: float = 10.0
    grace: float = 86_400.0
    max_age: float = 0.0
