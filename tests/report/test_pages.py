"""Pages as people open them: in a browser, on a phone, in the dark, by keyboard, without a network."""

import re

import pytest

from fusion.report import ablation_page, index_page, result_page, search_page, stress_page
from fusion.report.pages import GENERATOR, write_own
from fusion.report.warning_words import explained, warning_words
from fusion.result import listing
from fusion.studies.stress_summary import compare_stress
from tests.support.ablations import made_up as made_up_ablation
from tests.support.browser import WIDTHS, chromium, hindrances, opened, overflow
from tests.support.results import made_up_result
from tests.support.stress import of_kinds


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A folder with a page of each kind, by name."""
    top = tmp_path_factory.mktemp("pages")
    for name, several in (("one", False), ("several", True)):
        folder = top / name / "0123456789ab"
        result_page.write(folder, *made_up_result(folder, several=several))
    ablated = tmp_path_factory.mktemp("ablated")
    ablation_page.write(ablated, made_up_ablation("all"))
    trial = {"status": "COMPLETED", "values": {"model.dropout": 0.1}, "folds": [], "seconds": 3.0, "error": ""}
    trials = [{**trial, "number": number, "score": score} for number, score in enumerate((0.5, 0.7, None))]
    search = {"trials": 2, "folds": 2, "tuner": "random", "objective": "accuracy", "seed": 1}
    search_page.write(top, "one", {**search, "space": {"model.dropout": {}}}, trials, trials[1], {})
    kinds = ("noise", "invert", "resample", "level")
    first, second = of_kinds("a" * 12, chosen=kinds), of_kinds("b" * 12, 1.6, kinds)
    stress_page.write(top, "stress-both", compare_stress(first, second))
    rows, _ = listing.list_results(top)
    index_page.write_index(top, rows, *listing.differences(rows), listing.PAGES)
    return {
        "result": top / "one" / "0123456789ab" / "report.html",
        "several": top / "several" / "0123456789ab" / "report.html",
        "ablation": ablated / "ablation.html",
        "search": top / "report.html",
        "index": top / "index.html",
        "stress": top / "stress-both.html",
    }


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


KINDS = ("result", "several", "ablation", "search", "index", "stress")


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_fits_every_screen_and_hinders_nobody(browser, pages, kind):
    for width in WIDTHS:
        with opened(browser, pages[kind], width) as tab:
            assert overflow(tab) == 0, width
            if width == WIDTHS[0]:
                assert hindrances(tab) == []
    with opened(browser, pages[kind], dark=True) as tab:
        assert hindrances(tab) == []


def test_a_click_on_a_cell_lists_its_clips_and_they_can_be_heard(browser, pages):
    with opened(browser, pages["result"]) as tab:
        cell = tab.get_by_role("button", name="bass taken for flute")
        cell.first.focus()
        tab.keyboard.press("Enter")
        assert cell.first.get_attribute("aria-pressed") == "true"
        place = tab.locator("#cell")
        assert place.locator("h3").inner_text() == "bass taken for flute"
        names = place.locator("li strong").all_inner_texts()
        assert names
        assert all(name.startswith("part/bass_") for name in names)
        player = place.locator("audio").first
        player.evaluate("player => player.play()")
        tab.wait_for_function("document.querySelector('#cell audio').currentTime > 0.1", timeout=10_000)
        assert 1.4 < player.evaluate("player => player.duration") < 1.7
        assert place.locator("img").first.evaluate("picture => picture.naturalHeight") > 30


def test_a_column_sorts_by_its_numbers_either_way(browser, pages):
    with opened(browser, pages["ablation"]) as tab:
        heading = tab.locator("th", has_text="accuracy").first
        first = tab.locator("table").first.locator("tbody tr td:nth-child(2)")
        for direction in ("ascending", "descending"):
            heading.locator("button").click()
            assert heading.get_attribute("aria-sort") == direction
            values = [float(text.split()[0]) for text in first.all_inner_texts()]
            assert values == sorted(values, reverse=direction == "descending")
            assert len(values) == 31


def test_dates_are_no_numbers(browser, pages):
    with opened(browser, pages["index"]) as tab:
        place = [text.strip() for text in tab.locator("thead th").all_inner_texts()].index("date")
        dates = ["2026-11-28", "2026-01-03"]
        tab.evaluate(
            """([place, dates]) => document.querySelectorAll("tbody tr").forEach(
                (row, number) => { row.cells[place].textContent = dates[number]; })""",
            [place, dates],
        )
        for order in (sorted(dates), sorted(dates, reverse=True)):
            tab.locator("thead th").nth(place).locator("button").click()
            assert tab.locator(f"tbody tr td:nth-child({place + 1})").all_inner_texts() == order


def test_the_index_is_filtered_by_words(browser, pages):
    with opened(browser, pages["index"]) as tab:
        field = tab.get_by_label("Show results with")
        field.fill("several micro")
        shown = [row for row in tab.locator("tbody tr").all() if row.is_visible()]
        assert [row.locator("a").first.inner_text() for row in shown] == ["several"]
        assert tab.locator("output").inner_text() == "1 of 2"
        field.fill("")
        assert all(row.is_visible() for row in tab.locator("tbody tr").all())
        tab.locator("tbody a").first.click()
        tab.wait_for_url("**/one/0123456789ab/report.html")


def test_the_page_of_a_large_result_is_small_and_fits_paper(browser, tmp_path):
    folder = tmp_path / "large" / "0123456789ab"
    classes = tuple(["cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi"])
    result_page.write(folder, *made_up_result(folder, 2874, classes))
    page = folder / "report.html"
    assert page.stat().st_size < 5_000_000
    with opened(browser, page) as tab:
        assert tab.locator("#mistakes ~ ul.cards li audio").count() == 12
    with opened(browser, page, width=794) as tab:  # A4
        tab.emulate_media(media="print")
        assert overflow(tab) == 0
        assert not tab.locator("audio").first.is_visible()


def test_groups_that_the_start_knows_are_not_called_unknown(tmp_path):
    folder = tmp_path / "r" / "0123456789ab"
    metrics, files = made_up_result(folder)
    metrics["warnings"].append("shared-groups: 3 of 9 test instruments (9 clips) are also in validation")

    def page():
        result_page.write(folder, metrics, files)
        return re.sub(r"<[^>]+>", "", (folder / "report.html").read_text())

    text = page()
    assert ", all of unknown instruments" in text
    assert "all of instruments that it never heard" in text
    metrics["warnings"].append(
        "shared-groups: 3 of 9 were in the training data of the networks that this result starts from (x)"
    )
    text = page()
    assert "unknown instruments;" not in text
    assert "that it never heard" not in text
    assert "that it has trained on" not in text


def test_a_page_says_what_came_out_and_escapes_what_others_wrote(pages):
    text = pages["result"].read_text()
    answer = re.sub(r"<[^>]+>", "", text.split('class="verdict">')[1].split("</div>")[0])
    assert re.search(r"recognises \d+\.\d\xa0% \[\d.*\] of 60 test clips, all of unknown instruments", answer)
    assert "the best reference, SVM (RBF), 50.0\xa0% [45.0, 55.0]." in answer
    assert "The difference of +10.0 points [-2.0, +20.0] is not shown to be more than chance (p = .20" in answer
    assert "<b>SVM</b>" not in text
    assert "&lt;b&gt;SVM&lt;/b&gt;" in text
    assert not re.search(r'(?:src|href)="(?!data:|#|https://fusion-mir)', text)
    for word in (
        "training.epochs",
        "features.mfcc.n_mfcc",
        "The networks have learnt something. 1 of 2 trainings was still improving at the end: more epochs may help.",
        "2026-01-02",
        "<td>67\xa0%</td>",
    ):
        assert word in text
    assert "95 % of F1" not in text  # no class has an interval


def test_a_warning_opens_what_it_means_and_what_to_do(browser, pages):
    with opened(browser, pages["result"]) as tab:
        warnings = tab.get_by_role("list", name="Warnings")
        means = warnings.get_by_text("The network is not shown to be above a simple reference method")
        assert not means.is_visible()
        warnings.get_by_role("listitem").filter(has_text="below-reference").get_by_text("What it means").click()
        assert means.is_visible()
        assert warnings.get_by_text("another feature, model.sequences: pooled or a search may change it").is_visible()


def test_explanations_have_no_links_and_no_markdown_and_a_strangers_word_has_none():
    assert explained("<b>own</b>") == []
    for word in warning_words():
        assert len(explained(word)) == 2
        assert not re.search(r"[\[`]|\]\(", " ".join(explained(word)))


def test_an_index_does_not_replace_what_is_someone_elses(tmp_path):
    page = tmp_path / "index.html"
    write_own(page, f"{GENERATOR} one", GENERATOR)
    write_own(page, f"{GENERATOR} two", GENERATOR)
    assert page.read_text().endswith("two")
    page.write_text("my page")
    with pytest.raises(Exception, match=r"index\.html: is there already, and fusion did not make it"):
        write_own(page, f"{GENERATOR} three", GENERATOR)
    assert page.read_text() == "my page"
