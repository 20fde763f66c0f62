"""A person's own data as a whole: where it lies, a copy of it for them, and its end."""
