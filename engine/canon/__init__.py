"""The canonical model: typed documents every record passes through."""
