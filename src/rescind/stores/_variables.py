"""What is secret among variables: told by form (AWS pairs, Vault tokens), by a URL with a password in it, or by a secret-looking name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.stores._aws import in_variables
from rescind.stores._decoys import is_harmless, is_placeholder, literal
from rescind.stores._dotenv import Variable
from rescind.stores._names import is_sample_file, is_secret_name, userinfo
from rescind.stores._sighting import sighting
from rescind.stores._vault import form_of, is_vault_name


def findings(held: Iterable[Variable], at: Location) -> Iterator[Finding]:
    """Yield one finding per secret variable, none for references to a secret elsewhere."""
    keys, rest = in_variables(list(held), at)
    yield from keys
    for v in rest:
        url = userinfo(v.value)
        value = literal(url.password if url else v.value)
        form = form_of(value, named=is_vault_name(v.name))
        if not value or is_harmless(value) or not (form or url or is_secret_name(v.name)):
            continue
        dud = is_placeholder(value) or (is_sample_file(at.path) and form in {"", "custom"})
        facts = {"name": v.name, "form": form, "commented": "yes" if v.commented else ""}
        facts |= {"host": url.host, "user": url.user} if url else {}
        state = State.PLACEHOLDER if dud else State.LIVE_UNVERIFIED
        kind, held = "vault.token" if form else "file.secret", "" if dud else value
        yield sighting(kind, at, line=v.line, pointer=v.name, secret=held, attributes=facts, state=state)
