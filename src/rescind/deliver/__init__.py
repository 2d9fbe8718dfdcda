"""Where a rotated credential is put, one file per sort of place; each holds a `TARGET` row."""
