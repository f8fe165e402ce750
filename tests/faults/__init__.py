"""What the promise is worth when things break: readings flow, something is broken, and the books are compared."""
