// grpc-js as client: node client.mjs TRANSPORT FOLDER ADDRESS. Prints a line per behaviour; exits with 1 if one failed.
import grpc from '@grpc/grpc-js';
import { Echo, credentials } from './echo.mjs';

const [transport, folder, address] = process.argv.slice(2);
const options = { 'grpc.max_receive_message_length': 16 << 20, 'grpc.max_send_message_length': 16 << 20 };
const client = new Echo(address, credentials(transport, folder, 'peer').client, options);
let failed = 0;

function check(what, holds, seen) {
  console.log(`${holds ? 'ok' : 'FAILED'} ${what}${holds ? '' : ` ${JSON.stringify(seen)}`}`);
  if (!holds) failed++;
}

// The whole outcome of a unary call: error or value, headers, final status.
function say(request, { headers = new grpc.Metadata(), within = 20_000, cancelOn } = {}) {
  return new Promise((resolve) => {
    const outcome = {};
    const call = client.Say(request, headers, { deadline: Date.now() + within }, (error, value) => {
      Object.assign(outcome, { error, value });
      setImmediate(resolve, outcome);
    });
    call.on('metadata', (received) => { outcome.headers = received; });
    call.on('status', (status) => { outcome.status = status; });
    cancelOn?.(call);
  });
}

// What a stream brought, and how it ended.
function drain(stream) {
  return new Promise((resolve) => {
    const numbers = [];
    stream.on('data', ({ number }) => numbers.push(number));
    stream.on('error', (error) => resolve({ numbers, error }));
    stream.on('end', () => resolve({ numbers }));
  });
}

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

async function unary() {
  const answer = await say({ text: 'naïve ✓', number: 41 });
  check('unary', answer.value?.number === 42 && answer.value.text === 'naïve ✓', answer);
  const large = await say({ body: Buffer.alloc(6 << 20, 7) });
  check('large message', large.value?.body.length === 6 << 20, large.error);
  const oversized = await say({ body: Buffer.alloc(9 << 20) });
  check('oversized message', oversized.error?.code === grpc.status.RESOURCE_EXHAUSTED, oversized.error);
}

async function failures() {
  const { error } = await say({ text: 'refuse:7:not allowed ✗ 100%' });
  check('status', error?.code === 7 && error.details === 'not allowed ✗ 100%', error);
  const trailers = error.metadata;
  check('trailers', trailers.get('x-why')[0] === 'policy' && trailers.get('x-raw-bin')[0]?.toString('hex') === '0001feff', trailers);
  check('details', trailers.get('grpc-status-details-bin')[0]?.toString('hex') === '0807', trailers);
  const late = await say({ text: 'wait' }, { within: 1000 });
  check('deadline', late.error?.code === grpc.status.DEADLINE_EXCEEDED, late.error);
  const stopped = await say({ text: 'wait' }, { cancelOn: (call) => call.on('metadata', () => call.cancel()) });
  check('cancellation', stopped.error?.code === grpc.status.CANCELLED, stopped.error);
  let seen = 0;
  for (const end = Date.now() + 10_000; seen < 2 && Date.now() < end;) seen = (await say({ text: 'cancelled' })).value.number;
  check('the server notices both', seen === 2, seen);
}

async function metadata() {
  const headers = new grpc.Metadata();
  headers.add('x-text', 'abc');
  headers.add('x-raw-bin', Buffer.from([9, 8, 255]));
  const answer = await say({ text: 'metadata' }, { headers });
  check('metadata to the server', answer.value?.text === 'abc 0908ff', answer);
  check('headers and trailers to the client', answer.headers?.get('x-head')[0] === 'head' && answer.status?.metadata.get('x-trail')[0] === 'trail', answer);
}

async function streams() {
  const down = await drain(client.Count({ number: 1000 }));
  check('server streaming', sum(down.numbers) === 499_500 && !down.error, down.error);
  const broken = await drain(client.Count({ number: 10, text: 'refuse:9:half way' }));
  check('failure in the middle of a stream', broken.numbers.length === 10 && broken.error?.code === 9, broken);
  const up = await new Promise((resolve) => {
    const call = client.Add((error, value) => resolve({ error, value }));
    for (let number = 0; number < 1000; number++) call.write({ number });
    call.end();
  });
  check('client streaming', up.value?.number === 499_500, up);
  const both = client.Double();
  both.on('data', ({ number }) => (number < 398 ? both.write({ number: number / 2 + 1 }) : both.end()));
  both.write({ number: 0 });
  const chat = await drain(both);
  check('duplex streaming', chat.numbers.length === 200 && !chat.error, chat);
}

async function unknown() {
  const call = (path) => new Promise((resolve) => client.makeUnaryRequest(path, () => Buffer.alloc(0), () => null, {}, resolve));
  for (const [what, path] of [['unknown method', '/peers.Echo/Nothing'], ['unknown service', '/peers.Nobody/Nothing']]) {
    const error = await call(path);
    check(what, error?.code === grpc.status.UNIMPLEMENTED, error);
  }
}

for (const group of [unary, failures, metadata, streams, unknown]) await group();
process.exit(failed ? 1 : 0);
