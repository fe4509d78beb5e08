"""Pages, plots and sentences for people to look at. The only room that imports matplotlib.

A page has modules for its plots, tables and sentences; `plots`, `html` and `wording` are what all of them share.
"""

__all__ = ["ablation_plots", "ablation_sentences", "audit_page", "card", "curve_plot", "curve_sentences"]
__all__ += ["feature_plot", "plots", "result_page", "result_plots", "stress_plot", "stress_sentences", "study_page"]
__all__ += ["study_sentences", "study_tables", "wording"]
