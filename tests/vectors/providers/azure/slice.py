"""Cut the requests that the azure kinds make out of Microsoft's own clients, which are generated from the service's TypeSpec.

    slice.py FOLDER > arm.json

FOLDER holds the unpacked wheels of azure-mgmt-storage 25.3.0 and azure-mgmt-resource-subscriptions 1.0.0 (MIT).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

OPERATIONS = {
    "azure/mgmt/resource/subscriptions/operations/_operations.py": ("subscriptions_list",),
    "azure/mgmt/storage/operations/_operations.py": (
        "storage_accounts_list", "storage_accounts_get_properties", "storage_accounts_list_keys", "storage_accounts_regenerate_key",
    ),
}  # fmt: skip
BODIES = {"storage_accounts_regenerate_key": "StorageAccountRegenerateKeyParameters"}


def main():
    made = {}
    for file, names in OPERATIONS.items():
        text = (Path(sys.argv[1]) / file).read_text()
        models = (Path(sys.argv[1]) / file.replace("operations/_operations", "models/_models")).read_text()
        for name in names:
            block = re.search(rf"^def build_{name}_request\(.*?(?=^def |^class )", text, re.S | re.M)[0]
            method = re.search(r'HttpRequest\(method="(\w+)"', block)[1]
            path = re.search(r'_url = "([^"]+)"', block)[1]
            query = re.findall(r'_params\["([^"]+)"\]', block)
            body = None
            if name in BODIES:
                shape = re.search(rf"^class {BODIES[name]}\(.*?(?=^class )", models, re.S | re.M)[0]
                body = re.findall(r'rest_field\(name="(\w+)"', shape)
            made[f"{method} {path}"] = {
                "query": query,
                "body": body,
                "newest": re.search(r'"api-version", "([^"]+)"', block)[1],
            }
    print(json.dumps({"source": __doc__.splitlines()[4], "operations": made}, indent=1))


main()
