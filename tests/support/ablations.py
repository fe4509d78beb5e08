"""The content of an ablation.json, made up."""

from itertools import combinations

from fusion.evaluation.estimate import ONE_SEED

NAMES = ("mfcc", "spectral_centroid", "spectral_rolloff", "tonnetz", "zero_crossing_rate")
MODES = ("leave-one-out", "only-one", "all", "mask")


def made_up(mode, difference=0.1, p_holm=0.01, interval=0.03, names=NAMES, chance=0.2, metric="accuracy"):
    """Return the content of ablation.json where each arm is this far below the whole, which reaches 0.6."""
    sizes = {"only-one": [1], "all": range(len(names) - 1, 0, -1)}.get(mode, [len(names) - 1])
    sets = [names, *(chosen for size in sizes for chosen in combinations(names, size))]
    arms = []
    for features in sets:
        mean = 0.6 - (difference if features != names else 0)
        low, high = (None, None) if interval is None else (mean - interval, mean + interval)
        values = {"mean": mean, "std": 0.01, "low": low, "high": high, "per_seed": [mean - 0.01, mean + 0.01]}
        digest = None if mode == "mask" and features != names else "0" * 12
        arms.append({"features": list(features), **values, "se_groups": 0.02, "se_seeds": 0.01, "digest": digest})
    tests = [
        {
            "features": list(features),
            "without": [name for name in names if name not in features],
            "difference": difference,
            "low": None if interval is None else difference - interval,
            "high": None if interval is None else difference + interval,
            "p": None if interval is None else p_holm / 2,
            "p_holm": None if interval is None else p_holm,
            "why": ONE_SEED,
        }
        for features in sets[1:]
        if mode != "all" or len(features) == len(names) - 1
    ]
    share = (0.6 - chance) / len(names)
    ends = {"low": None, "high": None} if interval is None else {"low": share - interval, "high": share + interval}
    shapley = {name: {"value": share, **ends} for name in names} if mode == "all" else {}
    per_class = {t["without"][0]: {"bass": difference, "reed": -difference} for t in tests if len(t["without"]) == 1}
    return {
        **{"mode": mode, "metric": metric, "chance": chance, "groups": 42, "arms": arms, "shapley": shapley},
        **{"tests": tests, "per_class": per_class, "warnings": []},
        **{"experiment": "made_up", "digest": "0" * 12, "trials": 0},
    }
