"""The only way out: one HTTP client, one interpreter of REST rows, one retry policy, one pacer, one atomic writer."""
