"""rescind ends the access that lived on one machine or in one person's hands, and proves that it ended."""

__version__ = "0.1.0"
