"""Search in Chinese: Sphinx' own finds words only where a dictionary of them is installed.

A run of Chinese characters is cut into every two that stand side by side, on the page and in what is
searched for alike: 深度卷积 is 深度, 度卷, 卷积, and a page must have all three.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx
from sphinx.search import languages
from sphinx.search.en import SearchEnglish

RUN = r"[\u3400-\u9fff]+"
WORDS = re.compile(rf"{RUN}|[A-Za-z0-9_]+")


class SearchBigrams(SearchEnglish):
    """Words of the Latin alphabet as in English, Chinese in pairs of characters."""

    lang = "zh"
    language_name = "English"  # whose stemmer the page loads, for words of the Latin alphabet
    js_splitter_code = r"""
var splitQuery = (query) =>
  (query.match(/[\u3400-\u9fff]+|[A-Za-z0-9_]+/g) || []).flatMap((run) =>
    /[\u3400-\u9fff]/.test(run) && run.length > 1
      ? Array.from({ length: run.length - 1 }, (_, at) => run.slice(at, at + 2))
      : [run],
  );
"""

    def split(self, input: str) -> list[str]:
        """The terms of a text."""
        terms = []
        for run in WORDS.findall(input):
            pairs = [run[at : at + 2] for at in range(len(run) - 1)]
            terms += pairs if pairs and re.match(RUN, run) else [run]
        return terms

    def word_filter(self, word: str) -> bool:
        """Whether a term is worth finding."""
        return bool(re.match(RUN, word)) or super().word_filter(word)


def setup(app: Sphinx) -> dict[str, bool]:
    """For Sphinx."""
    languages["zh"] = SearchBigrams
    languages["zh_CN"] = SearchBigrams
    return {"parallel_read_safe": True, "parallel_write_safe": True}
