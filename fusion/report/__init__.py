"""Pages, plots and sentences for people to look at. The only room that imports matplotlib.

A page has modules for its plots, tables and sentences, and a template; all share `plots`, `pages` and `wording`.
"""

__all__ = ["ablation_page", "ablation_sentences", "audit_page", "card", "clip_sounds", "comparison_page", "curve_page",
    "curve_sentences", "feature_plot", "index_page", "markdown", "plots", "result_page", "result_plots", "search_page",
    "stress_page", "stress_sentences", "study_page", "study_sentences", "study_tables", "wording"]  # fmt: skip
