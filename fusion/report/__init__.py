"""Figures and pages: what came out, for people to look at. The only part that imports matplotlib."""

from fusion.report.page import confusion_figure, curves_figure, score, table, write

__all__ = ["confusion_figure", "curves_figure", "score", "table", "write"]
