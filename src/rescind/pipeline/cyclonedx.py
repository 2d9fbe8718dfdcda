"""An inventory as a CycloneDX 1.6 document: every credential a cryptographic asset with its state and its places, never its value.

Written with the project's own library (https://github.com/CycloneDX/cyclonedx-python-lib), in the extra `rescind[cyclonedx]`. The states
are those of NIST SP 800-57, as CycloneDX names them (https://cyclonedx.org/docs/1.6/json/, `relatedCryptoMaterialProperties.state`).
What the evidence says is all that is said: `active` means that nothing on the machine shows an end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rescind import __version__
from rescind.errors import UsageError
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential, Inventory
from rescind.models.evidence import State

if TYPE_CHECKING:
    from cyclonedx.model import Property
    from cyclonedx.model.component import Component
    from cyclonedx.model.crypto import CryptoProperties

_NOUN = {
    "private-key": ("ssh.user-key", "gpg.", ".private-key", ".service-account-key", "age."),
    "password": (".password", "file.secret", "keychain.item"),
    "secret-key": (".access-key", ".api-key", ".secret-key"),
    "token": ("token", "session", ".pat"),
}
_STATE = {State.LIVE_UNVERIFIED: "active", State.EXPIRED: "deactivated", State.LOGGED_OUT: "destroyed"}


def to_cyclonedx(inventory: Inventory, *, at: datetime) -> str:
    """Return the document as JSON text. Raises `UsageError` where the library is not installed."""
    try:
        from cyclonedx.model import Property
        from cyclonedx.model.bom import Bom, BomMetaData
        from cyclonedx.model.component import Component, ComponentType
        from cyclonedx.output.json import JsonV1Dot6
    except ImportError:
        raise UsageError("this export needs the CycloneDX library", hint="pip install 'rescind[cyclonedx]'") from None
    machine = inventory.workstation
    about = [Property(name=f"rescind:workstation:{k}", value=v) for k, v in sorted(machine.items()) if v]
    about += [
        Property(name=f"rescind:gap:{n}", value=f"{g.source} {g.path}: {g.reason}")
        for n, g in enumerate(inventory.gaps, start=1)
    ]
    device = Component(
        type=ComponentType.DEVICE,
        name=machine.get("hostname") or machine.get("users") or "workstation",
        bom_ref="device",
    )
    tool = Component(type=ComponentType.APPLICATION, name="rescind", version=__version__)
    meta = BomMetaData(timestamp=at, component=device, properties=about, tools=_tools(tool))
    rows = [(c, "credential") for c in inventory.credentials] + [(c, "candidate") for c in inventory.candidates]
    assets = [_component(c, what) for c, what in rows]
    bom = Bom(metadata=meta, components=assets)
    bom.register_dependency(device, assets)
    return str(JsonV1Dot6(bom).output_as_string(indent=2)) + "\n"


def _tools(tool: Component) -> Any:
    from cyclonedx.model.tool import ToolRepository

    return ToolRepository(components=[tool])


def _component(c: Credential, what: str) -> Component:
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence

    facts: Mapping[str, str] = {
        "is": what,
        "kind": c.kind,
        "provider": c.provider,
        "issuer": c.issuer,
        "subject": c.subject,
        "identifier": c.identifier,
        "fingerprint": c.fingerprint,
        "state": str(c.state),
        **{f"attribute:{k}": v for k, v in sorted(c.attributes.items())},
    }
    places = [
        Occurrence(
            bom_ref=f"{c.id}-{n}",
            location=f"{s.location.root}:{s.location.path}",
            line=s.location.line,
            additional_context=f"store {s.store}" + (f", {s.location.pointer}" if s.location.pointer else ""),
        )
        for n, s in enumerate(c.findings, start=1)
    ]
    return Component(
        type=ComponentType.CRYPTOGRAPHIC_ASSET,
        name=f"{c.kind} {c.identifier or c.fingerprint}",
        bom_ref=c.id,
        crypto_properties=_crypto(c),
        properties=_properties(facts),
        evidence=ComponentEvidence(occurrences=places) if places else None,
    )


def _properties(facts: Mapping[str, str]) -> Iterable[Property]:
    from cyclonedx.model import Property

    return [Property(name=f"rescind:{name}", value=value) for name, value in facts.items() if value]


def _crypto(c: Credential) -> CryptoProperties:
    from cyclonedx.model.crypto import (
        CertificateProperties,
        CryptoAssetType,
        CryptoProperties,
        RelatedCryptoMaterialProperties,
        RelatedCryptoMaterialState,
        RelatedCryptoMaterialType,
    )

    until = parse_rfc3339(c.expires_at) if c.expires_at else None
    if c.kind.startswith("x509."):
        certificate = CertificateProperties(
            subject_name=c.subject or None,
            issuer_name=c.issuer or None,
            not_valid_after=until,
            certificate_format="X.509",
        )
        return CryptoProperties(asset_type=CryptoAssetType.CERTIFICATE, certificate_properties=certificate)
    noun = next((noun for noun, marks in _NOUN.items() if any(mark in c.kind for mark in marks)), "credential")
    state = _STATE.get(c.state)
    material = RelatedCryptoMaterialProperties(
        type=RelatedCryptoMaterialType(
            "public-key" if c.state is State.PUBLIC_ONLY and noun == "private-key" else noun
        ),
        id=c.identifier or c.fingerprint,
        state=RelatedCryptoMaterialState(state) if state else None,
        creation_date=parse_rfc3339(c.created_at) if c.created_at else None,
        expiration_date=until,
    )
    return CryptoProperties(
        asset_type=CryptoAssetType.RELATED_CRYPTO_MATERIAL, related_crypto_material_properties=material
    )
