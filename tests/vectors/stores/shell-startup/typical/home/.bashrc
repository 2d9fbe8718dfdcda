export EDITOR=vim
export API_TOKEN="fake-horse-battery-42"
export GITHUB_TOKEN=$(gh auth token)
# export OLD_TOKEN=fake-horse-battery-43
export TOKEN_PATH=/run/token
