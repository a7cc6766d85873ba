"""The talking ring: one package per remote system, cut the same inside, each with its emulator."""
