# plan of the playbook contain; `pki` stands for the mount of your certificate authority.

path "identity/entity-alias/id" {
  capabilities = ["list"]
}

path "identity/entity/id" {
  capabilities = ["list"]
}

path "identity/entity/id/*" {
  capabilities = ["read"]
}

path "identity/entity/name/*" {
  capabilities = ["read"]
}
