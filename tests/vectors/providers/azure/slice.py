"""Cut the requests that the azure kinds make, and what answers them, out of Microsoft's own clients, which are generated from the services' TypeSpec.

    slice.py FOLDER > arm.json

FOLDER holds the unpacked wheels of azure-mgmt-storage 25.3.0, azure-mgmt-resource-subscriptions 1.0.0, azure-mgmt-containerregistry 15.0.0,
azure-mgmt-containerservice 41.8.0, azure-mgmt-resource 26.0.0, azure-mgmt-authorization 4.0.0, azure-mgmt-web 11.0.1, azure-mgmt-msi 7.1.0, azure-mgmt-servicebus 10.0.0, azure-mgmt-eventhub 12.0.0, azure-mgmt-cosmosdb 10.0.0 and
azure-mgmt-cognitiveservices 14.1.0 (MIT).
"""

from __future__ import annotations

import ast
import json
import re
import sys
from functools import cache
from pathlib import Path

MGMT = Path(sys.argv[1]) / "azure" / "mgmt"
# operation: the class of its body, and of its answer
OPERATIONS = {
    "resource/subscriptions/operations/_operations.py": {"subscriptions_list": ("", "")},
    "resource/resources/operations/_operations.py": {"resource_groups_list": ("", "ResourceGroup*")},
    "authorization/v2022_04_01/operations/_permissions_operations.py": {
        "list_for_resource_group": ("", "Permission*"),
    },
    "storage/operations/_operations.py": {
        "storage_accounts_list": ("", "StorageAccount*"),
        "storage_accounts_get_properties": ("", "StorageAccount"),
        "storage_accounts_list_keys": ("", "StorageAccountListKeysResult"),
        "storage_accounts_regenerate_key": ("StorageAccountRegenerateKeyParameters", "StorageAccountListKeysResult"),
        "storage_accounts_update": ("StorageAccountUpdateParameters", "StorageAccount"),
        "storage_accounts_revoke_user_delegation_keys": ("", ""),
        "local_users_list": ("", "LocalUser*"),
        "local_users_delete": ("", ""),
    },
    "msi/v2024_11_30/operations/_user_assigned_identities_operations.py": {
        "list_by_subscription": ("", "Identity*"),
        "get": ("", "Identity"),
    },
    "msi/v2024_11_30/operations/_federated_identity_credentials_operations.py": {
        "list": ("", "FederatedIdentityCredential*"),
        "delete": ("", ""),
    },
    "web/operations/_operations.py": {
        "web_apps_list": ("", "Site*"),
        "web_apps_get": ("", "Site"),
        "web_apps_list_publishing_credentials": ("", "User"),
        "web_apps_generate_new_site_publishing_password": ("", ""),
    },
    "containerregistry/operations/_operations.py": {
        "registries_list": ("", "Registry*"),
        "registries_get": ("", "Registry"),
        "registries_update": ("RegistryUpdateParameters", "Registry"),
        "registries_list_credentials": ("", "RegistryListCredentialsResult"),
        "registries_regenerate_credential": ("RegenerateCredentialParameters", "RegistryListCredentialsResult"),
        "tokens_list": ("", "Token*"),
        "tokens_get": ("", "Token"),
        "tokens_update": ("TokenUpdateParameters", "Token"),
        "tokens_delete": ("", ""),
    },
    "containerservice/operations/_operations.py": {
        "managed_clusters_list": ("", "ManagedCluster*"),
        "managed_clusters_get": ("", "ManagedCluster"),
        "managed_clusters_list_cluster_user_credentials": ("", "CredentialResults"),
        "managed_clusters_rotate_cluster_certificates": ("", ""),
    },
    **{
        f"{name}/operations/_operations.py": {
            "namespaces_list": ("", f"{space}*"),
            "namespaces_get": ("", space),
            "namespaces_list_authorization_rules": ("", f"{rule}*"),
            "namespaces_list_keys": ("", "AccessKeys"),
            "namespaces_regenerate_keys": ("RegenerateAccessKeyParameters", "AccessKeys"),
        }
        for name, space, rule in (("servicebus", "SBNamespace", "SBAuthorizationRule"), ("eventhub", "EHNamespace", "AuthorizationRule"))
    },
    "cosmosdb/operations/_operations.py": {
        "database_accounts_list": ("", "DatabaseAccountGetResults*"),
        "database_accounts_get": ("", "DatabaseAccountGetResults"),
        "database_accounts_list_keys": ("", "DatabaseAccountListKeysResult"),
        "database_accounts_regenerate_key": ("DatabaseAccountRegenerateKeyParameters", ""),
    },
    "cognitiveservices/operations/_accounts_operations.py": {
        "list": ("", "Account*"),
        "get": ("", "Account"),
        "list_keys": ("", "ApiKeys"),
        "regenerate_key": ("RegenerateKeyParameters", "ApiKeys"),
    },
}  # fmt: skip
DEPTH = 4
"""How deep a model is described; below that anything goes."""
FIELDS = {"id", "name", "type", "location", "systemData", "properties", "tags", "eTag"}
"""Of a resource, what is described; of its properties, all that our simulator shows or our requests name is."""
USED = (
    "provisioningState loginServer adminUserEnabled status creationDate credentials scopeMapId fqdn privateFQDN azurePortalFQDN "
    "disableLocalAccounts aadProfile allowSharedKeyAccess documentEndpoint endpoint customSubDomainName enabledHostNames"
).split()


@cache
def modules(package):
    folder = MGMT / package / "models"
    models = folder / ("_models.py" if (folder / "_models.py").exists() else "_models_py3.py")
    classes = {c.name: c for c in ast.parse(models.read_text()).body if isinstance(c, ast.ClassDef)}
    enums = {}
    for file in folder.glob("*enums.py"):
        for c in ast.parse(file.read_text()).body:
            if isinstance(c, ast.ClassDef):
                enums[c.name] = [a.value.value for a in c.body if isinstance(a, ast.Assign)]
    return classes, enums


def fields(package, name):
    """Yield wire name, type in words, whether it is required, whether it can only be read."""
    classes, _ = modules(package)
    if name not in classes:
        return
    for base in map(ast.unparse, classes[name].bases):
        if not base.startswith("_serialization."):
            yield from fields(package, base.rpartition(".")[2])
    rules, maps = {}, {}
    for a in classes[name].body:
        if isinstance(a, ast.AnnAssign) and isinstance(a.value, ast.Call) and ast.unparse(a.value.func) == "rest_field":
            how = {k.arg: ast.literal_eval(k.value) for k in a.value.keywords if k.arg in {"name", "visibility"}}
            said = ast.unparse(a.annotation)
            yield (
                how.get("name", a.target.id),
                said,
                not said.startswith("Optional["),
                how.get("visibility") == ["read"],
            )
        elif isinstance(a, ast.Assign) and ast.unparse(a.targets[0]) in {"_attribute_map", "_validation"}:
            (maps if "map" in ast.unparse(a.targets[0]) else rules).update(ast.literal_eval(a.value))
    for key, m in maps.items():
        rule = rules.get(key, {})
        yield m["key"], m["type"], bool(rule.get("required")), bool(rule.get("readonly"))


def schema(package, said, depth, *, asked):
    classes, enums = modules(package)
    said = re.sub(r"^Optional\[(.*)\]$", r"\1", said)
    many = re.match(r"(?:list|List)\[(.*)\]$", said) or re.match(r"\[(.*)\]$", said)
    if many:
        return {"type": "array", "items": schema(package, many[1], depth, asked=asked)}
    names = re.findall(r"_models\.(\w+)", said) or [said]
    if names[0] in enums:
        return {"enum": enums[names[0]]}
    if names[0] in classes and depth:
        found = {
            n: (s, must) for n, s, must, only in fields(package, names[0]) if not (asked and only) and "." not in n
        }
        if not asked and depth == DEPTH and set(found) >= {"id", "name"}:
            found = {n: v for n, v in found.items() if n in FIELDS}
        elif not asked and depth == DEPTH - 1 and len(found) > 12:
            found = {n: v for n, v in found.items() if n in USED}
        made = {"type": "object", "additionalProperties": False}
        made["properties"] = {n: schema(package, s, depth - 1, asked=asked) for n, (s, _) in found.items()}
        flat = [(n.partition(".")[2], s) for n, s, _, _ in fields(package, names[0]) if n.startswith("properties.")]
        if flat and not asked:  # how the older clients write what lies below `properties`
            inner = {n: schema(package, s, 0, asked=False) for n, s in flat}
            made["properties"]["properties"] = {"type": "object", "additionalProperties": False, "properties": inner}
        if asked and (must := [n for n, (_, m) in found.items() if m]):
            made["required"] = must
        return made
    simple = {
        "str": "string",
        "bool": "boolean",
        "int": "integer",
        "datetime.datetime": "string",
        "iso-8601": "string",
        "bytes": "string",
    }
    return {"type": simple[said]} if said in simple else {}


def main():
    made = {}
    for file, rows in OPERATIONS.items():
        text, package = (MGMT / file).read_text(), file.partition("/operations")[0]
        for name, (body, answer) in rows.items():
            block = re.search(rf"^def build_{name}_request\(.*?(?=^def |^class )", text, re.S | re.M)[0]
            method = re.search(r'HttpRequest\(method="(\w+)"', block)[1]
            path = re.search(r'"(/subscriptions[^"]*)"', block)[1]
            shown = schema(package, answer.rstrip("*"), DEPTH, asked=False) if answer else None
            made[f"{method} {path}"] = {
                "query": re.findall(r'_params\["([^"]+)"\]', block),
                "body": schema(package, body, DEPTH, asked=True) if body else None,
                "newest": re.search(r'"api-version", "([^"]+)"', block)[1],
                "list": answer.endswith("*"),
                "answer": shown,
            }
    print(json.dumps({"source": " ".join(__doc__.split("\n\n")[2].split()), "operations": made}, separators=(",", ":")))


main()
