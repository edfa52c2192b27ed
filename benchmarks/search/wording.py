"""Clinical prose by the yard: sentences of twelve specialties and a long tail of word forms.

All of it is written here or put together here; nothing comes from a corpus. Function
words, house words of records, words of one specialty and tens of thousands of rare forms
(compounds of Greek and Latin parts, invented brands, surnames, places) give document
frequencies from nearly every page to one page in a million, falling as Zipf found.
Imports nothing of the product.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

SPECIALTIES = (
    "cardiac", "lung", "abdomen", "bone", "nerve", "birth", "child", "skin", "kidney", "mind", "eye_ear",
    "blood",
)  # fmt: skip
TAIL_FORMS = 60_000
SENTENCES_PER_SPECIALTY = 2_500
GENERAL_SENTENCES = 6_000
_SLOT = re.compile(r"\{(\w+)\}")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace("\n", " ").split("|") if part.strip())


# Slots that every specialty fills from the same list.
_COMMON: Mapping[str, tuple[str, ...]] = {
    "who": _listed("the patient|this patient|she|he|the patient|the family|the mother"),
    "drug": _listed(
        """aspirin|heparin|warfarin|digoxin|furosemide|lisinopril|captopril|enalapril|metoprolol|atenolol|
        propranolol|verapamil|diltiazem|nifedipine|nitroglycerin|morphine|codeine|meperidine|acetaminophen|
        ibuprofen|naproxen|penicillin|ampicillin|amoxicillin|gentamicin|cephalexin|erythromycin|vancomycin|
        metronidazole|prednisone|hydrocortisone|insulin|glyburide|metformin|levothyroxine|phenytoin|
        carbamazepine|diazepam|lorazepam|haloperidol|amitriptyline|fluoxetine|lithium|theophylline|
        albuterol|ranitidine|cimetidine|omeprazole|docusate|potassium chloride|folic acid|iron sulfate|
        allopurinol|colchicine|methotrexate|simvastatin|lovastatin|spironolactone|hydrochlorothiazide"""
    ),
    "dose": _listed(
        "5 mg|10 mg|12.5 mg|20 mg|25 mg|40 mg|50 mg|81 mg|100 mg|250 mg|500mg|1 g|2 tablets|5 cc|10 units"
    ),
    "often": _listed(
        "daily|twice a day|b.i.d.|t.i.d.|q.i.d.|every six hours|q4h p.r.n.|at bedtime|q.h.s.|once a week"
    ),
    "day": _listed(
        "today|yesterday|this morning|last night|on admission|on discharge|two days ago|last week|"
        "overnight"
    ),
    "time": _listed(
        "one week|two weeks|three months|six months|a year|several days|48 hours|many years|ten days"
    ),
    "grade": _listed(
        "mild|moderate|severe|slight|marked|minimal|no|some|significant|occasional|persistent|early"
    ),
    "side": _listed(
        "left|right|left|right|bilateral|upper|lower|anterior|posterior|lateral|medial|proximal|distal"
    ),
    "course": _listed(
        "improved|unchanged|worse|stable|resolved|better|slightly improved|about the same|resolving"
    ),
    "test": _listed(
        """complete blood count|urinalysis|chest x-ray|electrocardiogram|sedimentation rate|blood culture|
        electrolytes|liver function tests|prothrombin time|glucose|creatinine|hemoglobin|ultrasound|
        CT scan|barium enema|bone scan|biopsy|urine culture|blood gas|thyroid panel|lipid profile"""
    ),
    "person": _listed(
        "the resident|the attending|the nurse|the surgeon|the consultant|the social worker|the therapist"
    ),
    "place": _listed(
        "the emergency room|the clinic|the ward|the operating room|the recovery room|home|"
        "the nursing home"
    ),
    "history": _listed(
        """hypertension|diabetes mellitus|smoking|alcohol use|asthma|rheumatic fever|tuberculosis|migraine|
        hypothyroidism|gout|hepatitis|pneumonia|appendectomy|tonsillectomy|hysterectomy|cholecystectomy|
        peptic ulcer disease|coronary artery disease|stroke|seizures|depression|anemia|arthritis|obesity"""
    ),
    "vital": _listed("120/80|130/70|142/88|160/95|98/60|110/64|118/76|150/90|178/102|126/82"),
    "number": tuple(str(n) for n in (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 24, 30, 36, 48, 60, 72, 90)),
}  # fmt: skip

# Per specialty: organs, findings, complaints, procedures, conditions.
_SPECIAL: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "cardiac": {
        "organ": _listed(
            "heart|aorta|left ventricle|mitral valve|coronary artery|pericardium|carotid artery|apex"
        ),
        "finding": _listed(
            "systolic murmur|gallop|irregular rhythm|ankle edema|jugular venous distention|thrill"
        ),
        "complaint": _listed(
            "chest pain|palpitations|dyspnea on exertion|orthopnea|syncope|fatigue|claudication"
        ),
        "procedure": _listed(
            "cardiac catheterization|coronary bypass|pacemaker insertion|echocardiogram|stress test"
        ),
        "condition": _listed(
            "myocardial infarction|congestive heart failure|atrial fibrillation|angina|pericarditis"
        ),
    },
    "lung": {
        "organ": _listed(
            "right upper lobe|left lower lobe|pleura|trachea|bronchus|diaphragm|hilum|chest wall"
        ),
        "finding": _listed(
            "rales|wheezing|rhonchi|pleural effusion|infiltrate|decreased breath sounds|a nodule"
        ),
        "complaint": _listed(
            "cough|sputum|shortness of breath|hemoptysis|night sweats|pleuritic pain|hoarseness"
        ),
        "procedure": _listed(
            "bronchoscopy|thoracentesis|lobectomy|chest tube placement|spirometry|tracheostomy"
        ),
        "condition": _listed(
            "pneumonia|emphysema|chronic bronchitis|pulmonary embolus|tuberculosis|pneumothorax"
        ),
    },
    "abdomen": {
        "organ": _listed(
            "liver|spleen|gallbladder|stomach|colon|small bowel|pancreas|appendix|duodenum|rectum"
        ),
        "finding": _listed(
            "rebound tenderness|guarding|hepatomegaly|ascites|a palpable mass|distention|jaundice"
        ),
        "complaint": _listed(
            "abdominal pain|nausea|vomiting|diarrhea|melena|heartburn|constipation|weight loss"
        ),
        "procedure": _listed(
            "cholecystectomy|appendectomy|splenectomy|colonoscopy|hernia repair|gastrectomy|laparotomy"
        ),
        "condition": _listed(
            "ruptured spleen|cholecystitis|appendicitis|pancreatitis|diverticulitis|duodenal ulcer"
        ),
    },
    "bone": {
        "organ": _listed(
            "femur|tibia|radius|ulna|lumbar spine|hip|knee|shoulder|ankle|wrist|clavicle|humerus"
        ),
        "finding": _listed(
            "crepitus|swelling|limited range of motion|deformity|point tenderness|an effusion|stiffness"
        ),
        "complaint": _listed(
            "low back pain|joint pain|stiffness|a fall|inability to bear weight|numbness of the foot"
        ),
        "procedure": _listed(
            "open reduction|internal fixation|hip replacement|arthroscopy|cast application|laminectomy"
        ),
        "condition": _listed(
            "fracture of the hip|osteoarthritis|rheumatoid arthritis|herniated disc|osteomyelitis"
        ),
    },
    "nerve": {
        "organ": _listed(
            "cerebellum|frontal lobe|cervical cord|optic nerve|facial nerve|temporal lobe|brain stem"
        ),
        "finding": _listed(
            "nystagmus|hemiparesis|aphasia|papilledema|tremor|an extensor plantar response|ataxia"
        ),
        "complaint": _listed(
            "headache|dizziness|seizures|weakness|double vision|memory loss|numbness|blackouts"
        ),
        "procedure": _listed(
            "lumbar puncture|craniotomy|electroencephalogram|carotid endarterectomy|myelogram"
        ),
        "condition": _listed(
            "cerebrovascular accident|multiple sclerosis|meningitis|epilepsy|parkinsonism|migraine"
        ),
    },
    "birth": {
        "organ": _listed("uterus|cervix|ovary|placenta|fundus|perineum|vagina|fallopian tube|breast"),
        "finding": _listed(
            "fetal heart tones|cervical dilatation|bleeding|ruptured membranes|a firm fundus|lochia"
        ),
        "complaint": _listed(
            "contractions|pelvic pain|spotting|absent menses|breast tenderness|decreased movement"
        ),
        "procedure": _listed(
            "cesarean section|vaginal delivery|hysterectomy|tubal ligation|amniocentesis|episiotomy"
        ),
        "condition": _listed(
            "preeclampsia|term pregnancy|ectopic pregnancy|fibroids|threatened abortion|endometriosis"
        ),
    },
    "child": {
        "organ": _listed(
            "anterior fontanelle|tympanic membrane|tonsils|umbilical stump|left ear|testes|hips"
        ),
        "finding": _listed(
            "a red throat|dehydration|a bulging drum|rash|poor weight gain|retractions|lymph nodes"
        ),
        "complaint": _listed(
            "fever|irritability|poor feeding|ear pain|croupy cough|bed wetting|vomiting after feeds"
        ),
        "procedure": _listed(
            "circumcision|tonsillectomy|immunization|myringotomy|phototherapy|well child visit"
        ),
        "condition": _listed(
            "otitis media|croup|bronchiolitis|chickenpox|failure to thrive|febrile convulsion|measles"
        ),
    },
    "skin": {
        "organ": _listed("scalp|forearm|back|groin|face|left heel|dorsum of the hand|trunk|nail bed"),
        "finding": _listed(
            "erythema|an ulcer|scaling|vesicles|a pigmented lesion|excoriations|drainage|eschar"
        ),
        "complaint": _listed("itching|a sore that does not heal|hair loss|blisters|a changing mole|burning"),
        "procedure": _listed(
            "excision of the lesion|skin graft|incision and drainage|punch biopsy|debridement"
        ),
        "condition": _listed(
            "psoriasis|cellulitis|basal cell carcinoma|contact dermatitis|second degree burn|melanoma"
        ),
    },
    "kidney": {
        "organ": _listed("left kidney|bladder|prostate|ureter|urethra|renal pelvis|scrotum|right flank"),
        "finding": _listed(
            "flank tenderness|proteinuria|an enlarged prostate|hydronephrosis|hematuria|casts"
        ),
        "complaint": _listed("dysuria|frequency|flank pain|nocturia|blood in the urine|incontinence|urgency"),
        "procedure": _listed(
            "cystoscopy|transurethral resection|nephrectomy|hemodialysis|lithotripsy|catheterization"
        ),
        "condition": _listed(
            "renal calculus|pyelonephritis|chronic renal failure|nephrotic syndrome|urinary retention"
        ),
    },
    "mind": {
        "organ": _listed("mood|affect|thought content|judgment|insight|speech|orientation|memory"),
        "finding": _listed(
            "flat affect|pressured speech|delusions|psychomotor retardation|poor eye contact|tearfulness"
        ),
        "complaint": _listed(
            "insomnia|anxiety|hopelessness|hearing voices|panic attacks|loss of appetite|agitation"
        ),
        "procedure": _listed(
            "group therapy|electroconvulsive therapy|mental status examination|detoxification"
        ),
        "condition": _listed(
            "major depression|schizophrenia|bipolar disorder|alcohol withdrawal|adjustment disorder"
        ),
    },
    "eye_ear": {
        "organ": _listed("cornea|retina|lens|macula|external canal|nasal septum|larynx|vocal cords|sinuses"),
        "finding": _listed(
            "a cataract|elevated intraocular pressure|polyps|hearing loss|conjunctival injection"
        ),
        "complaint": _listed(
            "blurred vision|ringing in the ears|nosebleeds|eye pain|vertigo|nasal obstruction"
        ),
        "procedure": _listed(
            "cataract extraction|audiogram|septoplasty|laser treatment|laryngoscopy|mastoidectomy"
        ),
        "condition": _listed(
            "glaucoma|retinal detachment|sinusitis|diabetic retinopathy|otosclerosis|conjunctivitis"
        ),
    },
    "blood": {
        "organ": _listed("bone marrow|spleen tip|cervical nodes|axilla|peripheral smear|thyroid|mediastinum"),
        "finding": _listed(
            "petechiae|pallor|enlarged nodes|blasts|thrombocytopenia|a low platelet count|bruises"
        ),
        "complaint": _listed(
            "easy bruising|weakness|fevers|a lump in the neck|bleeding gums|bone pain|sweats"
        ),
        "procedure": _listed(
            "transfusion of packed cells|bone marrow aspiration|chemotherapy|radiation|plasmapheresis"
        ),
        "condition": _listed(
            "acute leukemia|lymphoma|iron deficiency anemia|multiple myeloma|hemophilia|metastases"
        ),
    },
}  # fmt: skip

_ABOUT_THE_CASE = _listed(
    """{who} was seen in {place} {day} because of {complaint} for {time}.|
    {who} complains of {complaint} and {complaint} for the past {time}.|
    There is {grade} {finding} over the {organ}.|
    Examination of the {organ} shows {grade} {finding} without other abnormality.|
    The {organ} is normal in size; there is no {finding}.|
    Impression: {condition}, {course}.|
    Diagnosis: {condition}. Rule out {condition}.|
    {who} has a known history of {condition} and of {history}.|
    {procedure} was performed {day} under general anesthesia without complication.|
    Plan: {procedure} in {time}, then return to {place}.|
    The risks and benefits of {procedure} were explained and {who} agreed to proceed.|
    The {side} {organ} was identified, dissected free and inspected; {finding} was found.|
    {complaint} has {course} since {drug} {dose} {often} was started.|
    Admitted from {place} with {complaint}, {complaint} and {finding}.|
    {test} {day} was consistent with {condition}.|
    Postoperative course after {procedure} was uneventful except for {grade} {complaint}.|
    No evidence of {condition} at this time, but {grade} {finding} remains.|
    Specimen from the {organ}, {number} mm, submitted in formalin: {condition}.|
    Follow up of {condition}: {complaint} is {course}, {finding} is {course}.|
    The {organ} was closed in layers and the sponge count was correct.|
    Second opinion about {procedure} for {condition} was requested by {person}.|
    Film of the {organ} compared with the study of {time} ago: {finding}, {course}.|
    Since the {procedure} {time} ago {who} has been free of {complaint}."""
)
_HOUSE = _listed(
    """Vital signs: blood pressure {vital}, pulse {number}, respirations {number}, temperature 98.6.|
    {who} denies any {history}, and there are no known allergies.|
    Past medical history is remarkable for {history}, {history} and {history}.|
    Family history: mother had {history}; father died of {history}.|
    Medications on discharge include {drug} {dose} {often} and {drug} {dose} {often}.|
    {drug} {dose} by mouth {often} for {time}, then reduce to {dose} {often}.|
    {drug} was discontinued {day} because of a rash.|
    {test} and {test} were ordered {day}; results are pending.|
    {test} within normal limits. {test} to be repeated in {time}.|
    Will continue the present treatment and see {who} again in {time}.|
    {who} was discharged to {place} in satisfactory condition.|
    I have reviewed the chart, examined the patient and discussed the findings with {person}.|
    The patient was instructed to call {place} if there is any change.|
    {person} was notified {day} and will follow.|
    Social history: lives with the family, {grade} tobacco, {grade} alcohol.|
    Review of systems is otherwise negative.|
    The patient is alert and oriented and in no acute distress.|
    Neck is supple. Lungs are clear. Heart has a regular rate and rhythm. Abdomen is soft and non-tender.|
    Intake {number} ounces, output {number} ounces, weight {number} kg.|
    Dressing changed, wound clean and dry, {grade} drainage on the {side} side.|
    {who} slept well overnight and took breakfast; no complaints {day}.|
    Diet as tolerated. Activity as tolerated. Return in {time}.|
    Thank you for referring this pleasant patient; I will keep you informed of the progress.|
    Consent signed and witnessed by {person}, copy placed in the chart.|
    Dictated but not read, transcribed by {person} {day}.|
    Allergies: {drug}. Immunizations are up to date.|
    Assistance of {person} was needed for bathing and for walking to the bathroom.|
    Insurance form completed and mailed to the employer {day}.|
    The above was discussed at length with the patient and with the family in {place}."""
)

_STEMS = _listed(
    """aden|angi|arthr|ather|audi|bronch|carcin|cardi|cephal|cerebr|chol|chondr|col|cost|crani|cyst|cyt|
    dermat|duoden|encephal|enter|erythr|esophag|fibr|gastr|gingiv|glomerul|gloss|hem|hepat|hist|hyster|ile|
    jejun|kerat|labyrinth|lapar|laryng|leuk|lip|lith|lymph|mamm|mast|melan|mening|metr|my|myel|nas|nephr|neur|
    ocul|onych|oophor|ophthalm|orch|oste|ot|pancreat|pharyng|phleb|pleur|pneum|proct|prostat|psych|pyel|ren|
    retin|rhin|salping|sarc|scler|sial|sigmoid|splen|spondyl|staphyl|stomat|tendin|thorac|thromb|thyr|tonsill|
    trache|tympan|ureter|urethr|urin|uter|vagin|vascul|ven|ventricul|vertebr|vesic|viscer"""
)
_FRONTS = _listed(
    """|a|ante|anti|auto|bi|brady|contra|dys|ecto|endo|epi|extra|hemi|hyper|hypo|infra|inter|intra|iso|macro|mega|
    micro|mono|multi|neo|oligo|pan|para|peri|poly|post|pre|pseudo|retro|semi|sub|supra|tachy|trans|tri|ultra"""
)
_BACKS = _listed(
    """itis|oma|osis|ectomy|otomy|ostomy|oscopy|ography|ogram|algia|opathy|oplasty|orrhaphy|orrhea|orrhagia|
    omegaly|oid|ogenic|otropic|olysis|ocele|oma|omatous|itic|otic|oscopic|ographic|opathic|ectomies|ostomies|
    ology|ologic|ologist|iasis|emia|uria|openia|oplegia|otoxic|odynia|optosis|ostenosis|al|ar|ic|ous|ectasia"""
)
_BRAND_STARTS = _listed(
    "zan|pro|lex|vio|tri|nor|cel|alt|ben|dor|flu|gla|kep|lum|mev|oxi|pax|rem|sel|tor|ult|ver|xan|zor"
)
_BRAND_MIDDLES = _listed("a|e|i|o|ta|li|ro|ne|pi|du|ma|ce|fe|to|vi|xa|ri|ba|lo|mi")
_BRAND_ENDS = _listed(
    "pril|olol|statin|cillin|mycin|azole|pine|done|tide|mab|zide|vir|sartan|ine|ol|ax|ex|il|um|an"
)
_NAME_STARTS = _listed(
    """ab|al|an|bar|bel|ber|bran|cal|car|cor|dal|del|dor|el|fal|far|fen|gal|gar|gor|hal|har|hol|in|jan|kal|kel|kor|
    lan|lar|lin|mal|mar|mel|mor|nal|nor|ol|or|par|pel|por|quin|ral|ran|rin|sal|san|sel|tal|tar|tor|ul|van|vel|wal|wen|yar"""
)
_NAME_MIDDLES = _listed("a|e|i|o|u|ba|de|di|ga|ko|la|le|li|ma|mo|na|ni|ra|re|ri|ro|sa|ta|ti|va|vi|||")
_NAME_ENDS = _listed(
    "son|man|ski|ley|ton|er|ini|berg|ova|ez|wick|worth|field|stein|gard|lund|ford|by|sen|kins|ette|ano"
)


@dataclass(frozen=True, slots=True)
class Wording:
    """The stock that pages are cut from; the same for the same seed."""

    general: tuple[tuple[str, ...], ...]
    """House sentences as words."""
    special: tuple[tuple[tuple[str, ...], ...], ...]
    """Sentences per specialty, in the order of SPECIALTIES."""
    tail: tuple[str, ...]
    """Rare forms, commonest first."""
    tail_sums: tuple[float, ...]
    """Running weights of `tail` by Zipf's law."""


def wording(seed: int) -> Wording:
    rng = random.Random(f"wording/{seed}")
    general = _sentences(rng, _HOUSE, _COMMON, GENERAL_SENTENCES)
    special = tuple(
        _sentences(rng, _ABOUT_THE_CASE, {**_COMMON, **_SPECIAL[name]}, SENTENCES_PER_SPECIALTY)
        for name in SPECIALTIES
    )
    tail = _tail(rng)
    sums = accumulate(1.0 / (rank + 8) for rank in range(len(tail)))
    return Wording(general=general, special=special, tail=tail, tail_sums=tuple(sums))


def _sentences(
    rng: random.Random, patterns: Sequence[str], fillings: Mapping[str, Sequence[str]], count: int
) -> tuple[tuple[str, ...], ...]:
    def filled(match: re.Match[str]) -> str:
        return rng.choice(fillings[match.group(1)])

    found = (_SLOT.sub(filled, rng.choice(patterns)) for _ in range(count))
    return tuple(tuple((text[0].upper() + text[1:]).split()) for text in found)


def _tail(rng: random.Random) -> tuple[str, ...]:
    """TAIL_FORMS different words: two fifths compounds, the rest brands, names and places."""
    found: dict[str, None] = {}
    while len(found) < TAIL_FORMS * 2 // 5:
        second = rng.choice(_STEMS) if rng.random() < 0.4 else ""
        front = rng.choice(_FRONTS) if rng.random() < 0.6 else ""
        found[front + rng.choice(_STEMS) + ("o" + second if second else "") + rng.choice(_BACKS)] = None
    while len(found) < TAIL_FORMS * 3 // 5:
        middle = "".join(rng.choices(_BRAND_MIDDLES, k=rng.randint(1, 2)))
        found[rng.choice(_BRAND_STARTS) + middle + rng.choice(_BRAND_ENDS)] = None
    while len(found) < TAIL_FORMS:
        middle = "".join(rng.choices(_NAME_MIDDLES, k=rng.randint(0, 2)))
        found[(rng.choice(_NAME_STARTS) + middle + rng.choice(_NAME_ENDS)).capitalize()] = None
    words = list(found)
    rng.shuffle(words)
    return tuple(words)
