"""Homes that real tools would have written, with every planted credential's non-secret name, and the judge that scans them."""
