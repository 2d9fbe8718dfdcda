"""Cut the methods that the google kinds use, and the schemas these refer to, out of Google's discovery documents.

    slice.py FOLDER

FOLDER holds the unpacked wheel of google-api-python-client 2.202.0 (Apache-2.0). Writes the documents beside this file.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

WANTED = {
    "admin.directory_v1.json": r"directory\.(users\.(get|list|update|patch|signOut|delete)|tokens\..*|asps\..*|verificationCodes\..*"
    r"|mobiledevices\.(get|list|action)|chromeosdevices\.(get|list)|orgunits\.list|members\.hasMember|domains\.list)"
    r"|admin\.customer\.devices\.chromeos\.(batchChangeStatus|issueCommand|commands\.get)",
    "iam.v1.json": r"iam\.projects\.serviceAccounts\.(get|list|disable|enable|delete|testIamPermissions|keys\..*)"
    r"|iam\.projects\.locations\.oauthClients\.(list|get|credentials\..*)"
    r"|iam\.locations\.workforcePools\.(get|testIamPermissions|subjects\.(delete|undelete|revokeSessions|operations\.get))"
    r"|iam\.projects\.locations\.workloadIdentityPools\.(get|list|providers\.(get|list|patch|keys\.(get|list|delete|undelete)))",
    "oslogin.v1.json": r"oslogin\.users\.(getLoginProfile|sshPublicKeys\..*)",
    "apikeys.v2.json": r"apikeys\..*",
    "storage.v1.json": r"storage\.projects\.hmacKeys\..*",
    "cloudidentity.v1.json": r"cloudidentity\.(devices\.(get|list|wipe|deviceUsers\.(get|list|block|approve|wipe|lookup))"
    r"|inboundSsoAssignments\.list|inbound(Saml|Oidc)SsoProfiles\.get)",
    "cloudresourcemanager.v1.json": r"cloudresourcemanager\.projects\.(get|testIamPermissions)",
    "admin.reports_v1.json": r"reports\.activities\.list",
    "logging.v2.json": r"logging\.entries\.list",
}
KEPT = ("id", "httpMethod", "path", "flatPath", "parameters", "request", "response", "scopes")


def bare(part):
    """Return a part without its prose."""
    if isinstance(part, dict):
        prose = ("description", "enumDescriptions")
        return {k: bare(v) for k, v in part.items() if k not in prose or isinstance(v, dict)}
    return [bare(v) for v in part] if isinstance(part, list) else part


def references(part):
    if isinstance(part, dict):
        yield from [part["$ref"]] if "$ref" in part else []
        part = list(part.values())
    for inner in part if isinstance(part, list) else ():
        yield from references(inner)


def methods(resource):
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from methods(inner)


def main():
    for name, pattern in WANTED.items():
        document = json.loads((Path(sys.argv[1]) / "googleapiclient/discovery_cache/documents" / name).read_text())
        rows = [m for m in methods(document) if re.fullmatch(pattern, m["id"])]
        chosen = {m["id"]: {k: v for k, v in bare(m).items() if k in KEPT} for m in rows}
        needed, todo = set(), set(references(list(chosen.values())))
        while todo:
            schema = todo.pop()
            needed.add(schema)
            todo |= set(references(document["schemas"][schema])) - needed
        made = {k: document[k] for k in ("id", "name", "version", "revision", "rootUrl", "servicePath")}
        made |= {"parameters": bare(document["parameters"]), "methods": chosen}
        made["schemas"] = {n: bare(document["schemas"][n]) for n in sorted(needed)}
        Path(__file__).with_name(name).write_text(json.dumps(made, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
