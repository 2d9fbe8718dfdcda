"""A rehearsal in a throw-away world: real servers on loopback, real credentials, real refusals; nothing outside is touched."""
