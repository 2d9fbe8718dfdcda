"""Cut the requests that the entra kinds make out of Graph's own metadata: what exists, with which body, under which permission.

    slice.py CSDL PERMISSIONS DESCRIPTIONS REVISIONS > graph-v1.0.json

CSDL is `clean_v10_metadata/cleanMetadata.xml` of microsoftgraph/msgraph-metadata, PERMISSIONS `permissions/new/permissions.json` of
microsoftgraph/microsoft-graph-devx-content, DESCRIPTIONS its `permissions/permissions-descriptions.json`; REVISIONS names the commits of both. A path that the CSDL does not have stops it.
"""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET

E = "{http://docs.oasis-open.org/odata/ns/edm}"
METHODS = (
    "emailMethods", "externalAuthenticationMethods", "fido2Methods", "microsoftAuthenticatorMethods", "phoneMethods", "platformCredentialMethods",
    "softwareOathMethods", "temporaryAccessPassMethods", "windowsHelloForBusinessMethods",
)  # fmt: skip
OPERATIONS = (
    "GET /organization", "GET /me", "GET /users", "GET /users/{id}", "PATCH /users/{id}", "POST /users/{id}/revokeSignInSessions",
    "GET /users/{id}/registeredDevices", "GET /users/{id}/ownedDevices", "GET /users/{id}/ownedObjects", "GET /users/{id}/oauth2PermissionGrants",
    "GET /users/{id}/authentication/methods", *(f"DELETE /users/{{id}}/authentication/{m}/{{id}}" for m in METHODS),
    "GET /users/{id}/authentication/windowsHelloForBusinessMethods", "GET /users/{id}/authentication/platformCredentialMethods",
    "GET /devices", "GET /devices/{id}", "GET /devices(deviceId={value})", "PATCH /devices/{id}", "GET /devices/{id}/registeredOwners",
    "GET /informationProtection/bitlocker/recoveryKeys", "GET /oauth2PermissionGrants", "GET /oauth2PermissionGrants/{id}", "DELETE /oauth2PermissionGrants/{id}",
    "GET /applications", "GET /applications/{id}", "GET /applications(appId={value})", "PATCH /applications/{id}", "GET /applications/{id}/owners",
    "POST /applications/{id}/removePassword", "GET /applications/{id}/federatedIdentityCredentials",
    "DELETE /applications/{id}/federatedIdentityCredentials/{id}", "POST /applications/{id}/federatedIdentityCredentials",
    "GET /servicePrincipals", "GET /servicePrincipals/{id}", "GET /servicePrincipals(appId={value})", "PATCH /servicePrincipals/{id}", "GET /servicePrincipals/{id}/owners",
    "POST /servicePrincipals/{id}/removePassword", "POST /applications/{id}/addPassword", "GET /servicePrincipals/{id}/appRoleAssignments", "GET /auditLogs/signIns", "GET /auditLogs/directoryAudits",
    "POST /servicePrincipals/{id}/addPassword", "GET /servicePrincipals/{id}/transitiveMemberOf", "GET /me/transitiveMemberOf",
    "GET /users/{id}/transitiveMemberOf", "GET /users/{id}/appRoleAssignments", "GET /domains/{id}",
    "GET /deviceManagement/managedDevices", "GET /deviceManagement/managedDevices/{id}",
    *(f"POST /deviceManagement/managedDevices/{{id}}/{a}" for a in ("remoteLock", "retire", "wipe")),
)  # fmt: skip
PRIMITIVES = {"Boolean": "boolean", "Int32": "integer", "Int64": "integer", "Int16": "integer", "Double": "number"}


class Model:
    """The CSDL: types by name, what a collection or a navigation leads to, and actions by what they are bound to."""

    def __init__(self, path):
        root = ET.parse(path).getroot()
        spaces = sorted(root.iter(E + "Schema"), key=lambda s: s.get("Namespace") == "microsoft.graph")
        kinds = (E + "EntityType", E + "ComplexType", E + "EnumType")
        self.types = {t.get("Name"): t for s in spaces for t in s if t.tag in kinds}
        self.sets = {}
        for box in root.iter(E + "EntityContainer"):
            for s in box:
                self.sets[s.get("Name")] = (s.get("EntityType") or s.get("Type"), s.tag == E + "EntitySet")
        self.actions = {}
        for a in root.iter(E + "Action"):
            given = a.findall(E + "Parameter")
            if a.get("IsBound") == "true" and given:
                self.actions[given[0].get("Type").split(".")[-1], a.get("Name")] = a
        self.keys = {}
        for name, t in self.types.items():
            for note in t.iter(E + "Annotation"):
                if note.get("Term") == "Org.OData.Core.V1.AlternateKeys":
                    self.keys[name] = {v.get("PropertyPath") for v in note.iter(E + "PropertyValue")}

    def line(self, name):
        while name:
            yield self.types[name]
            name = (self.types[name].get("BaseType") or "").split(".")[-1]

    def properties(self, name):
        return {p.get("Name"): p.get("Type") for t in self.line(name) for p in t.findall(E + "Property")}

    def schema(self, kind, depth=0):
        if kind.startswith("Collection("):
            return {"type": "array", "items": self.schema(kind[11:-1], depth)}
        name = kind.split(".")[-1]
        if kind.startswith("Edm."):
            form = {"format": "uuid"} if name == "Guid" else {"format": "date-time"} if name == "DateTimeOffset" else {}
            return {"type": [PRIMITIVES.get(name, "string"), "null"], **form}
        row = self.types[name]
        if row.tag == E + "EnumType":
            return {"enum": [m.get("Name") for m in row.findall(E + "Member")]}
        if depth > 1:
            return {"type": ["object", "null"]}
        made = {n: self.schema(t, depth + 1) for n, t in self.properties(name).items()}
        return {"type": ["object", "null"], "properties": made, "additionalProperties": False}

    def resolve(self, path):
        """Return (type, whether it is a collection, the action at the end if any). Raises for what the model does not have."""
        kind, many, action = "", False, None
        for n, part in enumerate(path.strip("/").split("/")):
            name, _, key = part.partition("(")
            if n == 0:
                kind, many = self.sets[name]
                kind = kind.split(".")[-1]
                if key:
                    wanted = key.partition("=")[0]
                    assert wanted in self.keys.get(kind, ()), (path, self.keys.get(kind))
                    many = False
            elif part == "{id}":
                assert many, path
                many = False
            else:
                found = [
                    p.get("Type")
                    for t in self.line(kind)
                    for p in t.findall(E + "NavigationProperty")
                    if p.get("Name") == part
                ]
                if found:
                    many = found[0].startswith("Collection(")
                    kind = found[0].removeprefix("Collection(").rstrip(")").split(".")[-1]
                else:
                    action = next(
                        self.actions[t.get("Name"), part]
                        for t in self.line(kind)
                        if (t.get("Name"), part) in self.actions
                    )
        return kind, many, action


def main():
    model, rights = Model(sys.argv[1]), {}
    for name, row in json.load(open(sys.argv[2]))["permissions"].items():
        for block in row.get("pathSets", []):
            for path, note in block["paths"].items():
                for method in block["methods"]:
                    where = rights.setdefault((method, path.lower()), {"application": [], "delegated": [], "least": []})
                    where["application"] += [name] if "Application" in block["schemeKeys"] else []
                    where["delegated"] += [name] if "DelegatedWork" in block["schemeKeys"] else []
                    where["least"] += [name] if re.search(r"least=.*Application", note) else []
    made = {}
    for operation in OPERATIONS:
        method, path = operation.split(" ")
        kind, many, action = model.resolve(path)
        given = rights.get((method, path.lower())) or rights.get(
            (method, re.sub(r"\(.*?=\{value\}\)", "/{id}", path.lower()))
        )
        assert given, f"no permission is known for {operation}"
        body = None
        if action is not None:
            body = {
                "type": "object",
                "additionalProperties": False,
                "properties": {p.get("Name"): model.schema(p.get("Type")) for p in action.findall(E + "Parameter")[1:]},
            }
        elif method in {"PATCH", "POST"}:
            body = {**model.schema("graph." + kind, 1), "type": "object"}
            if method == "PATCH":
                body["properties"] = {n: s for n, s in body["properties"].items() if n != "id"}
        made[operation] = {
            "entity": kind, "collection": many, "body": body if body is None or body["properties"] else None,
            "properties": sorted({p for t in [kind] for p in model.properties(t)}), **{k: sorted(set(v)) for k, v in given.items()},
        }  # fmt: skip
    named = {p for row in made.values() for p in row["application"]}
    rows = json.load(open(sys.argv[3]))["applicationScopesList"]
    roles = {r["value"]: r["id"] for r in rows if r["value"] in named}
    print(
        json.dumps(
            {"source": "Microsoft Graph v1.0", "revisions": sys.argv[4], "roles": roles, "operations": made}, indent=0
        )
    )


main()
