password = "changeme"
token = "<your token>"
secret_name = "orders/db"
kms_key_id = "arn:aws:kms:eu-west-1:123456789012:key/x"
