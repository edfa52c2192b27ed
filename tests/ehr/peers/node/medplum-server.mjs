// A FHIR R4 server in memory: Medplum's router and repository behind HTTP, validating each write.
//   PEERS_NODE=install-folder node medplum-server.mjs PORT [FOLDER-OF-PROFILES]
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { issuesOf, load, loadMedplum } from "./packages.mjs";

const [port, folder] = [Number(process.argv[2]), process.argv[3]];
const base = `http://127.0.0.1:${port}/fhir`;
const core = loadMedplum();
const { FhirRouter, MemoryRepository } = load("@medplum/fhir-router");

const profiles = new Map();
for (const file of folder && existsSync(folder) ? readdirSync(folder) : []) {
  if (!/^StructureDefinition-(us-core-|IHE\.)/.test(file)) continue;
  const profile = JSON.parse(readFileSync(`${folder}/${file}`, "utf8"));
  profiles.set(profile.url, profile);
}

/** Refuses what is not valid R4, or not valid by a profile that it claims. */
function check(resource) {
  const claimed = (resource.meta?.profile ?? []).map((url) => profiles.get(url)).filter(Boolean);
  const issue = [undefined, ...claimed]
    .flatMap((profile) => issuesOf(core, resource, profile))
    .filter((each) => each.severity === "error" || each.severity === "fatal");
  if (issue.length) throw new core.OperationOutcomeError({ resourceType: "OperationOutcome", issue });
}

const repository = new MemoryRepository();
for (const name of ["createResource", "updateResource"]) {
  const plain = repository[name].bind(repository);
  repository[name] = async (resource, ...rest) => {
    check(resource);
    return plain(resource, ...rest);
  };
}
const router = new FhirRouter();

async function read(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

function queryOf(url) {
  const query = {};
  for (const [key, value] of url.searchParams) query[key] = key in query ? [query[key], value].flat() : value;
  return query;
}

async function answer(request) {
  const raw = await read(request);
  const url = new URL(request.url, base);
  try {
    const asked = {
      method: request.method,
      url: request.url.replace(/^\/fhir\/?/, "/"),
      pathname: "",
      params: {},
      query: queryOf(url),
      body: raw.length ? JSON.parse(raw.toString("utf8")) : {},
      headers: request.headers,
    };
    const [outcome, resource] = await router.handleRequest(asked, repository);
    return [core.getStatus(outcome), resource ?? outcome];
  } catch (error) {
    const outcome = error.outcome ?? core.badRequest(String(error.message ?? error));
    return [core.getStatus(outcome), outcome];
  }
}

createServer(async (request, response) => {
  const [status, body] = await answer(request);
  const headers = { "content-type": "application/fhir+json; charset=utf-8" };
  if (body?.id && body.resourceType !== "OperationOutcome") {
    headers.location = `${base}/${body.resourceType}/${body.id}`;
    if (body.meta?.versionId) headers.etag = `W/"${body.meta.versionId}"`;
  }
  response.writeHead(status, headers).end(JSON.stringify(body));
}).listen(port, "127.0.0.1");
