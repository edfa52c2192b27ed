"""The invented population: a roster of 20,000 and more with namesakes, twins, Jr/Sr, former names.

Names repeat as in a small county, numbers are given out densely, so that one wrong digit
mostly names somebody else. Everything follows from family and seed.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

COLUMNS = (
    "mrn",
    "last",
    "first",
    "middle",
    "suffix",
    "sex",
    "dob",
    "ssn4",
    "phone",
    "address",
    "city",
    "state",
    "zip",
    "prior_names",
    "aliases",
)

_SURNAMES = {
    "A": """Abernathy Adkins Ainsworth Albright Amundsen Applegate Arbogast Bachman Bagley Barksdale
Bascom Baumgartner Beasley Bechtel Bellamy Benning Birdsong Blankenship Bledsoe Boatwright Bohannon
Brandenburg Braswell Brickhouse Bridger Brumfield Buckner Burkhalter Caldwell Cantrell Carmody
Castleberry Chadwick Chisholm Clevenger Cockrell Colquitt Conklin Covington Crabtree Crenshaw Culpepper
Dandridge Darnell Delacroix Dempsey Dillard Dockery Dowdy Driscoll Dunaway Eastman Edgerton Eldridge
Ellington Fairchild Falkner Farrow Fenwick Fitzhugh Foxworth Gaines Galbraith Garrity Gentry Gilliam
Goforth Gossett Greathouse Grubbs Hackett Halvorsen Hargrove Harlan Hatcher Hawthorne Heflin Hendershot
Hightower Hollis Holcomb Huffman Ingersoll Isbell Jernigan Kellogg Kimbrough Kirkland Knapp Kuykendall
Lachance Ledbetter Lindqvist Lockhart Lovelace Lundgren Maddox Mansfield Mayfield McAllister McBride
McClendon McCracken McElroy McFadden McIntyre Merriweather Millsap Mobley Montague Nesbitt Newsome
Norwood Oakley Oglesby Overstreet Pendergrass Pettigrew Pickering Plunkett Poindexter Prescott Quarles
Rainey Ransom Redmond Ridgeway Rutledge Satterfield Schofield Shackelford Singletary Slaughter Smathers
Stallings Stockton Strickland Summerlin Swearingen Tatum Thackeray Thornhill Tidwell Tolliver Trammell
Upchurch Vandiver Varnadore Wadsworth Weatherby Westmoreland Whitaker Whitlock Wickham Wooten Yarbrough
Younger Zeigler Zimmer""",
    "B": """Achterberg Ashworth Atherton Baines Banerjee Barraclough Beaumont Beckwith Begum Bhatt
Birtwistle Bostock Bracegirdle Braithwaite Broadbent Bulmer Byrne Cadwallader Callaghan Cartwright
Castellano Chakraborty Chaudhry Clegg Cockburn Connolly Cordova Crowther Cusack Dacosta Dalgleish
De-Souza Delahunty Devereux Dhillon Dimitriou Donnelly Dunleavy Eastwood Ecclestone Elphick Entwistle
Esposito Fairhurst Featherstone Fernandes Figueroa Fitzgerald Flaherty Fothergill Gallagher Garside
Giannakis Gilchrist Goodfellow Greenhalgh Gutierrez Hardcastle Haworth Heaney Hebblethwaite Higginbotham
Holroyd Hosseini Houlihan Iqbal Jaworski Kamara Kavanagh Kershaw Kowalczyk Lacey Lindsay Lobo Loughran
Lumsden MacDonald MacKenzie Mahoney Marchetti Mbeki McCaffrey McGowan McSherry Mendonca Micklethwait
Mistry Moynihan Murgatroyd Nakamura Nguyen Novak Nuttall O'Brien O'Connor O'Dowd O'Neill Okafor Oldroyd
Olivares Ormerod Osgood Paczkowski Pankhurst Papadakis Patel Peppiatt Petrov Pickles Quigley Quintero
Ramsbottom Rattigan Redfern Rigby Rosario Rushworth Salazar Sandoval Scanlon Sedgwick Shah Sheehan
Shuttleworth Siddiqui Sidebottom Silva Singh Sorensen Stubbs Sugden Sutcliffe Szymanski Tattersall
Thistlewood Tomlinson Tran Trelawney Unsworth Urquhart Valenzuela Van-Dyke Villanueva Wainwright
Walmsley Warburton Whitehead Wigglesworth Winterbottom Wolstenholme Worthington Yamamoto Yeung Zielinski""",
}
_STEMS = {
    "A": "Ald Bar Beck Birch Brack Cal Cran Dun Ever Farn Gar Glen Hal Harb Hol Kel Kirk Lang Lin Mar Mill "
    "Nor Oak Pem Rad Ross Sand Shel Stan Thorn Wald West",
    "B": "Alder Ash Bram Brigh Carl Chel Cop Cros Dar Den Eas Elm Fen Gris Hamp Hart Hed Ken Lam Leigh "
    "Lock Mor Nether Pick Raven Rush Sal Sel Tarn Thir Wen Whit",
}
_ENDS = {
    "A": "berg brook bury combe croft dale den er field ford gate ham hart house hurst land ley man meyer "
    "mire more ridge sen son stead stone strom ton vale wald well wick wood worth",
    "B": "beck bourne bridge burn by cliff cote cott don dyke ett fell garth ham hill holme ing lake ley "
    "low man mouth sall shaw side skill sley stall ster stow thorpe thwaite ton tree wade wall water "
    "worth",
}
"""Rarer surnames are put together from these."""
_MEN = {
    "A": """James Robert Willard Homer Clarence Leroy Floyd Chester Otis Virgil Luther Roscoe Percy
Elmer Harvey Wendell Norman Glenn Dwight Curtis Marvin Lonnie Terry Randall Gregory Douglas Bruce Keith
Darrell Wesley Travis Dustin Cody Brandon Tyler Jordan Calvin Edgar Irving Milton""",
    "B": """John Patrick Gerald Desmond Cyril Reginald Stanley Wilfred Trevor Nigel Clive Graham Malcolm
Duncan Alistair Rory Declan Sean Liam Connor Mateo Carlos Rafael Luis Imran Arjun Sanjay Kwame Stefan
Tomasz Giles Rupert Barnaby Oliver Lewis Callum Dermot Francis Hugh Angus""",
}
_WOMEN = {
    "A": """Mary Ethel Gladys Hazel Bernice Lucille Opal Thelma Verna Maxine Wilma Loretta Peggy Glenda
Rhonda Connie Sheila Darlene Yvonne Marcia Denise Tammy Melinda Crystal Amber Brittany Kayla Savannah
Eunice Myrtle Geraldine Jolene Charlene Rosalie Estelle Winifred Harriet Mabel Dorothy Lorraine""",
    "B": """Margaret Doreen Muriel Edna Beryl Hilda Phyllis Maureen Sheelagh Bridget Siobhan Aoife Niamh
Fiona Morag Catriona Gillian Hazel Imelda Josefina Guadalupe Marisol Lucia Fatima Ayesha Priya Anjali
Amara Zofia Katarzyna Philippa Rosamund Tamsin Poppy Daisy Ellen Kathleen Nora Sinead Teresa""",
}
_NICK = {
    "James": "Jim",
    "Robert": "Bob",
    "Clarence": "Buddy",
    "Gregory": "Greg",
    "Douglas": "Doug",
    "Mary": "Molly",
    "Geraldine": "Gerri",
    "Lucille": "Lucy",
    "Dorothy": "Dot",
    "Loretta": "Lori",
    "Melinda": "Mindy",
    "John": "Jack",
    "Patrick": "Paddy",
    "Gerald": "Gerry",
    "Francis": "Frank",
    "Margaret": "Peggy",
    "Bridget": "Bridie",
    "Kathleen": "Kath",
    "Ellen": "Nell",
    "Teresa": "Terri",
    "Reginald": "Reg",
    "Wilfred": "Wilf",
    "Josefina": "Josie",
}
_TOWNS = {
    "A": (
        ("Cutler Bend", "KY", "410"),
        ("Millhaven", "KY", "411"),
        ("Old Forge Landing", "TN", "381"),
        ("Sparrow Creek", "TN", "382"),
        ("Tarpley", "KY", "412"),
    ),
    "B": (
        ("East Harbury", "MA", "019"),
        ("Wexcombe", "MA", "018"),
        ("Port Ellery", "ME", "045"),
        ("Saltmarsh", "NH", "038"),
        ("Dunmore Falls", "MA", "017"),
    ),
}
_ROADS = {
    "A": (
        "Persimmon Ln",
        "Old Mill Rd",
        "Walnut St",
        "Ferry Rd",
        "County Road 12",
        "Depot St",
        "Locust Ave",
        "Quarry Rd",
        "Sycamore Dr",
        "Church St",
    ),
    "B": (
        "Harbour Street",
        "Chapel Row",
        "Tannery Lane",
        "Whitby Avenue",
        "Quay Road",
        "Beacon Terrace",
        "Mariner Close",
        "Priory Court",
        "Orchard Way",
        "Lantern Hill",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One patient as the roster has them; `kin` names what makes them easy to mistake."""

    mrn: str
    last: str
    first: str
    middle: str = ""
    suffix: str = ""
    sex: str
    dob: dt.date
    ssn4: str
    phone: str
    address: str
    city: str
    state: str
    zip: str
    prior_names: str = ""
    aliases: str = ""
    kin: frozenset[str] = field(default_factory=frozenset)

    def row(self) -> dict[str, str]:
        """The roster's line."""
        values = {column: getattr(self, column) for column in COLUMNS}
        return {**values, "dob": self.dob.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Everybody registered, and draws of people who are not."""

    family: str
    people: tuple[Person, ...]
    by_mrn: dict[str, Person]
    same_name: dict[tuple[str, str], tuple[Person, ...]]

    def namesakes(self, person: Person) -> tuple[Person, ...]:
        """Others with the same first and last name."""
        return tuple(p for p in self.same_name.get((person.last, person.first), ()) if p.mrn != person.mrn)

    def stranger(self, rng: random.Random, like: Person | None = None) -> Person:
        """Somebody the hospital does not know; `like` gives the name of one it does."""
        person = _draw(rng, self.family, self.free_number(rng))
        if like is not None:
            shift = rng.choice((-10, -1, 1, 7, 10, 12))
            year = min(like.dob.year + shift, 2004)
            person = replace(
                person,
                last=like.last,
                first=like.first,
                sex=like.sex,
                dob=like.dob.replace(year=year, day=min(like.dob.day, 28)),
            )
        taken = {p.dob for p in self.same_name.get((person.last, person.first), ())}
        while person.dob in taken:
            person = replace(person, dob=person.dob + dt.timedelta(days=37))
        return person

    def free_number(self, rng: random.Random) -> str:
        """A number of the right shape that nobody has."""
        while True:
            number = _number(self.family, rng.randrange(10_000, 60_000), rng.random() < 0.5)
            if number not in self.by_mrn:
                return number


def population(family: str, seed: int, size: int = 20_400) -> Population:
    """The people of a family; 20,400 unless told otherwise."""
    rng = random.Random(f"people {family} {seed}")
    people: list[Person] = []
    place = 10_000
    while len(people) < size:
        place += rng.choice((1, 1, 1, 2, 3))
        person = _draw(rng, family, _number(family, place, place > 24_000))
        people.append(person)
        if rng.random() < 0.06:
            place += 1
            people.append(_relative(rng, family, person, _number(family, place, place > 24_000)))
    people = _mark_kin(people)
    same: dict[tuple[str, str], list[Person]] = {}
    for person in people:
        same.setdefault((person.last, person.first), []).append(person)
    return Population(
        family=family,
        people=tuple(people),
        by_mrn={p.mrn: p for p in people},
        same_name={key: tuple(found) for key, found in same.items()},
    )


def write_roster(path: Path, people: Iterable[Person]) -> None:
    """The CSV that the product imports."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(person.row() for person in people)


def _number(family: str, place: int, is_late: bool) -> str:
    if family == "A":
        return f"{1_040_000 + place * 3 // 2:07d}"
    return f"W{400_000 + place:07d}" if is_late else f"00{310_000 + place:06d}"


def _skewed(rng: random.Random, words: list[str]) -> str:
    """Few names are frequent, many are rare."""
    return words[int(len(words) * rng.random() ** 2.2)]


def _surname(rng: random.Random, family: str) -> str:
    if rng.random() < 0.35:
        return _skewed(rng, _SURNAMES[family].split()).replace("-", " ")
    return rng.choice(_STEMS[family].split()) + rng.choice(_ENDS[family].split())


def _draw(rng: random.Random, family: str, mrn: str) -> Person:
    sex = rng.choice("MF")
    first = _skewed(rng, (_MEN if sex == "M" else _WOMEN)[family].split())
    last = _surname(rng, family)
    prior = ""
    if sex == "F" and rng.random() < 0.3:
        prior = f"{_surname(rng, family)}, {first}"
    city, state, zip3 = rng.choice(_TOWNS[family])
    nick = _NICK.get(first, "") if rng.random() < 0.3 else ""
    return Person(
        mrn=mrn,
        last=last,
        first=first,
        middle=rng.choice("ABCDEFGHJKLMNPRSTVW") if rng.random() < 0.75 else "",
        sex=sex,
        dob=dt.date(1918, 1, 1) + dt.timedelta(days=int(31_000 * rng.random() ** 0.8)),
        ssn4=f"{rng.randrange(10_000):04d}",
        phone=f"({rng.randrange(201, 989)}) 555-{rng.randrange(10_000):04d}",
        address=f"{rng.randrange(2, 4800)} {rng.choice(_ROADS[family])}",
        city=city,
        state=state,
        zip=f"{zip3}{rng.randrange(100):02d}",
        prior_names=prior,
        aliases=nick,
    )


def _relative(rng: random.Random, family: str, person: Person, mrn: str) -> Person:
    """A twin, a son of the same name, a namesake born close by, or the same name and birth date."""
    kind = rng.choice(("twin", "junior", "near", "near", "same"))
    other = replace(_draw(rng, family, mrn), last=person.last)
    if kind == "twin":
        names = [n for n in (_MEN if other.sex == "M" else _WOMEN)[family].split() if n != person.first]
        first = min(rng.sample(names, 8), key=lambda n: (n[0] != person.first[0], n))
        return replace(
            other,
            first=first,
            dob=person.dob,
            address=person.address,
            city=person.city,
            aliases="",
            state=person.state,
            zip=person.zip,
            phone=person.phone,
        )
    dob = person.dob
    if kind == "junior" and person.sex == "M" and dob.year < 1975:
        dob = dob.replace(year=dob.year + rng.randrange(20, 29), day=rng.randrange(1, 28))
        return replace(
            other,
            first=person.first,
            middle=person.middle,
            suffix="Jr",
            sex="M",
            dob=dob,
            prior_names="",
            aliases="",
            address=person.address,
            city=person.city,
            state=person.state,
            zip=person.zip,
            phone=person.phone,
        )
    if kind != "same":
        dob = (
            dob.replace(day=dob.month, month=dob.day)
            if dob.day <= 12 != dob.month
            else dob.replace(year=dob.year + 1, day=min(28, dob.day))
        )
    return replace(other, first=person.first, sex=person.sex, dob=dob, prior_names="", aliases="")


def _mark_kin(people: list[Person]) -> list[Person]:
    names: dict[tuple[str, str], list[Person]] = {}
    births: dict[tuple[str, dt.date], int] = {}
    for person in people:
        names.setdefault((person.last, person.first), []).append(person)
        births[person.last, person.dob] = births.get((person.last, person.dob), 0) + 1
    out = []
    for person in people:
        kin, others = set(), [p for p in names[person.last, person.first] if p is not person]
        if others:
            kin.add("namesake")
        if any(p.dob == person.dob for p in others):
            kin.add("same_name_and_dob")
        if births[person.last, person.dob] > 1 and "same_name_and_dob" not in kin:
            kin.add("twin")
        if any((p.suffix == "Jr") != (person.suffix == "Jr") and p.middle == person.middle for p in others):
            kin.add("jr_sr")
        out.append(replace(person, kin=frozenset(kin)))
    return out
