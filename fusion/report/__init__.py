"""Figures and pages: what came out, for people to look at. The only part that imports matplotlib."""

from fusion.report.page import classes_figure, confusion_figure, curves_figure, figures_of, score, table, write

__all__ = ["classes_figure", "confusion_figure", "curves_figure", "figures_of", "score", "table", "write"]
