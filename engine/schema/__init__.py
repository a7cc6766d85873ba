"""What a remote system's data looks like: entities, fields, types, references, value profiles."""
