export OS_AUTH_URL=https://keystone.corp.example:5000/v3
export OS_USERNAME=ada
export OS_PASSWORD="Fake-openstack-pass-9"
