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

from benchmarks.search.wordparts import (
    BACKS,
    BRAND_ENDS,
    BRAND_MIDDLES,
    BRAND_STARTS,
    FRONTS,
    NAME_ENDS,
    NAME_MIDDLES,
    NAME_STARTS,
    STEMS,
    listed,
)

SPECIALTIES = (
    "cardiac", "lung", "abdomen", "bone", "nerve", "birth", "child", "skin", "kidney", "mind", "eye_ear",
    "blood",
)  # fmt: skip
TAIL_FORMS = 60_000
SENTENCES_PER_SPECIALTY = 2_500
GENERAL_SENTENCES = 6_000
_SLOT = re.compile(r"\{(\w+)\}")


# Slots that every specialty fills from the same list.
_COMMON: Mapping[str, tuple[str, ...]] = {
    "who": listed("the patient|this patient|she|he|the patient|the family|the mother"),
    "drug": listed(
        """aspirin|heparin|warfarin|digoxin|furosemide|lisinopril|captopril|enalapril|metoprolol|atenolol|
        propranolol|verapamil|diltiazem|nifedipine|nitroglycerin|morphine|codeine|meperidine|acetaminophen|
        ibuprofen|naproxen|penicillin|ampicillin|amoxicillin|gentamicin|cephalexin|erythromycin|vancomycin|
        metronidazole|prednisone|hydrocortisone|insulin|glyburide|metformin|levothyroxine|phenytoin|
        carbamazepine|diazepam|lorazepam|haloperidol|amitriptyline|fluoxetine|lithium|theophylline|
        albuterol|ranitidine|cimetidine|omeprazole|docusate|potassium chloride|folic acid|iron sulfate|
        allopurinol|colchicine|methotrexate|simvastatin|lovastatin|spironolactone|hydrochlorothiazide"""
    ),
    "dose": listed(
        "5 mg|10 mg|12.5 mg|20 mg|25 mg|40 mg|50 mg|81 mg|100 mg|250 mg|500mg|1 g|2 tablets|5 cc|10 units"
    ),
    "often": listed(
        "daily|twice a day|b.i.d.|t.i.d.|q.i.d.|every six hours|q4h p.r.n.|at bedtime|q.h.s.|once a week"
    ),
    "day": listed(
        "today|yesterday|this morning|last night|on admission|on discharge|two days ago|last week|"
        "overnight"
    ),
    "time": listed(
        "one week|two weeks|three months|six months|a year|several days|48 hours|many years|ten days"
    ),
    "grade": listed(
        "mild|moderate|severe|slight|marked|minimal|no|some|significant|occasional|persistent|early"
    ),
    "side": listed(
        "left|right|left|right|bilateral|upper|lower|anterior|posterior|lateral|medial|proximal|distal"
    ),
    "course": listed(
        "improved|unchanged|worse|stable|resolved|better|slightly improved|about the same|resolving"
    ),
    "test": listed(
        """complete blood count|urinalysis|chest x-ray|electrocardiogram|sedimentation rate|blood culture|
        electrolytes|liver function tests|prothrombin time|glucose|creatinine|hemoglobin|ultrasound|
        CT scan|barium enema|bone scan|biopsy|urine culture|blood gas|thyroid panel|lipid profile"""
    ),
    "person": listed(
        "the resident|the attending|the nurse|the surgeon|the consultant|the social worker|the therapist"
    ),
    "place": listed(
        "the emergency room|the clinic|the ward|the operating room|the recovery room|home|"
        "the nursing home"
    ),
    "history": listed(
        """hypertension|diabetes mellitus|smoking|alcohol use|asthma|rheumatic fever|tuberculosis|migraine|
        hypothyroidism|gout|hepatitis|pneumonia|appendectomy|tonsillectomy|hysterectomy|cholecystectomy|
        peptic ulcer disease|coronary artery disease|stroke|seizures|depression|anemia|arthritis|obesity"""
    ),
    "vital": listed("120/80|130/70|142/88|160/95|98/60|110/64|118/76|150/90|178/102|126/82"),
    "number": listed("2|3|4|5|6|7|8|10|12|14|16|18|20|24|30|36|48|60|72|90"),
}  # fmt: skip

# Per specialty: organs, findings, complaints, procedures, conditions.
_SPECIAL: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "cardiac": {
        "organ": listed(
            "heart|aorta|left ventricle|mitral valve|coronary artery|pericardium|carotid artery|apex"
        ),
        "finding": listed(
            "systolic murmur|gallop|irregular rhythm|ankle edema|jugular venous distention|thrill"
        ),
        "complaint": listed(
            "chest pain|palpitations|dyspnea on exertion|orthopnea|syncope|fatigue|claudication"
        ),
        "procedure": listed(
            "cardiac catheterization|coronary bypass|pacemaker insertion|echocardiogram|stress test"
        ),
        "condition": listed(
            "myocardial infarction|congestive heart failure|atrial fibrillation|angina|pericarditis"
        ),
    },
    "lung": {
        "organ": listed(
            "right upper lobe|left lower lobe|pleura|trachea|bronchus|diaphragm|hilum|chest wall"
        ),
        "finding": listed(
            "rales|wheezing|rhonchi|pleural effusion|infiltrate|decreased breath sounds|a nodule"
        ),
        "complaint": listed(
            "cough|sputum|shortness of breath|hemoptysis|night sweats|pleuritic pain|hoarseness"
        ),
        "procedure": listed(
            "bronchoscopy|thoracentesis|lobectomy|chest tube placement|spirometry|tracheostomy"
        ),
        "condition": listed(
            "pneumonia|emphysema|chronic bronchitis|pulmonary embolus|tuberculosis|pneumothorax"
        ),
    },
    "abdomen": {
        "organ": listed(
            "liver|spleen|gallbladder|stomach|colon|small bowel|pancreas|appendix|duodenum|rectum"
        ),
        "finding": listed(
            "rebound tenderness|guarding|hepatomegaly|ascites|a palpable mass|distention|jaundice"
        ),
        "complaint": listed(
            "abdominal pain|nausea|vomiting|diarrhea|melena|heartburn|constipation|weight loss"
        ),
        "procedure": listed(
            "cholecystectomy|appendectomy|splenectomy|colonoscopy|hernia repair|gastrectomy|laparotomy"
        ),
        "condition": listed(
            "ruptured spleen|cholecystitis|appendicitis|pancreatitis|diverticulitis|duodenal ulcer"
        ),
    },
    "bone": {
        "organ": listed(
            "femur|tibia|radius|ulna|lumbar spine|hip|knee|shoulder|ankle|wrist|clavicle|humerus"
        ),
        "finding": listed(
            "crepitus|swelling|limited range of motion|deformity|point tenderness|an effusion|stiffness"
        ),
        "complaint": listed(
            "low back pain|joint pain|stiffness|a fall|inability to bear weight|numbness of the foot"
        ),
        "procedure": listed(
            "open reduction|internal fixation|hip replacement|arthroscopy|cast application|laminectomy"
        ),
        "condition": listed(
            "fracture of the hip|osteoarthritis|rheumatoid arthritis|herniated disc|osteomyelitis"
        ),
    },
    "nerve": {
        "organ": listed(
            "cerebellum|frontal lobe|cervical cord|optic nerve|facial nerve|temporal lobe|brain stem"
        ),
        "finding": listed(
            "nystagmus|hemiparesis|aphasia|papilledema|tremor|an extensor plantar response|ataxia"
        ),
        "complaint": listed(
            "headache|dizziness|seizures|weakness|double vision|memory loss|numbness|blackouts"
        ),
        "procedure": listed(
            "lumbar puncture|craniotomy|electroencephalogram|carotid endarterectomy|myelogram"
        ),
        "condition": listed(
            "cerebrovascular accident|multiple sclerosis|meningitis|epilepsy|parkinsonism|migraine"
        ),
    },
    "birth": {
        "organ": listed("uterus|cervix|ovary|placenta|fundus|perineum|vagina|fallopian tube|breast"),
        "finding": listed(
            "fetal heart tones|cervical dilatation|bleeding|ruptured membranes|a firm fundus|lochia"
        ),
        "complaint": listed(
            "contractions|pelvic pain|spotting|absent menses|breast tenderness|decreased movement"
        ),
        "procedure": listed(
            "cesarean section|vaginal delivery|hysterectomy|tubal ligation|amniocentesis|episiotomy"
        ),
        "condition": listed(
            "preeclampsia|term pregnancy|ectopic pregnancy|fibroids|threatened abortion|endometriosis"
        ),
    },
    "child": {
        "organ": listed(
            "anterior fontanelle|tympanic membrane|tonsils|umbilical stump|left ear|testes|hips"
        ),
        "finding": listed(
            "a red throat|dehydration|a bulging drum|rash|poor weight gain|retractions|lymph nodes"
        ),
        "complaint": listed(
            "fever|irritability|poor feeding|ear pain|croupy cough|bed wetting|vomiting after feeds"
        ),
        "procedure": listed(
            "circumcision|tonsillectomy|immunization|myringotomy|phototherapy|well child visit"
        ),
        "condition": listed(
            "otitis media|croup|bronchiolitis|chickenpox|failure to thrive|febrile convulsion|measles"
        ),
    },
    "skin": {
        "organ": listed("scalp|forearm|back|groin|face|left heel|dorsum of the hand|trunk|nail bed"),
        "finding": listed(
            "erythema|an ulcer|scaling|vesicles|a pigmented lesion|excoriations|drainage|eschar"
        ),
        "complaint": listed("itching|a sore that does not heal|hair loss|blisters|a changing mole|burning"),
        "procedure": listed(
            "excision of the lesion|skin graft|incision and drainage|punch biopsy|debridement"
        ),
        "condition": listed(
            "psoriasis|cellulitis|basal cell carcinoma|contact dermatitis|second degree burn|melanoma"
        ),
    },
    "kidney": {
        "organ": listed("left kidney|bladder|prostate|ureter|urethra|renal pelvis|scrotum|right flank"),
        "finding": listed(
            "flank tenderness|proteinuria|an enlarged prostate|hydronephrosis|hematuria|casts"
        ),
        "complaint": listed("dysuria|frequency|flank pain|nocturia|blood in the urine|incontinence|urgency"),
        "procedure": listed(
            "cystoscopy|transurethral resection|nephrectomy|hemodialysis|lithotripsy|catheterization"
        ),
        "condition": listed(
            "renal calculus|pyelonephritis|chronic renal failure|nephrotic syndrome|urinary retention"
        ),
    },
    "mind": {
        "organ": listed("mood|affect|thought content|judgment|insight|speech|orientation|memory"),
        "finding": listed(
            "flat affect|pressured speech|delusions|psychomotor retardation|poor eye contact|tearfulness"
        ),
        "complaint": listed(
            "insomnia|anxiety|hopelessness|hearing voices|panic attacks|loss of appetite|agitation"
        ),
        "procedure": listed(
            "group therapy|electroconvulsive therapy|mental status examination|detoxification"
        ),
        "condition": listed(
            "major depression|schizophrenia|bipolar disorder|alcohol withdrawal|adjustment disorder"
        ),
    },
    "eye_ear": {
        "organ": listed("cornea|retina|lens|macula|external canal|nasal septum|larynx|vocal cords|sinuses"),
        "finding": listed(
            "a cataract|elevated intraocular pressure|polyps|hearing loss|conjunctival injection"
        ),
        "complaint": listed(
            "blurred vision|ringing in the ears|nosebleeds|eye pain|vertigo|nasal obstruction"
        ),
        "procedure": listed(
            "cataract extraction|audiogram|septoplasty|laser treatment|laryngoscopy|mastoidectomy"
        ),
        "condition": listed(
            "glaucoma|retinal detachment|sinusitis|diabetic retinopathy|otosclerosis|conjunctivitis"
        ),
    },
    "blood": {
        "organ": listed("bone marrow|spleen tip|cervical nodes|axilla|peripheral smear|thyroid|mediastinum"),
        "finding": listed(
            "petechiae|pallor|enlarged nodes|blasts|thrombocytopenia|a low platelet count|bruises"
        ),
        "complaint": listed(
            "easy bruising|weakness|fevers|a lump in the neck|bleeding gums|bone pain|sweats"
        ),
        "procedure": listed(
            "transfusion of packed cells|bone marrow aspiration|chemotherapy|radiation|plasmapheresis"
        ),
        "condition": listed(
            "acute leukemia|lymphoma|iron deficiency anemia|multiple myeloma|hemophilia|metastases"
        ),
    },
}  # fmt: skip

_ABOUT_THE_CASE = listed(
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
_HOUSE = listed(
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
        second = rng.choice(STEMS) if rng.random() < 0.4 else ""
        front = rng.choice(FRONTS) if rng.random() < 0.6 else ""
        found[front + rng.choice(STEMS) + ("o" + second if second else "") + rng.choice(BACKS)] = None
    while len(found) < TAIL_FORMS * 3 // 5:
        middle = "".join(rng.choices(BRAND_MIDDLES, k=rng.randint(1, 2)))
        found[rng.choice(BRAND_STARTS) + middle + rng.choice(BRAND_ENDS)] = None
    while len(found) < TAIL_FORMS:
        middle = "".join(rng.choices(NAME_MIDDLES, k=rng.randint(0, 2)))
        found[(rng.choice(NAME_STARTS) + middle + rng.choice(NAME_ENDS)).capitalize()] = None
    words = list(found)
    rng.shuffle(words)
    return tuple(words)
