"""HL7 version 2 as both directions need it: messages as text (`er7`), answers (`answers`), and the line
they go over (`mllp`). Knows no patient, no document and no database."""
