export API_TOKEN=$(pass show work/token)
export API_TOKEN=<your-token>
mysql -u root -p
mysql -u root -p$DB_PASSWORD shop
ssh -p 2222 ada@example.com
curl -u "$USER:$PASS" https://example.com
psql postgres://user:password@localhost/db
git clone https://ada@example.com/a/b.git
docker login -u ada --password-stdin
tool --password-file ~/.pw --token-url https://sso.example.com/token
