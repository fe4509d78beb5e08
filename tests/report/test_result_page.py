import json

from fusion.evaluation.calibration import reliability
from fusion.report import result_page
from tests.support.scores import scored


def summary(value):
    return {"mean": value, "std": 0.0, "low": None, "high": None, "per_seed": [value]}


def page(folder, calibration=None, **test):
    """Write the page of a made-up result and return its text."""
    (folder / "environment.json").write_text(
        json.dumps({"fusion": "0", "commit": "c", "python": "3", "libraries": {}, "device": "cpu", "threads": 1})
    )
    (folder / "spec.yaml").write_text("seeds: [1]\n")
    (folder / "history.csv").write_text("seed,epoch,loss,accuracy,val_loss,val_accuracy\n1,1,1.0,0.5,1.0,0.5\n")
    metrics = {
        **dict.fromkeys(("experiment", "digest", "dataset", "protocol"), "x"),
        **{"classes": ["a", "b"], "confusion": [[1.0, 0.0], [0.0, 1.0]], "features": ["mfcc"], "seeds": [1]},
        **{
            "clips": {"test": 2},
            "groups": {"test": 2},
            "duplicates": {},
            "warnings": [],
            "sample": True,
            "seconds": {},
            "parameters": 1,
        },
        "train": {"accuracy": summary(0.9)},
        "test": {"accuracy": summary(0.5), "macro_f1": summary(0.5), "per_class": {}, **test},
        "references": {},
        **({} if calibration is None else {"calibration": calibration}),
    }
    result_page.write(folder, metrics, {})
    return (folder / "report.html").read_text()


def test_an_older_result_has_no_calibration_on_its_page(tmp_path):
    assert "Calibration" not in page(tmp_path)
    assert not (tmp_path / "reliability.png").exists()


def test_calibration_stands_on_the_page_in_a_sentence(tmp_path):
    targets, scores = scored()
    bins = reliability(targets, [scores], several=False)
    test = {"nll": summary(1.234), "ece": summary(0.126)}
    after = {"bins_after": bins, "nll_after": summary(1.1), "ece_after": summary(0.05)}
    text = page(tmp_path, {"temperature": [1.2, 1.5], "bins": bins, **after}, **test)
    assert "12.6 points away" in text
    assert "(1.20 to 1.50), their logits give 5.0 points and 1.100 nats" in text
    assert "negative log-likelihood (nats) 1.234" in text
    assert (tmp_path / "reliability.png").exists()
    text = page(tmp_path, {"temperature": [None], "bins": bins, "why": "of this"}, **test)
    assert "no temperature is applied: of this." in text
