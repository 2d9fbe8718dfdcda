Import-Module posh-git
$env:API_TOKEN = 'fake-horse-battery-42'
