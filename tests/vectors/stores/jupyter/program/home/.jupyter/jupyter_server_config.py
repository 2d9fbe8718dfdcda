# Configuration file for jupyter-server.

c = get_config()  #noqa
c.ServerApp.ip = '0.0.0.0'
c.IdentityProvider.token = 'fake0000000000000000000000000000000000000000jupyter'
# c.PasswordIdentityProvider.hashed_password = ''
c.ServerApp.password = u'argon2:$argon2id$v=19$m=10240,t=10,p=8$fake$fake'
