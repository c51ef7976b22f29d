"""Runs the command line: ``python -m checksig``."""

from __future__ import annotations

import sys

from .cli import main

sys.exit(main())
