"""Google Fit (REST v1, closing): see README.md."""
