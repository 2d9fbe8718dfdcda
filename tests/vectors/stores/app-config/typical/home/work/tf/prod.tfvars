region = "eu-west-1"
db_password = "fake-tfvars-horse"
github_token = "ghp_FAKEFAKEFAKEFAKEFAKEFAKEFAKEFAKEFAKE"
