"""A text as the features of the type model: words, their beginnings, and pairs of neighbours.

Every number is the same word, so that values and dates teach nothing; long words also
count by their first five letters, which survives endings and many misread letters.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Mapping

_WORD = re.compile(r"[a-z]+|[0-9]+")
_STEM_FROM, _STEM = 7, 5
MAX_WORDS = 1500
"""A page has fewer; a text of a whole chart is judged by its beginning."""


def features(text: str) -> Mapping[str, float]:
    """Feature to its damped count, 1 + ln n."""
    words = ["0" if word.isdigit() else word for word in _WORD.findall(text.lower())][:MAX_WORDS]
    counts: Counter[str] = Counter(words)
    counts.update(f"{word[:_STEM]}~" for word in words if len(word) >= _STEM_FROM)
    counts.update(f"{one} {two}" for one, two in itertools.pairwise(words) if not (one == two == "0"))
    return {feature: 1 + math.log(n) for feature, n in counts.items()}
