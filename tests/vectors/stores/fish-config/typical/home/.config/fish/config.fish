set -gx API_TOKEN 'fake-horse-battery-42'
set -gx GH_TOKEN (gh auth token)
