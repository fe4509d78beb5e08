"""What people ask: run, ablate, curve, study, evaluate, stress, predict; the order of steps, not the steps themselves.

One module a question; `completion` trains and evaluates several results in one crew of workers.
"""

__all__ = ["ablate", "curve", "experiment", "export", "grades", "own_data", "predict", "prediction", "report"]
__all__ += ["stress", "study", "transfer"]
