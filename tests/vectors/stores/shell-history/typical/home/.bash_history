#1700000000
ls
#1700000001
export VAULT_TOKEN=hvs.FAKEFAKEFAKEFAKEFAKEFAKE
#1700000002
mysql -h db.example.com -u root -pfake-horse-battery-42 shop
#1700000003
curl -u ada:fake-horse-battery-43 https://nexus.example.com/api
#1700000004
export AWS_ACCESS_KEY_ID=AKIARZPUZDIKFAKEFAKE
#1700000005
export AWS_SECRET_ACCESS_KEY=fake/horse/battery/42/Fake/Horse/Battery
#1700000006
psql postgres://ada:fake-horse-battery-44@db.example.com:5432/shop
