"""Thinking inside of a text, however the text is cut."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ollamaproxy.translate.think_tags import ThinkTagSplitter
from tests.case import Case

#: A whole text, and the thinking and the text in it.
TEXTS = (
    ("Yes", "", "Yes"),
    ("<think>Hm</think>Yes", "Hm", "Yes"),
    (" \n<think>\nHm \n</think>\n\nYes\n", "Hm", "Yes\n"),
    ("<think></think>Yes", "", "Yes"),
    ("<think>Hm", "Hm", ""),
    ("<think>Hm</thi", "Hm</thi", ""),
    ("<think>a </th b</think>c", "a </th b", "c"),
    ("<think>Hm</think>", "Hm", ""),
    ("<think>Hm</think>\n ", "Hm", ""),
    ("<thi", "", "<thi"),
    ("  ", "", "  "),
    ("", "", ""),
    ("<thinking>a</thinking>", "", "<thinking>a</thinking>"),
    ("Use <think>tags</think>.", "", "Use <think>tags</think>."),
    ("<think>a</think>b<think>c</think>", "a", "b<think>c</think>"),
)

pieces = st.lists(st.sampled_from(["<think>", "</think>", "<", "</th", "ink>", " ", "\n", "a"]))


def split(parts: list[str]) -> tuple[str, str]:
    splitter = ThinkTagSplitter()
    told = [splitter.split(part) for part in parts]
    told.append(splitter.rest())
    return "".join(thinking for thinking, _ in told), "".join(text for _, text in told)


class Tags(Case):
    def test_whole(self) -> None:
        """Thinking at the start is told from text, and the blanks around the tags go."""
        for whole, thinking, text in TEXTS:
            self.assertEqual(split([whole]), (thinking, text), whole)

    def test_cut_anywhere(self) -> None:
        """It does not matter where a text is cut in two, or that it comes letter by letter."""
        for whole, thinking, text in TEXTS:
            for at in range(len(whole) + 1):
                self.assertEqual(split([whole[:at], whole[at:]]), (thinking, text), whole)
            self.assertEqual(split(list(whole)), (thinking, text), whole)

    @settings(deadline=None, max_examples=300)
    @given(pieces)
    def test_any_pieces(self, parts: list[str]) -> None:
        """Any pieces give what the whole gives."""
        self.assertEqual(split(parts), split(["".join(parts)]))

    @settings(deadline=None, max_examples=200)
    @given(st.lists(st.text()))
    def test_text_survives(self, parts: list[str]) -> None:
        """A text that does not begin with the tag comes out as it went in."""
        whole = "".join(parts)
        if not whole.lstrip().startswith("<think>"):
            self.assertEqual(split(parts), ("", whole))

    def test_settled(self) -> None:
        """Once the text has begun, nobody need ask any more."""
        splitter = ThinkTagSplitter()
        self.assertFalse(splitter.settled)
        splitter.split("Yes")
        self.assertTrue(splitter.settled)
