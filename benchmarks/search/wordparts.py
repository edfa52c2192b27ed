"""Parts from which rare words, brands and names are put together. Imports nothing of the product."""

from __future__ import annotations


def listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace("\n", " ").split("|") if part.strip())


STEMS = listed(
    """aden|angi|arthr|ather|audi|bronch|carcin|cardi|cephal|cerebr|chol|chondr|col|cost|crani|cyst|cyt|
    dermat|duoden|encephal|enter|erythr|esophag|fibr|gastr|gingiv|glomerul|gloss|hem|hepat|hist|hyster|ile|
    jejun|kerat|labyrinth|lapar|laryng|leuk|lip|lith|lymph|mamm|mast|melan|mening|metr|my|myel|nas|nephr|neur|
    ocul|onych|oophor|ophthalm|orch|oste|ot|pancreat|pharyng|phleb|pleur|pneum|proct|prostat|psych|pyel|ren|
    retin|rhin|salping|sarc|scler|sial|sigmoid|splen|spondyl|staphyl|stomat|tendin|thorac|thromb|thyr|tonsill|
    trache|tympan|ureter|urethr|urin|uter|vagin|vascul|ven|ventricul|vertebr|vesic|viscer"""
)
FRONTS = listed(
    """|a|ante|anti|auto|bi|brady|contra|dys|ecto|endo|epi|extra|hemi|hyper|hypo|infra|inter|intra|iso|macro|mega|
    micro|mono|multi|neo|oligo|pan|para|peri|poly|post|pre|pseudo|retro|semi|sub|supra|tachy|trans|tri|ultra"""
)
BACKS = listed(
    """itis|oma|osis|ectomy|otomy|ostomy|oscopy|ography|ogram|algia|opathy|oplasty|orrhaphy|orrhea|orrhagia|
    omegaly|oid|ogenic|otropic|olysis|ocele|oma|omatous|itic|otic|oscopic|ographic|opathic|ectomies|ostomies|
    ology|ologic|ologist|iasis|emia|uria|openia|oplegia|otoxic|odynia|optosis|ostenosis|al|ar|ic|ous|ectasia"""
)
BRAND_STARTS = listed(
    "zan|pro|lex|vio|tri|nor|cel|alt|ben|dor|flu|gla|kep|lum|mev|oxi|pax|rem|sel|tor|ult|ver|xan|zor"
)
BRAND_MIDDLES = listed("a|e|i|o|ta|li|ro|ne|pi|du|ma|ce|fe|to|vi|xa|ri|ba|lo|mi")
BRAND_ENDS = listed(
    "pril|olol|statin|cillin|mycin|azole|pine|done|tide|mab|zide|vir|sartan|ine|ol|ax|ex|il|um|an"
)
NAME_STARTS = listed(
    """ab|al|an|bar|bel|ber|bran|cal|car|cor|dal|del|dor|el|fal|far|fen|gal|gar|gor|hal|har|hol|in|jan|kal|kel|kor|
    lan|lar|lin|mal|mar|mel|mor|nal|nor|ol|or|par|pel|por|quin|ral|ran|rin|sal|san|sel|tal|tar|tor|ul|van|vel|wal|wen|yar"""
)
NAME_MIDDLES = listed("a|e|i|o|u|ba|de|di|ga|ko|la|le|li|ma|mo|na|ni|ra|re|ri|ro|sa|ta|ti|va|vi|||")
NAME_ENDS = listed(
    "son|man|ski|ley|ton|er|ini|berg|ova|ez|wick|worth|field|stein|gard|lund|ford|by|sen|kins|ette|ano"
)
