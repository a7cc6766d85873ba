#!/usr/bin/env python
from __future__ import annotations

import os
import sys
from importlib import import_module

# These work on files alone. Loading every app of the studio first would take longer than matching
# 5,000 records does.
FILE_COMMANDS = ("match-records", "propose-fields")

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
    if sys.argv[1:2] and sys.argv[1] in FILE_COMMANDS:
        name = f"studio.core.management.commands.{sys.argv[1]}"
        import_module(name).Command().run_from_argv(sys.argv)
    else:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
