"""The nouns of rescind: frozen values without I/O. Import from the submodule that names the noun."""
