"""What a plan depends on of the configuration, as one digest: change any of it, and the plan has to be made again."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

import rfc8785

from rescind.errors import ConfigError
from rescind.models.config import Config


def policy_digest(config: Config) -> str:
    """Return `sha256:` and the digest of what a plan depends on: guards, caps, people, signers, tenants. Secrets are not in it."""
    org = config.org
    policy = {
        "domains": org.domains,
        "recipients": org.recipients,
        "signers": org.signers_digest,
        "protected": org.protected,
        "legal_hold": org.legal_hold,
        "case": {verb: {"command": h.command, "seconds": h.seconds} for verb, h in config.hooks.items()},
        "caps": {"max_credentials": org.max_credentials},
        "persons": config.persons,
        **({"rotations": {r.name: asdict(r) for r in config.rotations}} if config.rotations else {}),
        "scan": {"ownership": config.scan.ownership, "exclude": config.scan.exclude},
        "workstations": {name: {"key": w.key, "person": w.person} for name, w in config.workstations.items()},
        "tenants": {
            t.name: {"provider": t.provider, "settings": t.settings, "write": t.write, "rate": t.rate}
            for t in config.tenants
        },
    }
    try:
        canonical = rfc8785.dumps(policy)  # type: ignore[arg-type]
    except rfc8785.CanonicalizationError as error:
        raise ConfigError(
            f"{config.path}: a setting cannot be written as JSON: {error}", hint="write long numbers as text"
        ) from None
    return "sha256:" + hashlib.sha256(canonical).hexdigest()
