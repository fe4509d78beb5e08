"""How the documentation is built: ``sphinx-build -W docs FOLDER``, with what ``pip install -e '.[docs]'`` installs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = html_title = "fusion"
author = copyright = "The fusion contributors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "sphinx_copybutton", "generated", "notebooks"]
exclude_patterns = ["_build", "_generated"]

html_theme = "furo"
html_copy_source = False
html_static_path, html_css_files = ["_static"], ["style.css"]
html_theme_options = {"top_of_page_buttons": []}

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
smartquotes = False  # three dots in a setting are three dots
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say them in words
copybutton_exclude = ".linenos, .gp, .go"
