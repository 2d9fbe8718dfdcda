"""Secrets in Terraform state: the types that are known to make one, and what the state marks as sensitive.

Version 4 has `resources[].instances[].attributes`, version 3 `modules[].resources{}.primary.attributes` with flat names.
https://github.com/hashicorp/terraform/blob/main/internal/states/statefile/version4.go
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.stores import _forms, _google
from rescind.stores._aws import is_key_id, key_finding
from rescind.stores._decoys import is_harmless, literal
from rescind.stores._json import load, member, text
from rescind.stores._names import is_secret_name
from rescind.stores._token import token

_ROWS: Mapping[str, tuple[tuple[str, str, str, str], ...]] = {  # type: attribute, kind, its identifier's, its owner's attribute
    "azuread_application_password": (("value", "entra.client-secret", "key_id", "application_id"),),
    "azuread_service_principal_password": (("value", "entra.client-secret", "key_id", "service_principal_id"),),
    "github_actions_secret": (("plaintext_value", "file.secret", "secret_name", "repository"),),
    "gitlab_personal_access_token": (("token", "gitlab.token", "id", "user_id"),),
    "gitlab_project_access_token": (("token", "gitlab.token", "id", "project"),),
    "gitlab_group_access_token": (("token", "gitlab.token", "id", "group"),),
    "gitlab_deploy_token": (("token", "gitlab.token", "id", "username"),),
    "okta_app_oauth": (("client_secret", "okta.client-secret", "client_id", "label"),),
    "auth0_client": (("client_secret", "auth0.client-secret", "client_id", "name"),),
    "cloudflare_api_token": (("value", "cloudflare.token", "id", "name"),),
    "datadog_api_key": (("key", "datadog.api-key", "id", "name"),),
    "datadog_application_key": (("key", "datadog.app-key", "id", "name"),),
    "digitalocean_database_cluster": (("password", "database.password", "id", "user"),),
    "grafana_service_account_token": (("key", "grafana.token", "id", "name"),),
    "mongodbatlas_database_user": (("password", "database.password", "id", "username"),),
    "aws_db_instance": (("password", "database.password", "identifier", "username"),),
    "aws_rds_cluster": (("master_password", "database.password", "cluster_identifier", "master_username"),),
    "google_sql_user": (("password", "database.password", "id", "name"),),
    "postgresql_role": (("password", "database.password", "name", "name"),),
    "mysql_user": (("plaintext_password", "database.password", "id", "user"),),
    "azurerm_storage_account": (
        ("primary_access_key", "azure.storage-key", "", "name"),
        ("secondary_access_key", "azure.storage-key", "", "name"),
    ),
    "tls_private_key": (("private_key_pem", "ssh.user-key", "public_key_fingerprint_sha256", ""),),
    "random_password": (("result", "file.secret", "", ""),),
    "tfe_team_token": (("token", "terraform.token", "id", "team_id"),),
    "vault_approle_auth_backend_role_secret_id": (("secret_id", "vault.approle-secret-id", "accessor", "role_name"),),
    "vault_token": (("client_token", "vault.token", "id", "display_name"),),
}
_MANY, _LONG = 5000, 200
KINDS = tuple(
    dict.fromkeys(
        [
            *_forms.KINDS,
            *(row[1] for rows in _ROWS.values() for row in rows),
            "google.service-account-key",
            "file.secret",
        ]
    )
)


def resources(document: object, at: Location) -> Iterator[Finding]:
    """Yield the secrets of every instance of every resource."""
    for kind, address, attributes, marked in _instances(document):
        place = replace(at, pointer=address)
        more = {"resource": address, "type": kind}
        if kind == "aws_iam_access_key" and is_key_id(text(attributes, "id")):
            yield key_finding(
                text(attributes, "id"),
                text(attributes, "secret"),
                place,
                attributes={**more, "user": text(attributes, "user")},
            )
            continue
        if kind == "google_service_account_key":
            yield from _google_key(text(attributes, "private_key"), place, more)
            continue
        known = _ROWS.get(kind, ())
        for name, sort, own, owner in known:
            yield from token(
                sort,
                text(attributes, name),
                place,
                f"{address}/{name}",
                identifier=text(attributes, own),
                subject=text(attributes, owner),
                more=more,
                password=sort == "database.password",
            )
        for name in sorted(marked - {row[0] for row in known}):
            yield from _unknown(name, text(attributes, name), replace(at, pointer=f"{address}/{name}"), more)


def outputs(document: object, at: Location) -> Iterator[Finding]:
    """Yield the outputs that the state marks as sensitive."""
    found = member(document, "outputs")
    for name, entry in found.items() if isinstance(found, dict) else ():
        if member(entry, "sensitive") is True:
            yield from _unknown(name, text(entry, "value"), replace(at, pointer=f"output.{name}"), {"output": name})


def backend(document: object, at: Location) -> Iterator[Finding]:
    """Yield the keys that the backend's configuration holds (`.terraform/terraform.tfstate`)."""
    config, sort = member(document, "backend", "config"), text(document, "backend", "type")
    place, more = replace(at, pointer="backend"), {"backend": sort, "host": text(config, "hostname")}
    if is_key_id(text(config, "access_key")):
        yield key_finding(text(config, "access_key"), text(config, "secret_key"), place, attributes=more)
    names = (
        "token",
        "password",
        "access_key",
        "sas_token",
        "client_secret",
        "conn_str",
        "encryption_key",
        "credentials",
    )
    for name in names if isinstance(config, dict) else ():
        value = text(config, name)
        if name == "token" and sort in {"remote", "cloud"}:
            host = more["host"] or "app.terraform.io"
            yield from token("terraform.token", value, at, "backend/token", issuer=host, more=more)
        elif value and not is_key_id(value):
            yield from _unknown(name, value, replace(at, pointer=f"backend/{name}"), more)


def _unknown(name: str, value: str, at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    raw = literal(value)
    if len(raw) >= 6 and not is_harmless(raw):
        yield _forms.finding(raw, at, {**more, "name": name})


def _google_key(encoded: str, at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    try:
        document = load(base64.b64decode(encoded, validate=True))
        yield from _google.findings(document, at, more=more)
    except (binascii.Error, ValueError, Unparsable):
        return


def _instances(document: object) -> Iterator[tuple[str, str, Mapping[str, object], set[str]]]:
    """Yield type, address, attributes and the names that hold something sensitive, of each instance."""
    for entry in _list(document, "resources"):
        kind, module = text(entry, "type"), text(entry, "module")
        address = ".".join(part for part in (module, kind, text(entry, "name")) if part)[:_LONG]
        for number, instance in enumerate(_list(entry, "instances")):
            attributes = member(instance, "attributes")
            if not isinstance(attributes, dict):
                attributes = member(instance, "attributes_flat")
            if isinstance(attributes, dict):
                marked = set(_marked(instance)) | {
                    n for n in attributes if is_secret_name(n) and kind.endswith(("secret", "password", "token", "key"))
                }
                yield kind, f"{address}[{number}]" if number else address, attributes, marked
    for part in _list(document, "modules"):
        found = member(part, "resources")
        for title, old in found.items() if isinstance(found, dict) else ():
            attributes = member(old, "primary", "attributes")
            if isinstance(attributes, dict):
                yield text(old, "type"), str(title)[:_LONG], attributes, set()


def _marked(instance: object) -> Iterator[str]:
    """Yield the top-level names in `sensitive_attributes`: lists of steps, or of texts in older files."""
    for path in _list(instance, "sensitive_attributes"):
        step = path[0] if isinstance(path, list) and path else path
        name = step if isinstance(step, str) else text(step, "value")
        if name:
            yield name


def _list(value: object, name: str) -> list[object]:
    found = member(value, name)
    return found[:_MANY] if isinstance(found, list) else []
