"""One straight line: scan → inventory → enumerate → plan → execute → verify → report. One file per arrow."""
