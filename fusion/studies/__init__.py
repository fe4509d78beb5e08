"""What people ask: run, ablate, curve, study, evaluate, predict; the order of the steps, not the steps themselves.

One module a question; `completion` trains and evaluates several results in one crew of workers.
"""

__all__ = ["ablate", "curve", "experiment", "export", "predict", "report", "study", "transfer"]
