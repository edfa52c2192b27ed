# ruff: noqa: E501  (word lists)
"""The phrases behind `sensitivity`: what speaks for a label, what denies it, what only looks like it.

Lower case, signs as blanks, a star for any ending. `PHRASES` count whoever denies them (a
treatment, a test, a programme); `WEAK` ones count unless their clause denies them or speaks of
a relative. `HARMLESS` wordings are taken out first; a clause that holds a `PRINTED` phrase is
the print of a form or leaflet and says nothing about the patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


def _table(**texts: str) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType(
        {label: tuple(p.strip() for p in text.split("|") if p.strip()) for label, text in texts.items()}
    )


PHRASES = _table(
    mental_health="""
    psychotherap* | psychiatric hospital* | psychiatric admission* | psychiatric unit | psychiatric ward |
    psychiatric follow up | psychiatric treatment | psychiatric medication* | psychiatric consult* |
    psychiatric evaluation | psychiatrist* | psychoanaly* | electroconvulsive | electroshock | ect treatment* | ect |
    shock therapy | antipsychotic* | neuroleptic* | lithium carbonate | lithium level | lithium | eskalith | lithobid |
    thorazine | chlorpromazine | haldol | haloperidol | mellaril | thioridazine | stelazine | prolixin | fluphenazine |
    navane | clozaril | clozapine | risperdal | risperidone | zyprexa | olanzapine | seroquel | quetiapine | geodon |
    abilify | state hospital for the insane | mental hospital | mental health center | mental health clinic |
    mental health counsel* | mental health treatment | mental health services | mental health follow up |
    behavioral health | group therapy | family therapy session | marital therapy | marriage counseling |
    cognitive behavioral | cbt | dialectical | involuntary commitment | committed to the state hospital |
    72 hour hold | psych unit | psych ward | psych admission* | psych hosp* | psych follow up | psych eval* |
    psych consult* | inpatient psych* | outpatient psych* | seen by psych* | followed by psych* | psychologist* |
    axis ii | gaf | mmpi | rorschach | safety contract | contracted for safety | contracts for safety |
    no harm contract | counseling session* | countertransference | transference |
    auditory hallucinations are present | antidepressant* | paxil | prozac | zoloft | lexapro | celexa | elavil for depression |
    """,
    substance_use="""
    methadone maintenance | methadone clinic | methadone program | methadone | suboxone | subutex | buprenorphine |
    antabuse | disulfiram | naltrexone | vivitrol | alcoholics anonymous | narcotics anonymous | aa meeting* |
    na meeting* | attends aa | attending aa | 12 step | twelve step | al anon | sober living | halfway house | detox |
    detoxification | detoxed | detoxing | drug rehab* | alcohol rehab* | substance abuse treatment |
    substance abuse program | substance abuse counsel* | drug treatment program | chemical dependency unit |
    chemical dependency program | chemical dependency treatment | inpatient rehab for alcohol | ciwa | delirium tremens |
    dts | alcohol withdrawal | etoh withdrawal | opiate withdrawal | narcotic withdrawal | heroin withdrawal |
    drug withdrawal | narcan given | narcan | track marks | needle tracks | blood alcohol | etoh level | bac | dui | dwi |
    recovering alcoholic | recovering addict | alcoholic hepatitis | alcoholic cirrhosis | alcoholic pancreatitis |
    alcoholic neuropathy | alcoholic gastritis | alcoholic liver | alcoholic cardiomyopathy | korsakoff* | wernicke* |
    alcohol induced | alcohol related | heroin overdose | cocaine overdose | drug overdose | crack cocaine |
    positive for cocaine | positive for opiates | positive for cannabinoids | positive for marijuana |
    positive for amphetamines | positive for methamphetamine | positive for thc | positive for barbiturates |
    positive for benzodiazepines | cage score | audit score | sobriety | sober since | years sober | months sober |
    days sober | needle exchange | inhalant* abuse | glue sniffing | meth lab |
    """,
    hiv="""
    hiv | hiv 1 | hiv1 | hiv positive | hiv infection | human immunodeficiency | acquired immune deficiency |
    acquired immunodeficiency | aids | aids related complex | htlv iii | htlv 3 | htlviii | lav antibod* | cd4 | cd 4 |
    t4 count | t cell count* | t helper | viral load | zidovudine | azidothymidine | azt | retrovir | didanosine | ddi |
    stavudine | d4t | zalcitabine | ddc | lamivudine | 3tc | epivir | combivir | trizivir | truvada | atripla | ritonavir |
    norvir | indinavir | crixivan | saquinavir | nelfinavir | viracept | efavirenz | sustiva | nevirapine | viramune |
    tenofovir | kaletra | lopinavir | antiretroviral* | haart | protease inhibitor* | pneumocystis | kaposi* |
    pentamidine | cryptococcal meningitis | cmv retinitis | seroconver* | seropositive | western blot
    """,
    reproductive="""
    therapeutic abortion* | elective abortion* | induced abortion* | abortion clinic | s p tab | h o tab | hx of tab | hx tab | previous tab | prior tab | had tab | eab | vip procedure |
    voluntary interruption | termination of pregnancy | pregnancy termination | terminate the pregnancy |
    terminate pregnancy | mifepristone | ru 486 | ru486 | dilation and evacuation | suction curettage | suction d c |
    septic abortion | incomplete abortion | missed abortion | spontaneous abortion* | miscarriage* | birth control* |
    contracepti* | oral contraceptive* | ocp | ocps | bcp | bcps | depo provera | depoprovera | norplant | nexplanon |
    implanon | iud | iuds | intrauterine device | intrauterine contracept* | mirena | paragard | copper t | lippes loop |
    dalkon shield | morning after pill | emergency contracept* | diaphragm fitt* | fitted for a diaphragm |
    fitted for diaphragm | contraceptive diaphragm | tubal ligation | bilateral tubal | tubal sterilization | btl |
    essure | vasectomy | infertility | in vitro fertilization | ivf | artificial insemination | clomid | clomiphene |
    sperm count | semen analysis | egg retrieval | embryo transfer | hysterosalpingogram | family planning clinic |
    family planning visit | planned parenthood | gonorrhea | gonorrhoea | gonococcal | gc culture | chlamydia* |
    syphilis | luetic | penicillin for lues | trichomonas | trichomoniasis | genital herpes | herpes genitalis | hsv 2 |
    genital wart* | condyloma* | venereal | sexually transmitted | std clinic | std | stds | sti | stis | std screen* |
    pelvic inflammatory disease | unprotected intercourse | unwanted pregnancy | unplanned pregnancy |
    rape kit | sexual assault | rapid plasma reagin reactive | rpr reactive | vdrl reactive | fta abs | hpv positive
    """,
)
WEAK = _table(
    mental_health="""
    schizophren* | schizoaffective | bipolar | manic | mania | hypomani* | depression | depressed | depressive |
    dysthymi* | suicid* | homicidal | hallucinat* | delusion* | paranoi* | psychosis | psychotic | anxiety |
    anxiety disorder | panic attack* | panic disorder | ptsd | post traumatic stress | posttraumatic stress |
    obsessive compulsive | ocd | anorexia nervosa | bulimia* | eating disorder | borderline personality |
    personality disorder | adjustment disorder | adhd | attention deficit | nervous breakdown | mental illness |
    mental disorder | psychiatric history | psychiatric hx | psychiatric problem* | psychiatric illness* |
    psychiatric disorder* | psychiatric care | psychiatric patient* | psychiatric diagnos* | psychiatric symptom* |
    psychiatry | psych history | psych hx | psych meds | cutting behavior | self mutilation |
    self harm | self injur* | overdose attempt | conversion disorder | multiple personality | dissociative | psychogenic |
    in counseling | sees a counselor | sees a therapist | her therapist | his therapist | counseling for |
    affect is flat | flat affect | blunted affect | emotionally disturbed | si hi | neurosis | neurotic | hysterical |
    autis* | mood disorder* | mood stabilizer* | electroconvuls*
    """,
    substance_use="""
    alcoholism | alcoholic | alcoholics | alcohol abuse | alcohol dependen* | alcohol addiction | alcohol problem* |
    alcohol use disorder | alcohol intoxication | alcohol consumption is heavy | heavy alcohol | excessive alcohol |
    abuses alcohol | abusing alcohol | abused alcohol | etoh abuse | etoh dependen* | etoh use | etohism | etoh intox* |
    ethanol abuse | ethanolism | heavy etoh | heavy drinker | heavy drinking | problem drinker | binge drink* |
    drinks heavily | drinking heavily | drinks daily | drinks every day | drinking problem | drunk | intoxicated |
    inebriated | smells of alcohol | odor of alcohol | smell of alcohol | alcohol on breath | aob | case of beer |
    fifth of whiskey | fifth of vodka | fifth of | pint of | pints of | six pack* | sixpack* | quart of vodka | beers a day | beers daily |
    beers per day | drinks a day | drinks per day | moonshine | substance abuse | substance use | substance dependen* |
    polysubstance | drug abuse* | drug addict* | drug dependen* | drug use | drug user | drug problem | drug seeking |
    illicit drug* | illegal drug* | street drug* | recreational drug* | iv drug* | ivda | ivdu | ivda's | intravenous drug* |
    injection drug* | addict | addicts | addicted | addiction | opiate abuse | opioid abuse | opiate dependen* |
    opioid dependen* | opioid use disorder | narcotic addict* | narcotic abuse | narcotic dependen* | heroin | cocaine |
    crack | marijuana | cannabis | thc | lsd | pcp abuse | angel dust | amphetamine abuse | methamphetamine* | crystal meth |
    speed abuse | ecstasy | barbiturate abuse | benzodiazepine abuse | benzodiazepine dependen* | valium abuse |
    chemical dependen* | huffing | sniffs glue | shoots up | shooting up | snorts | snorting | skin popping |
    uses drugs | using drugs | used drugs | drugs and alcohol | drug habit | relapse* on | relapsed
    """,
)
HARMLESS: tuple[str, ...] = (
    "hearing aids?", "teaching aids?", "visual aids?", "walking aids?", "mobility aids?", "ambulation aids?",
    "ambulatory aids?", "memory aids?", "bath aids?", "dressing aids?", "sleep aids?", "band aids?", "first aids?",
    "learning aids?", "decision aids?", "nurses? aids?", "communication aids?", "no aids?", "without aids?",
    "with aids?", "aids? in", "aids? for hearing", "aids? digestion", "audio visual aids?", "assistive aids?",
    "kitchen aids?", "toilet aids?", "low vision aids?", "wears aids?", "orthopedic aids?",
    "s ?t(?: segment)? (?:t )?depression", "t wave depression", "j point depression", "segment depression",
    "respiratory depression", "cns depression", "bone marrow depression", "marrow depression",
    "myocardial depression", "circulatory depression", "depression of the st", "depression of st",
    "depression in (?:leads? )?(?:v[0-9]|ii|iii|avl|avf|i)", "mm depression", "mm of depression",
    "depressed skull", "depressed fracture", "depressed sternum", "depressed st", "st depressed", "tongue depressed",
    "depressed reflexes", "reflexes (?:are )?depressed", "depressed respirations?", "respirations? (?:are )?depressed",
    "depressed (?:left ventricular|lv|systolic|ejection|ef|wbc|white count|platelets?|gag|deep tendon)",
    "(?:function|ef|fraction) (?:is |was )?(?:mildly |moderately |severely )?depressed", "plateau depression",
    "tibial plateau depression", "fontanel(?:le)? (?:is |was )?depressed", "depressed fontanel(?:le)?",
    "depressed (?:area|lesion|scar|nasal)", "joint depression", "depression fracture",
    "cocaine (?:solution|pledgets?|flakes?|pack|packs|spray|anesthesia|topical|paste|hcl)", "topical cocaine",
    "(?:4|5|10|0) (?:percent )?cocaine", "cocaine soaked", "alcohol (?:swabs?|pads?|preps?|wipes?|sponges?|rub|bath|sponge)",
    "(?:rubbing|isopropyl|benzyl|cetyl|stearyl|denatured|absolute|wood) alcohol",
    "crack(?:ed|s|ing)? (?:in|of|the|tooth|skin|lips?|nipples?|heel)", "crackles?", "skin crack", "crack between",
    "pint of (?:blood|milk|water|fluids?)", "pints of (?:blood|milk|water|fluids?)", "fifth of (?:the|his|her|a)",
    "addicted to (?:sweets|sugar|chocolate|exercise)", "speed of", "ecstasy of", "condom catheter",
    "psychiatric: (?:negative|normal)", "manic(?:ure|ured)", "panic value", "panic values", "anxiety free",
    "(?:lead|leads|electrode) (?:is|are|was) bipolar", "depressed the", "std disability", "bipolar (?:cautery|electrocautery|forceps|lead|leads|coagulation|hip|prosthesis|hemiarthroplasty|pacing|pacemaker|"
    "hemi|component|head|endoprosthesis|electrode|electrodes|testing|bovie|coag|cauterization|sensing|"
    "femoral|arthroplasty|unit|sealing|loop|resection)", "using bipolar", "with bipolar", "by bipolar", "the bipolar",
    "hysterical pregnancy", "no suicidal", "autism awareness", "lithium batter(?:y|ies)", "lithium iodine",
    "lithium powered", "lithium cell", "hpv vaccine", "gardasil", "sti vocor", "ect(?=opic)",
    "seen by psych(?= no)", "family planning (?:pamphlet|brochure|booklet)", "intrauterine (?:growth|pregnancy|fetal|"
    "pressure|demise|fetus|gestation|catheter)", "std (?:precautions|deviation|error|dose|protocol)", "std dev",
    "standard (?:deviation|disability)", "short term disability std", "std claim", "std benefits?", "std form", "std ltd",
    "tab(?=s? (?:po|by|q|daily|bid|tid|qid|every|at|0|1|2|i|one|two))", "(?:0|1|2|one|two|i|ii|mg|mcg|gm|g|iu|po) tabs?",
    "[0-9]+ tabs?", "[0-9]+ ?mg tabs?", "tabs? [0-9]+", "tab refill", "tab disp", "chart tab", "tab qty", "tab sig",
    "(?:chewable|enteric|ec|xl|sr|er|oral|each|per|half|chart|divider|file|index|color|lab|section) tab", "tab (?:by|a|each|"
    "q[a-z0-9]*|po|daily|bid|tid|qid|hs|prn|od|every|in|at|for|dispense|label)",
    "ddi(?= dr)", "pcp prophylaxis for", "thc(?= residue free)",
)  # fmt: skip
"""Regular expressions on the plain clause."""
DENIALS: tuple[str, ...] = (
    "denie[sd]", "deny", "denying", "no", "not", "without", "never", "non", "negative(?: for)?", "neg(?: for)?",
    "free of", "absence of", "nor", "none", "no evidence of", "doesn t", "doesn't", "does not", "didn't", "isn't",
    "ruled out", "unremarkable for", "w o", "no hx of", "no history of", "nonsmoker", "avoid", "don't",
)  # fmt: skip
RELATIVES: tuple[str, ...] = (
    "family history", "fam hx", "fh", "fhx", "family hx", "father(?:'s)?", "mother(?:'s)?", "dad(?:'s)?", "mom(?:'s)?",
    "brothers?(?:'s)?", "sisters?(?:'s)?", "uncles?(?:'s)?", "aunts?(?:'s)?", "grandfather(?:'s)?", "grandmother(?:'s)?",
    "grandparents?", "maternal", "paternal", "sibs?", "siblings?", "cousins?", "relatives?", "fa", "mo", "parents?",
    "husband(?:'s)?", "wife(?:'s)?", "son(?:'s)?", "daughter(?:'s)?", "spouse(?:'s)?", "roommate", "boyfriend(?:'s)?",
    "neighbor", "family members?", "nephew", "niece",
)  # fmt: skip
PRINTED: tuple[str, ...] = (
    "pamphlet", "brochure", "booklet", "leaflet", "handout", "fact sheet", 
    "inservice", "policy", "policies", "universal precautions", "standard precautions",
    "do not drink", "drink alcohol", "drinking alcohol while", "avoid alcohol", "alcoholic beverage", "i authorize",
    "i specifically authorize", "hereby authorize", "authorize", "authorization", "information relating to",
    "information related to", "information regarding", "information concerning", "redisclos", "disclosure of", "this release",
    "records relating", "records concerning", "may include", "including but not limited", "if applicable",
    "initial if", "initials", "check all that apply", "check if you", "have you ever", "do you have", "do you use",
    "do you drink", "have you had", "are you", "please circle", "please check", "circle all", "circle yes or no",
    "blood donor", 
    "federal regulations", "42 cfr", "confidentiality of", "prohibits", "protected by", "state law", "federal law",
    "professor of", "board certified", "diplomate", "m d psychiatry",
    "extension", "directory", "side effects may", "may cause", "tell your doctor", 
    
    "clinic hours", "visiting hours", "services offered", "we offer", "services include", "our services",
    "yes no", "y n", "section 3", "release of information about", "specially protected", "sensitive information",
)  # fmt: skip
