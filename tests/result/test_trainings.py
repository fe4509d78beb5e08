from types import SimpleNamespace

import pytest

from fusion.result.trainings import Trainings


@pytest.mark.parametrize(
    ("spans", "wall"),
    [
        ([(100, 10), (110, 10)], 20),  # one after the other
        ([(100, 10), (104, 10)], 14),  # at once in part
        ([(104, 2), (100, 10)], 10),  # one inside the other
        ([(100, 10), (5000, 10)], 20),  # on another day
        ([(None, 10), (100, 10)], 20),  # by a fusion that did not tell when
    ],
)
def test_training_takes_the_time_while_any_training_runs(spans, wall):
    summaries = {
        seed: [
            {
                **({} if began is None else {"began": began}),
                "seconds": {"train": length, "train_processor": 3.0, "evaluate": 1.0},
            }
        ]
        for seed, (began, length) in enumerate(spans)
    }
    result = SimpleNamespace(trainings=lambda _: ["folder"], summaries=summaries.__getitem__)
    found = Trainings(result, None, tuple(summaries)).seconds()
    assert found == {"train": wall, "train_processor": 6.0, "evaluate": 2.0}


def test_the_processor_time_of_older_trainings_is_their_time():
    summary = {"seconds": {"train": 5.0, "evaluate": 1.0}}
    result = SimpleNamespace(trainings=lambda _: ["folder"], summaries=lambda _: [summary])
    assert Trainings(result, None, (1,)).seconds() == {"train": 5.0, "train_processor": 5.0, "evaluate": 1.0}
