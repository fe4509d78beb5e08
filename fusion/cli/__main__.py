"""So that ``python -m fusion.cli`` is the command line, too."""

from fusion.cli.app import main

main()
