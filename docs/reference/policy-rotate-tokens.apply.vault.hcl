# apply of the playbook rotate-tokens; `pki` stands for the mount of your certificate authority.

path "auth/approle/role/+" {
  capabilities = ["read"]
}

path "auth/approle/role/+/secret-id" {
  capabilities = ["list", "update"]
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
