"""What the page of a stress test says: what breaks first, with an interval, and each level's paired difference."""

import json
import re

import pytest

from fusion.report import stress_page
from fusion.report.stress_plot import plot_breaks
from fusion.report.stress_sentences import (
    by_weakness,
    depth,
    ends_text,
    point_text,
    stress_answer,
    stress_sentences,
    telling_level,
)
from fusion.studies.stress_summary import compare_stress
from tests.support.stress import made_up, of_kinds


def text_of(path):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", path.read_text()))


def test_the_page_opens_with_what_breaks_first_and_has_every_level(tmp_path):
    _, _, content = of_kinds("a" * 12, chosen=("pitch", "noise", "clip", "level"))
    stress_page.write(tmp_path, "stress", content)
    text = text_of(tmp_path / "stress.html")
    answer = stress_answer(content)
    assert answer.startswith(
        "Of 4 distortions, level breaks the network first: half of its advantage over chance is lost"
    )
    assert re.search(r"at -\d+ dB \[-\d+ dB, -\d+ dB\]; 2 of them cost a half\.$", answer)
    assert text.index(answer) < text.index("What breaks first")
    assert text.count("(trained with)") == 1
    row = content["distortions"][-1]["levels"][-1]
    assert f"{100 * row['change']['difference']:+.1f}" in text
    assert f"{row['shift']['tonnetz']:.1f}" in text
    assert "fusion stress results/made/aaaaaaaaaaaa --with pitch=5:20:50:100:300:700,noise=" in text
    assert "--plugins &#39;my own&#39;" in text
    assert (tmp_path / "stress.png").read_bytes().startswith(b"\x89PNG")


def test_the_interval_of_a_breaking_point_is_where_a_test_does_not_reject_that_it_is_lost():
    _, _, content = of_kinds("a" * 12)
    for kind in content["distortions"]:
        half = kind["half"]
        if half["position"] is None or half["earliest"] is None:
            continue
        assert half["earliest"]["position"] < half["position"]
        assert half["latest"]["position"] is None or half["latest"]["position"] > half["position"]
    kind = next(kind for kind in content["distortions"] if kind["name"] == "resample")
    assert ends_text(kind, kind["half"]).endswith(", not by 8000 Hz]")
    assert depth(kind, kind["half"]) == pytest.approx(kind["half"]["position"] / 6)


@pytest.mark.parametrize(
    ("level", "text"), [(99.66, "100 x"), (99.4, "99 x"), (100.4, "100 x"), (0.0512, "0.051 x"), (11025, "11025 x")]
)
def test_a_level_is_a_plain_number(level, text):
    point = {"level": level, "position": 1.5}
    assert point_text({"levels": [{"lost": 0.1}, {"lost": 0.9}], "unit": "x"}, point) == text


def test_what_cannot_be_known_or_is_never_lost_is_said():
    _, _, lost = made_up("a" * 12, [5, 3])
    assert stress_answer(lost).startswith("The network is not above chance")
    _, _, kept = made_up("a" * 12, [12, 12])
    assert stress_answer(kept) == "No level of noise costs a tenth of the network's advantage over chance."
    _, _, alone = made_up("a" * 12, [12, 6])
    assert stress_answer(alone).startswith("Noise: half of its advantage over chance is lost before 40 dB")
    for row in alone["distortions"][0]["levels"]:
        row["change"] |= {"p": None, "p_holm": None, "why": "one seed"}
    assert "Whether it changes more than by chance cannot be told: one seed." in stress_sentences(alone)
    older = json.loads(json.dumps(alone))
    for share in ("half", "tenth"):
        older["distortions"][0][share] = {key: older["distortions"][0][share][key] for key in ("level", "position")}
    assert ends_text(older["distortions"][0], older["distortions"][0]["half"]) == ""
    assert len(plot_breaks([older]).axes) == 1
    silent = {"half": {"position": None}, "levels": [{"mean": None, "lost": None}], "unit": "dB"}
    assert telling_level(silent) is None
    assert point_text(silent, silent["half"]) == "unknown"


def test_distortions_are_in_the_order_in_which_they_break_it():
    _, _, content = of_kinds("a" * 12)
    names = [content["distortions"][number]["name"] for number in by_weakness(content["distortions"])]
    assert names[:2] == ["level", "opus"]
    assert set(names[-5:]) == {"pitch", "stretch", "equalise", "narrow", "highpass"}


def test_results_are_linked_where_they_are(tmp_path):
    content = compare_stress(of_kinds("a" * 12), of_kinds("b" * 12))
    folder = tmp_path / "copied" / "elsewhere"
    folder.mkdir(parents=True)
    stress_page.write(folder, "stress", content)
    assert "report.html" not in (folder / "stress.html").read_text()
    (folder / "report.html").write_text("")
    beside = tmp_path / "made" / ("b" * 12)
    beside.mkdir(parents=True)
    (beside / "report.html").write_text("")
    stress_page.write(folder, "stress", content)
    text = (folder / "stress.html").read_text()
    assert 'href="./report.html"' in text
    assert f'href="./../../made/{"b" * 12}/report.html"' in text
