"""So that ``python -m fusion.cli`` is the command line, too."""

from fusion.cli import main

main()
