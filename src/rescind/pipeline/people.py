"""Whom a case is about, by every name that counts, and whose a credential is by the provider's own word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rescind import catalogue
from rescind.models.credential import Ownership
from rescind.models.kind import Identity, Known, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Whom the case is about and who must not be touched. `mapped` gives the person's names per provider (rescind.toml)."""

    person: str = ""
    workstation: str = ""
    mapped: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protected: tuple[str, ...] = ()

    def subject(self, provider: str) -> Subject:
        """Return the subject as one provider knows it. An e-mail counts only where the provider's authority controls it."""
        row = catalogue.providers().get(provider)
        names = self.mapped.get(provider, ())
        if row is not None and row.controls_email and self.person:
            names = (*names, self.person)
        return Subject(person=self.person, names=names, workstation=self.workstation)


def ownership(known: Known, people: People, provider: str, identity: Identity) -> Ownership:
    """Say whose a credential is, from the provider's own word only."""
    names = people.subject(provider).names
    said = [known.identifier, known.owner, known.subject, *known.attributes.values()]
    marks = {
        part.strip().casefold() for text in said for part in (text, *text.split(","))
    }  # several names may share a fact
    if known.identifier and known.identifier in identity.identifiers:
        return Ownership.OPERATOR
    if marks & {name.casefold() for name in people.protected if name}:
        return Ownership.PROTECTED
    if not known.owner:
        return Ownership.UNPROVEN
    row = catalogue.providers().get(provider)
    if row is not None and row.controls_email:  # mail addresses are compared without case, names are not
        return Ownership.CASE if known.owner.casefold() in {n.casefold() for n in names} else Ownership.OTHER
    return Ownership.CASE if known.owner in names else Ownership.OTHER
