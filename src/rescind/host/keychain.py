"""The machine's keychain: listed by attributes, erased item by item, and read only for the operator's own credentials.

Secret Service (GNOME Keyring, KWallet, KeePassXC) through secretstorage, over every collection and every item, whatever made it
(https://specifications.freedesktop.org/secret-service-spec/latest/); on macOS and Windows what the system lists of its own. A keyring back end that keeps a plain file can be handed
in as an object; the process's own choice of back end is never changed.
"""

from __future__ import annotations

import base64
import configparser
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rescind.errors import ConfigError, Denied, NotFound, Unreachable, Unrecognised
from rescind.host.keychain_items import Item, Listing, make_item, short
from rescind.host.keychain_macos import macos_listing
from rescind.host.keychain_names import held_by
from rescind.host.keychain_windows import windows_listing
from rescind.models.clock import rfc3339
from rescind.models.evidence import Finding, Gap, Location
from rescind.secret import Secret

SOURCE = "keychain"
_OTHER_SYSTEMS: Mapping[str, Callable[[], Listing]] = {"darwin": macos_listing, "win32": windows_listing}
Keep = Callable[[bytes], None]


@contextmanager
def _opened(backend: object | None) -> Iterator[Listing]:
    """Yield a listing whose handles are usable inside the block. Raises `Unreachable`, `Denied` or `Unrecognised`."""
    if backend is not None:
        yield _file_listing(backend)
        return
    if sys.platform in _OTHER_SYSTEMS:
        yield _OTHER_SYSTEMS[sys.platform]()
        return
    try:
        import secretstorage
        from jeepney import DBusErrorResponse  # type: ignore[import-untyped]
    except ImportError:
        raise Unreachable("no Secret Service: secretstorage is not installed", maybe_sent=False) from None
    try:
        bus = secretstorage.dbus_init()
    except (secretstorage.SecretStorageException, OSError):
        raise Unreachable("no Secret Service on this session's D-Bus", maybe_sent=False) from None
    try:
        yield _service_listing(secretstorage, bus)
    except secretstorage.LockedException:
        raise Denied("the keychain's collection is locked") from None
    except secretstorage.PromptDismissedException:
        raise Denied("the keychain asked its user, and the prompt was dismissed") from None
    except (secretstorage.SecretStorageException, DBusErrorResponse, OSError):
        raise Unreachable(
            "the Secret Service of this session's D-Bus does not answer as one", maybe_sent=True
        ) from None
    finally:
        bus.close()


def _service_listing(secretstorage: Any, bus: object) -> Listing:
    items: list[Item] = []
    readable: list[str] = []
    locked: list[str] = []
    for collection in secretstorage.get_all_collections(bus):
        name = str(collection.collection_path).rsplit("/", 1)[-1]
        if collection.is_locked():
            locked.append(name)
            continue
        readable.append(name)
        for entry in collection.get_all_items():
            try:
                when = rfc3339(datetime.fromtimestamp(entry.get_modified(), UTC))
                items.append(make_item(name, entry.get_attributes(), entry.get_label(), when, entry))
            except secretstorage.ItemNotFoundException:
                continue  # deleted while we listed
    return Listing(items=tuple(items), readable=tuple(readable), locked=tuple(locked))


def _file_listing(backend: object) -> Listing:
    """List the file of a `keyrings.alt` plain-file back end: sections are services, options are users, both escaped."""
    place = getattr(backend, "file_path", None)
    name = type(backend).__name__
    if not isinstance(place, str):
        raise Unreachable(f"the keyring back end {name} cannot list its items", maybe_sent=False)
    config = configparser.RawConfigParser()
    path = Path(place)
    try:
        when = rfc3339(datetime.fromtimestamp(path.stat().st_mtime, UTC))
        config.read_string(path.read_text("utf-8"))
    except FileNotFoundError:
        return Listing(items=(), readable=(name,))
    except OSError:
        raise Denied(f"the file of the keyring back end {name} cannot be read") from None
    except (configparser.Error, UnicodeError):
        raise Unrecognised(f"the file of the keyring back end {name} is not understood") from None
    pairs = [(s, o) for s in config.sections() if s != "keyring-setting" for o in config.options(s)]
    named = [(_unescaped(s), _unescaped(o)) for s, o in pairs]
    items = tuple(make_item(name, {"service": s, "username": u}, "", when, (s, u)) for s, u in named)
    return Listing(items=items, readable=(name,))


def _unescaped(text: str) -> str:
    raw = re.sub(rb"_([0-9A-Fa-f]{2})", lambda m: bytes([int(m.group(1), 16)]), text.encode("utf-8", "replace"))
    return raw.decode("utf-8", "backslashreplace")


def listing(backend: object | None = None) -> Listing:
    """List every item of every collection by its attributes; values are not read. Raises a typed `ProviderError`."""
    with _opened(backend) as found:
        return found


def findings(backend: object | None = None) -> Iterator[Finding | Gap]:
    """Yield a finding for each item, and a gap for each collection that is locked or a keychain that is not there."""
    try:
        found = listing(backend)
    except (Unreachable, Denied, Unrecognised) as e:
        yield Gap(source=SOURCE, root=SOURCE, reason=e.message)
        return
    for name in found.locked:
        yield Gap(
            source=SOURCE,
            root=SOURCE,
            path=short(name),
            reason="the collection is locked, or too large: not all of its items were listed",
        )
    for item in found.items:
        facts = {"service": item.service, "username": item.username, "label": item.label, "collection": item.collection}
        facts["holds"] = held_by(item.service, item.username, item.label)
        yield Finding(
            kind="keychain.item",
            location=Location(root=SOURCE, path=item.collection, pointer=item.identifier, modified=item.modified),
            identifier=item.identifier,
            issuer=item.service,
            subject=item.username,
            attributes={k: v for k, v in facts.items() if v},
        )


def has(identifier: str, collection: str, backend: object | None = None) -> bool:
    """Tell whether an item is listed now.

    Raises `Denied` when its collection is locked and `NotFound` when the collection itself is not there: neither proves absence.
    """
    with _opened(backend) as found:
        return bool(_matching(found, identifier, collection))


def _matching(found: Listing, identifier: str, collection: str) -> tuple[Item, ...]:
    if collection in found.locked:
        raise Denied("the item's collection is locked, or too large to be listed whole")
    if collection not in found.readable:
        raise NotFound("the item's collection is not in this session's keychain")
    return tuple(i for i in found.items if i.identifier == identifier and i.collection == collection)


def erase(identifier: str, collection: str, backend: Any = None, *, keep: Keep | None = None) -> bool:
    """Delete an item (all, where several carry the same attributes); False when there is none.

    `keep`, when given, gets the item with its value as JSON before anything is deleted; what it raises stops the deletion.
    Raises as `has` does.
    """
    with _opened(backend) as found:
        matching = _matching(found, identifier, collection)
        if keep is not None:
            for item in matching:
                keep(_whole(item, backend))
        for item in matching:
            if isinstance(item.handle, tuple):
                _delete(backend or _system_backend(), *item.handle)
            else:
                item.handle.delete()
    return bool(matching)


def _system_backend() -> Any:
    """Return the back end that somebody configured for this user, else the system's own; never a file that stands in for a keychain.

    A package such as `keyrings.alt` offers one as soon as it is installed: a key put there would be called kept by a keychain.
    """
    from keyring import backend, core
    from keyring.backends import fail

    nobody: Any = fail.Keyring
    own = (b for b in backend.get_all_keyring() if core.recommended(b) and "chainer" not in type(b).__module__)
    return core.load_env() or core.load_config() or max(own, key=lambda b: b.priority, default=nobody())


def _delete(backend: Any, service: str, user: str) -> None:
    from keyring.errors import KeyringError

    try:
        backend.delete_password(service, user)
    except (KeyringError, OSError):
        raise Denied("the keyring back end did not delete the item") from None


def _whole(item: Item, backend: Any) -> bytes:
    if isinstance(item.handle, tuple):
        value, attributes = str((backend or _system_backend()).get_password(*item.handle)).encode(), {}
    else:
        value, attributes = item.handle.get_secret(), dict(item.handle.get_attributes())
    return json.dumps(
        {
            "collection": item.collection,
            "label": item.label,
            "service": item.service,
            "username": item.username,
            "attributes": attributes,
            "value_base64": base64.b64encode(value).decode(),
        }
    ).encode()


def _ours(name: str) -> tuple[str, str]:
    service, _, user = name.rpartition("/")
    if not service or not user:
        raise ConfigError("a keyring reference is service/user", hint='for example {keyring = "rescind/github"}')
    return service, user


def get_password(name: str, backend: Any = None) -> Secret | None:
    """Return one of the operator's own credentials, named `service/user`; None when there is none. Raises `ConfigError`."""
    import keyring.errors

    service, user = _ours(name)
    try:
        value = (backend or _system_backend()).get_password(service, user)
    except keyring.errors.KeyringError:
        raise ConfigError(f'the keychain did not give "{name}"', hint="is it unlocked in this session?") from None
    return None if value is None else Secret(value)


def set_password(name: str, value: Secret, backend: Any = None) -> None:
    """Keep one of the operator's own credentials, named `service/user`. Raises `ConfigError`."""
    import keyring.errors

    service, user = _ours(name)
    try:
        (backend or _system_backend()).set_password(service, user, value.reveal())
    except keyring.errors.KeyringError:
        raise ConfigError(f'the keychain did not take "{name}"', hint="is it unlocked in this session?") from None
