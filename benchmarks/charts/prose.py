"""Sentences for the bodies of pages, by family and kind of document; {slots} are filled by chance."""

from __future__ import annotations

import re

from benchmarks.charts.case import Case

_SLOTS: dict[str, tuple[str, ...]] = {
    "side": ("left", "right"),
    "drug": (
        "lisinopril",
        "metoprolol",
        "furosemide",
        "warfarin",
        "amoxicillin",
        "glipizide",
        "ranitidine",
        "prednisone",
        "digoxin",
        "albuterol",
        "hydrochlorothiazide",
        "verapamil",
        "cimetidine",
        "ibuprofen",
    ),
    "dose": ("5 mg", "10 mg", "20 mg", "25 mg", "40 mg", "50 mg", "125 mg", "250 mg", "500 mg"),
    "often": ("once daily", "twice daily", "three times a day", "every six hours as needed", "at bedtime"),
    "ill": (
        "hypertension",
        "type 2 diabetes",
        "asthma",
        "osteoarthritis",
        "coronary artery disease",
        "hypothyroidism",
        "gallstones",
        "chronic bronchitis",
        "atrial fibrillation",
        "peptic ulcer disease",
    ),
    "n": ("2", "3", "4", "5", "6", "8", "10", "12", "14"),
    "bp": ("118/72", "126/80", "134/84", "142/90", "150/88", "162/96"),
    "pulse": ("64", "72", "78", "84", "92", "104"),
    "percent": ("50", "55", "58", "60", "65"),
    "size": ("3.1", "3.4", "3.8", "4.2"),
    "time": ("two days", "three weeks", "several months", "about a year", "ten days"),
    "part": ("knee", "shoulder", "hip", "ankle", "wrist", "elbow"),
}

_TEXTS: dict[str, dict[str, str]] = {
    "A": {
        "operation": """The abdomen was prepared and draped in the usual fashion. An incision was made
over the {side} lower quadrant and carried down through the fascia.|Bleeding points were clamped and
tied with 3-0 silk.|The peritoneum was entered between forceps and the contents were inspected.|The
appendix was long, red and covered with a thin layer of fibrin.|The mesentery was divided between clamps
and ligated.|The stump was inverted with a purse string of 2-0 chromic.|The area was irrigated with warm
saline until the return was clear.|Sponge and instrument counts were reported correct on two
occasions.|The fascia was closed with interrupted sutures of 0 Vicryl.|The skin was closed with staples
and a dry dressing was applied.|Estimated blood loss was {n}0 cc and no transfusion was given.|The
patient tolerated the procedure well and left for the recovery room in stable condition.|A small drain
was brought out through a separate stab wound.|No other pathology was found on exploration of the
pelvis.""",
        "pathology": """Received in formalin is a segment of tan soft tissue measuring {n}.2 x 3.1 x 1.4
cm.|The cut surface is grey-white and slightly firm, without necrosis.|Representative sections are
submitted in cassettes A1 through A{n}.|Sections show glandular mucosa with a mild chronic inflammatory
infiltrate.|No atypia is seen in the levels examined.|The margins of resection are free of tumor.|The
muscular wall is intact and the serosa is smooth.|Special stains for organisms are negative.|The
findings are consistent with chronic inflammation.|Clinical correlation is advised.""",
        "radiology": """PA and lateral views were obtained and compared with the earlier
examination.|The heart is at the upper limit of normal in size.|There is a small patchy density at the
{side} base which may represent atelectasis.|No effusion is seen.|The bony thorax is intact for age.|The
pulmonary vessels are not congested.|Degenerative changes are noted in the spine.|There is no evidence
of fracture or dislocation of the {part}.|The soft tissues are unremarkable.|Follow-up in {n} weeks is
suggested if symptoms continue.""",
        "letter": """I had the pleasure of seeing your patient in the clinic today because of {ill} of
{time} duration.|The history as you know is one of gradual onset with some loss of appetite.|Present
medication is {drug} {dose} {often}.|On examination the blood pressure was {bp} and the pulse {pulse}
and regular.|The chest was clear and the heart sounds were normal.|I found some tenderness over the
{side} {part} but no swelling.|I would suggest a trial of {drug} {dose} {often} and have given a
prescription for one month.|I have asked for a chest film and routine blood work, and shall write to you
again when they are to hand.|I would be glad to see the patient again in {n} weeks.|Thank you for the
opportunity of taking part in the care of this pleasant person.|Should there be any change before then
please do not hesitate to call.""",
        "discharge": """The patient was admitted through the emergency room with a {time} history of
shortness of breath and swelling of both legs.|Past history is significant for {ill} and {ill}.|On
admission the blood pressure was {bp}, the pulse {pulse} and the temperature 98.{n}.|Chest film showed
an enlarged heart with early congestion.|The electrolytes were within normal limits and the hemoglobin
was 1{n}.1.|Treatment was begun with {drug} {dose} {often} and bed rest.|There was a brisk diuresis and
{n} pounds of weight were lost over the first three days.|A consultation was obtained from the heart
service, who advised {drug} {dose} {often}.|By the fourth hospital day the patient was walking in the
hall without distress.|There was no fever after the second day.|Diet was advanced as tolerated.|The
patient was sent home in improved condition on {drug} {dose} {often} and a two gram sodium diet.|Return
visit to the office in {n} days.|The family understands the plan and agrees with it.|Prognosis is fair
if the diet is kept.""",
        "nursing": """Slept at intervals, no complaints.|Up in chair for {n} minutes, tolerated
well.|C/o pain {side} {part}, medicated with relief.|Dressing dry and intact.|Dr. notified, no new
orders.|Voiding well, ate half of lunch.|BP {bp}, P {pulse}, resp easy.|Family at bedside.|IV infusing
well in {side} arm.|Turned and positioned, skin intact.""",
        "teaching": """Take {drug} {dose} {often} until it is finished.|Do not lift anything heavier
than {n} pounds.|You may shower, but keep the dressing dry.|Call the office if your temperature is over
101 degrees.|Call us for redness, swelling or drainage from the wound.|Eat a low salt diet and drink
plenty of water.|No driving for {n} days.|Walk a little more each day.""",
        "phone": """Caller states that the {side} {part} is still sore after {time}.|No fever, no
vomiting, eating and drinking well.|Asks whether {drug} should be continued.|Advised to continue {drug}
{dose} {often} and to come in if it gets worse.|Wants refill called in to the pharmacy.|Caller voiced
understanding.""",
        "consent": """I authorize the physician named above and such assistants as may be selected to
perform the procedure that has been explained to me.|I understand that no guarantee has been made as to
the result.|The risks, among them bleeding, infection and injury to nearby structures, have been
discussed with me.|I consent to the giving of anesthesia as may be thought advisable.|I agree that
tissue removed may be examined and disposed of in the customary manner.|My questions have been answered
to my satisfaction.""",
        "referral": """Thank you for seeing this patient, who has had {ill} for {time}.|Treatment so far
has been {drug} {dose} {often} with little benefit.|There is no known allergy.|I would value your
opinion as to further management.|Recent films and blood work are enclosed.|Blood pressure in the office
was {bp}.""",
    },
    "B": {
        "emergency": """Arrived by ambulance after a fall from standing height at home.|Complains of
pain in the {side} {part}, worse on movement.|No loss of consciousness, remembers the whole
event.|Denies chest pain, palpitations or breathlessness.|Known {ill}, takes {drug} {dose}
{often}.|Alert and oriented, in mild discomfort only.|BP {bp}, pulse {pulse}, oxygen saturation 9{n} on
air.|Neurovascular examination of the limb is intact.|X-ray reviewed in the department, no fracture
identified.|Splint applied, crutches supplied and their use taught.|Tetanus cover is up to
date.|Discharged home with analgesia; to see own doctor within {n} days.""",
        "history": """This patient presents for elective admission with a {time} history of discomfort
after meals.|There has been no weight loss and bowel habit is unchanged.|Previous illnesses include
{ill} and {ill}.|Tonsils were removed in childhood; no other operations.|Current drugs: {drug} {dose}
{often} and {drug} {dose} {often}.|Gives up to {n} cigarettes a day and drinks only at weekends.|Father
died of heart disease, mother living and well.|Systems review is otherwise negative.|A well nourished
adult in no distress, blood pressure {bp}, pulse {pulse}.|Heart sounds normal, lung fields clear to
bases.|Abdomen soft with mild tenderness under the {side} ribs, no masses felt.|Reflexes brisk and
equal, plantar responses downgoing.|Impression: symptomatic disease, suitable for planned surgery.|Plan:
routine blood count, film of the chest, and consent for theatre.""",
        "consult": """Asked to see on account of increasing breathlessness over {time}.|Chart reviewed;
the patient is known to have {ill}.|Sitting up comfortably, able to finish sentences.|Jugular pressure
is not raised and there is no ankle swelling.|A soft systolic murmur is heard at the apex.|Recent film
shows clear lungs.|I think that this is most likely due to {ill} rather than cardiac failure.|Recommend
stopping {drug} and starting {drug} {dose} {often}.|Suggest repeat electrolytes in {n} days.|We will
follow along with you during this stay.|Thank you for the interesting consultation.""",
        "psychiatric": """Seen alone at own request; referred because of low mood for {time}.|Sleep is
broken with early waking and appetite is reduced.|Casually dressed, cooperative, with fair eye
contact.|Speech is soft and slow but coherent.|Mood described as flat; affect restricted.|Thinking is
organized, with no delusions or hallucinations elicited.|Denies any wish to harm self or others at
present.|Orientation and memory are intact to brief testing.|Insight is partial and judgment
adequate.|Formulation: a depressive episode of moderate degree following bereavement.|Begin supportive
psychotherapy weekly and consider {drug} if there is no gain in {n} weeks.""",
        "therapy": """Patient reports less stiffness of the {side} {part} since the last visit.|Active
range improved by {n} degrees in flexion.|Gait is steady with a single cane on level ground.|Performed
quadriceps sets, heel slides and step-ups, {n} repetitions each.|Needs verbal cues to keep an upright
posture.|Pain rated {n} of 10 before and less after treatment.|Home exercise sheet reviewed and returned
correctly.|Continue twice weekly for {n} weeks.|Goal of independent stair climbing is partly met.""",
        "echo": """The left ventricle is of normal size with preserved contraction; ejection fraction
{percent} per cent.|Mild thickening of the mitral leaflets with trivial regurgitation.|The aortic valve
has three cusps and opens fully.|The left atrium measures {size} cm.|No pericardial effusion is
present.|The right heart chambers are normal.|Doppler study shows delayed relaxation.|No intracardiac
mass or thrombus was seen.""",
        "imaging": """Axial sections were obtained from the dome of the diaphragm to the symphysis after
oral contrast.|Liver, spleen and pancreas are of normal attenuation.|A simple cyst of {n} mm lies in the
{side} kidney.|No free fluid or enlarged nodes are demonstrated.|Scattered diverticula without
inflammation are noted.|Bone windows show no destructive lesion.|Opinion: no acute abnormality; the cyst
needs no follow-up.|Comparison was made with the study of last year.""",
        "gp": """Thank you for referring this patient, who was an inpatient on our ward for {n} days
with {ill}.|Treatment was started with {drug} {dose} {often} to good effect.|Blood tests on the day of
going home were satisfactory.|We have stopped {drug} as it was thought to be causing dizziness.|Please
continue {drug} {dose} {often} and check the kidney function in {n} weeks.|The district nurse will
attend to the wound.|No follow-up has been arranged here, but we would be happy to see the patient
again.|A copy of this letter has been given to the patient.|Driving may be resumed after {n}
days.|Occupational therapy visited the home and rails have been fitted.""",
        "directive": """If I should be in a condition from which there is no reasonable hope of
recovery, I direct that I be allowed to die and not be kept alive by artificial means.|I ask that
medication be given to me to relieve suffering even though this may hasten death.|I do not wish to be
fed by tube if I am permanently unconscious.|I appoint the person named below to speak for me when I
cannot speak for myself.|This paper takes effect when two physicians have so certified.|I may revoke it
at any time by telling anybody who cares for me.""",
        "release": """I hereby permit the release of the records indicated to the party named above for
the purpose of continuing care.|This permission ends {n}0 days from the date of signature unless
withdrawn before.|I understand that I may withdraw it in writing at any time, except for what has
already been sent.|Treatment does not depend on my signing this form.|A photocopy of this form is as
good as the original.""",
        "progress": """Feels better today. Afebrile. BP {bp}. Chest clear. Cont {drug}.|Seen on rounds.
Wound clean, no discharge.|Mild nausea overnight, settled. Diet as tolerated.|Plan: labs in am,
ambulate, home in {n} days.|Discussed with family. Agree with plan.|Pulse {pulse} reg. Calves soft.|Pain
controlled on {drug} {dose}.|Bowels open. Catheter out.""",
        "transfer": """Alert, transfers with help of one, needs a walker.|Skin intact, heels
protected.|Diet soft, thickened fluids not needed.|Takes {drug} {dose} {often}; last dose given this
morning.|Family informed of the move and has the belongings.|Hearing aid {side} side, glasses, lower
denture.""",
        "cytology": """Satisfactory for evaluation; endocervical cells are present.|Negative for
intraepithelial lesion or malignancy.|Mild reactive changes associated with inflammation.|No organisms
identified.|Suggest repeat at the routine interval.|Bladder washings show benign urothelial cells and a
few crystals.|Fine needle aspirate of the {side} lobe shows colloid and bland follicular cells.""",
    },
}


def sentences(case: Case, family: str, kind: str, count: int) -> list[str]:
    """`count` different sentences (or all there are) in their written order."""
    pool = [" ".join(part.split()) for part in _TEXTS[family][kind].split("|")]
    chosen = sorted(case.rng.sample(range(len(pool)), min(count, len(pool))))
    return [_fill(case, pool[n]) for n in chosen]


def tell(case: Case, family: str, kind: str, count: int) -> str:
    """The same as one paragraph."""
    return " ".join(sentences(case, family, kind, count))


def _fill(case: Case, text: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: case.rng.choice(_SLOTS[found[1]]), text)
