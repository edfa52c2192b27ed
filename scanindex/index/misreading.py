"""How likely a reader sees one word as another: weighted edits. Pure.

The weights come from pairs of printed and read words of Tesseract 5 on worn pages
(`benchmarks/search_recall.py learn`): an edit costs 1, one that readers often make less.
`shape` is the coarser view that decides under which beginnings an entry is listed:
letters that are taken for each other one to one are one letter there.
"""

from __future__ import annotations

from collections.abc import Mapping

_LEARNT: tuple[tuple[float, str], ...] = (
    (0.5, "f>t g>y l>i ni>m ri>n rn>m y>v yc>ve yl>vi z>e z>s"),
    (0.6, "a>e b>h c>e f>p g>e g>q im>un l>t li>h m>a m>n mi>nu o>a o>e x>4"),
    (0.7, "0>o 1>i 1>l 2>z 5>s 8>b 9>g b>8 b>p cl>d d>o g>9 h>i h>n i> ic>e ii>u in>m k>h l> l>1 m>ni m>s"),
    (0.7, "n>m o>0 o>c o>u r>i s>5 s>e vv>w z>2"),
    (0.8, "b>d c>o d>c d>u e>c f>i f>l g>a h> h>b i>l i>t m>e m>in n>r n>u p>n r>t s>a t> t>i t>p ti>n"),
    (0.8, "ti>u u>a u>i w>v"),
    (0.9, "a>i a>s a>u c> c>g e>o h>t i>1 i>a i>r l>f l>j m> m>i m>rn n> n>a n>h n>i n>s o>v r> r>e s> s>n"),
    (0.9, "t>c t>l u>v y>"),
)
COSTS: Mapping[tuple[str, str], float] = {
    (pair.partition(">")[0], pair.partition(">")[2]): cost
    for cost, pairs in _LEARNT
    for pair in pairs.split()
}
"""(printed, read) to what that costs; whatever is not listed costs a whole edit a character."""
EDIT, CHEAPEST = 1.0, 0.5
_SHAPE = str.maketrans("l1jf05829q", "iiitosbzgg")


def shape(token: str) -> str:
    """The token with letters and digits of one form as one letter; as long as the token."""
    return token.translate(_SHAPE)


def cost(printed: str, read: str, limit: float) -> float:
    """Weighted edits that make `read` of `printed`; anything above `limit` where that is passed."""
    printed, read = _without_common_ends(printed, read)
    if not printed or not read:
        return EDIT * (len(printed) + len(read))
    band = int(limit) + 2
    rows: list[list[float]] = []
    for i in range(len(printed) + 1):
        row = [limit + 1] * (len(read) + 1)
        for j in range(max(0, i - band), min(len(read), i + band) + 1):
            row[j] = _cheapest(printed, read, i, j, rows, row)
        rows.append(row)
        if min(row) > limit and (i == 0 or min(rows[i - 1]) > limit):
            return limit + 1
    return rows[-1][-1]


def _cheapest(p: str, r: str, i: int, j: int, rows: list[list[float]], row: list[float]) -> float:
    if i == 0:
        return EDIT * j
    best = rows[i - 1][j] + COSTS.get((p[i - 1], ""), EDIT)
    if j == 0:
        return best
    one = 0.0 if p[i - 1] == r[j - 1] else COSTS.get((p[i - 1], r[j - 1]), EDIT)
    best = min(best, row[j - 1] + EDIT, rows[i - 1][j - 1] + one)
    for a, b in ((2, 1), (1, 2), (2, 2), (3, 1), (1, 3)):
        if a <= i and b <= j:
            known = COSTS.get((p[i - a : i], r[j - b : j]))
            if known is not None:
                best = min(best, rows[i - a][j - b] + known)
    return best


def _without_common_ends(a: str, b: str) -> tuple[str, str]:
    start, least = 0, min(len(a), len(b))
    while start < least and a[start] == b[start]:
        start += 1
    end = 0
    while end < least - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return a[start : len(a) - end], b[start : len(b) - end]
