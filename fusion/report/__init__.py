"""Pages and figures for people to look at. The only room that imports matplotlib.

One module a page; `plots` and `html` are what they share, `wording` how scores are written.
"""

__all__ = ["ablation", "audit_page", "plots", "result_page", "study_page", "wording"]
