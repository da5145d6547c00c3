// grpc-js, which nobody here wrote, against a node and a broker: node stranger.mjs. Reads what it needs as JSON from
// standard input, prints a line per behaviour, and exits with 1 if one failed.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const given = JSON.parse(readFileSync(0, 'utf8'));
const protos = fileURLToPath(new URL('../../protos', import.meta.url));
const definition = loader.loadSync(
  ['part', 'footprint', 'import'].map((noun) => `traceability/node/v1/${noun}_service.proto`)
    .concat('traceability/broker/v1/directory_service.proto'),
  { defaults: true, enums: String, includeDirs: [protos], keepCase: true });
const { node, broker } = grpc.loadPackageDefinition(definition).traceability;
const authority = readFileSync(given.authority);
const own = [readFileSync(given.key), readFileSync(given.certificate)];
const tls = grpc.credentials.createSsl(authority);
const mutual = grpc.credentials.createSsl(authority, ...own);
const clerks = grpc.credentials.createSsl(authority, readFileSync(given.clerk_key), readFileSync(given.clerk_certificate));
const parts = new node.v1.PartService(given.node, clerks);
const footprints = new node.v1.FootprintService(given.node, clerks);
const imports = new node.v1.ImportService(given.node, clerks);
const directory = new broker.v1.DirectoryService(given.broker, mutual);
let failed = 0;

function check(what, holds, seen) {
  console.log(`${holds ? 'ok' : 'FAILED'} ${what}${holds ? '' : ` ${JSON.stringify(seen)}`}`);
  if (!holds) failed++;
}

function bearing(token) {
  const metadata = new grpc.Metadata();
  metadata.add('authorization', `Bearer ${token}`);
  return metadata;
}

const clerk = bearing(given.clerk_token);
const soon = (within = 20_000) => ({ deadline: Date.now() + within });

// The whole outcome of a unary call: error or value.
function ask(client, method, request, metadata = clerk, within = 20_000) {
  return new Promise((resolve) => client[method](request, metadata, soon(within), (error, value) => resolve({ error, value })));
}

// What a stream brought, and how it ended.
function drain(stream, each = () => {}) {
  return new Promise((resolve) => {
    const messages = [];
    stream.on('data', (message) => { messages.push(message); each(message); });
    stream.on('error', (error) => resolve({ messages, error }));
    stream.on('end', () => resolve({ messages }));
  });
}

// The details of an error are a google.rpc.Status; its texts are readable as they stand.
const says = (error, ...texts) => texts.every((text) =>
  error?.metadata.get('grpc-status-details-bin')[0]?.toString('latin1').includes(text));

const partNamed = (name) => ({ part: { trace_id: given.trace_id, name, kind: 'PART_KIND_MADE', declared_unit: 'piece' } });

async function unary() {
  const made = await ask(parts, 'RegisterPart', partNamed('naïve 電池 ✓'));
  check('unary', made.value?.part.name === 'naïve 電池 ✓', made);
  const again = await ask(parts, 'GetPart', { trace_id: given.trace_id });
  check('what was stored', again.value?.part.declared_unit === 'piece', again);
  const member = await ask(directory, 'GetOperator', { operator_id: given.operator_id }, bearing(given.administrator_token));
  check('unary over mutual TLS', member.value?.operator.operator_id === given.operator_id, member);
}

async function errors() {
  const unknown = await ask(parts, 'GetPart', { trace_id: given.unknown_id });
  check('status', unknown.error?.code === grpc.status.PERMISSION_DENIED, unknown.error);
  check('details', says(unknown.error, 'NOT_DISCLOSED', 'traceability', given.unknown_id), unknown.error?.metadata);
  const invalid = await ask(parts, 'RegisterPart', { part: { trace_id: 'x', name: '', declared_unit: 'parsec' } });
  check('every violation', invalid.error?.code === grpc.status.INVALID_ARGUMENT
    && says(invalid.error, 'part.trace_id', 'part.name', 'part.kind', 'part.declared_unit'), invalid.error);
  const taken = await ask(parts, 'RegisterPart', partNamed('other'));
  check('a rule that said no', taken.error?.code === grpc.status.ALREADY_EXISTS && says(taken.error, 'ALREADY_EXISTS'), taken.error);
  const large = await ask(parts, 'RegisterPart', partNamed('x'.repeat(5 << 20)));
  check('an oversized message', large.error?.code === grpc.status.RESOURCE_EXHAUSTED, large.error);
  const nobody = await ask(parts, 'GetPart', { trace_id: given.trace_id }, new grpc.Metadata());
  check('no token', nobody.error?.code === grpc.status.UNAUTHENTICATED, nobody.error);
}

async function streams() {
  const watch = footprints.WatchFootprint({ trace_id: given.trace_id }, clerk, soon());
  const watched = await drain(watch, () => watch.cancel());
  check('server streaming', watched.messages[0]?.footprint.trace_id === given.trace_id, watched);
  check('cancellation', watched.error?.code === grpc.status.CANCELLED, watched.error);
  const late = await drain(footprints.WatchFootprint({ trace_id: given.trace_id }, clerk, soon(1000)));
  check('deadline', late.error?.code === grpc.status.DEADLINE_EXCEEDED && late.messages.length > 0, late.error);
  const told = imports.ImportRecords(clerk, soon());
  const importing = drain(told);
  told.write({ start: { dry_run: true } });
  for (let row = 1; row <= 1000; row++) {
    told.write({ rows: { rows: [{ sheet: 's', row, part: { part_number: `P-${row}`, name: `p ${row}`, kind: 'made', unit: 'piece' } }] } });
  }
  told.end();
  const imported = await importing;
  check('duplex streaming', imported.messages.at(-1)?.result?.changed === 1000 && !imported.error, imported.error ?? imported.messages.at(-1));
  const broken = imports.ImportRecords(clerk, soon());
  const breaking = drain(broken);
  broken.write({ rows: { rows: [] } });
  const half = await breaking;
  check('failure in the middle of a stream', half.error?.code === grpc.status.INVALID_ARGUMENT && says(half.error, 'INVALID_REQUEST'), half.error);
}

async function strangers() {
  const call = (path) => new Promise((resolve) => parts.makeUnaryRequest(path, () => Buffer.alloc(0), () => null, {}, clerk, soon(), resolve));
  for (const [what, path] of [['unknown method', '/traceability.node.v1.PartService/Nothing'], ['unknown service', '/nobody.Nothing/Nothing']]) {
    const error = await call(path);
    check(what, error?.code === grpc.status.UNIMPLEMENTED, error);
  }
  const uncertified = new broker.v1.DirectoryService(given.broker, tls);
  const refused = await ask(uncertified, 'GetOperator', { operator_id: given.operator_id }, bearing(given.administrator_token));
  check('no certificate', refused.error?.code === grpc.status.UNAUTHENTICATED, refused.error);
  const thief = await ask(new node.v1.PartService(given.node, mutual), 'GetPart', { trace_id: given.trace_id });
  check('a token with the certificate of another', thief.error?.code === grpc.status.UNAUTHENTICATED, thief.error);
  const distrusting = new node.v1.PartService(given.node, grpc.credentials.createSsl());
  const unknown = await ask(distrusting, 'GetPart', { trace_id: given.trace_id }, clerk, 2000);
  check('an authority that is not trusted', [grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED].includes(unknown.error?.code), unknown.error);
}

for (const group of [unary, errors, streams, strangers]) await group();
process.exit(failed ? 1 : 0);
