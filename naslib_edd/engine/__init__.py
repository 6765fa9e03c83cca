"""The built-in host: the epochs of a search, its record, and what a resume needs."""
