// hl7v2-net's MLLP server as it comes: parses, answers AA to whatever it can parse.
//   PEERS_NODE=install-folder node mllp-server.mjs PORT FOLDER
import { mkdirSync, writeFileSync } from "node:fs";
import { load } from "./packages.mjs";

const [port, folder] = [Number(process.argv[2]), process.argv[3]];
mkdirSync(folder, { recursive: true });
let count = 0;
const server = load("hl7v2-net").HL7Server.createServer();
server.use(async (request) => {
  writeFileSync(`${folder}/${String(count++).padStart(6, "0")}.hl7`, request.message.toHL7String());
});
server.listen(port, "127.0.0.1");
