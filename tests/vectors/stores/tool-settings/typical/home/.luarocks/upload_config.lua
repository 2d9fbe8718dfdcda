key = "FakeLuarocksKey0000000000000000000001"
server = "https://luarocks.org"
version = "1"
