"""The data cards as data for the page."""

from reports.data_cards import card_of, data_cards
from reports.layouts.results import SPACES


def test_a_card_is_sentences_and_a_table():
    text = (
        "- one\n- two | not a row\n\n| label | r (n) |\n|---|---|\n| loss | 0.87 (100) |\n| params, for comparison | |"
    )
    card = card_of("a space", text)
    assert card.lines == ("one", "two | not a row")
    assert card.head == ("label", "r (n)")
    assert card.rows == (("loss", "0.87 (100)"), ("params, for comparison", ""))


def test_every_space_has_a_card_or_a_reason():
    cards = data_cards()
    assert [card.label for card in cards] == list(SPACES.values())
    for card in cards:
        assert bool(card.lines) != bool(card.missing)
    assert any("measured rows" in line for line in cards[0].lines)
    assert "accuracy" in {row[0] for row in cards[0].rows}
