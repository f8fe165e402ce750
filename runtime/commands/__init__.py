"""What the command line can do, one module a topic. A command answers its exit code."""
