# apply of the playbook offboard-employee; `pki` stands for the mount of your certificate authority.

path "auth/approle/role/+" {
  capabilities = ["read"]
}

path "auth/approle/role/+/secret-id" {
  capabilities = ["list"]
}

path "auth/approle/role/+/secret-id-accessor/destroy" {
  capabilities = ["update"]
}

path "auth/approle/role/+/secret-id-accessor/lookup" {
  capabilities = ["update"]
}

path "auth/approle/role/+/secret-id/lookup" {
  capabilities = ["update"]
}

path "auth/token/accessors" {
  capabilities = ["list", "sudo"]
}

path "auth/token/lookup" {
  capabilities = ["update"]
}

path "auth/token/lookup-accessor" {
  capabilities = ["update"]
}

path "auth/token/revoke-accessor" {
  capabilities = ["update"]
}

path "identity/entity-alias/id" {
  capabilities = ["list"]
}

path "identity/entity/id" {
  capabilities = ["list"]
}

path "identity/entity/id/*" {
  capabilities = ["read", "update"]
}

path "identity/entity/name/*" {
  capabilities = ["read"]
}

path "pki/cert/*" {
  capabilities = ["read"]
}

path "pki/certs" {
  capabilities = ["list"]
}

path "pki/crl/rotate" {
  capabilities = ["read"]
}

path "pki/revoke" {
  capabilities = ["update"]
}
