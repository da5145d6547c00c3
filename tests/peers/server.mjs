// grpc-js as server: node server.mjs TRANSPORT FOLDER. Prints its port, and runs until its standard input closes.
import grpc from '@grpc/grpc-js';
import { Echo, credentials } from './echo.mjs';

const [transport, folder] = process.argv.slice(2);
let cancelled = 0;

function metadata(entries) {
  const result = new grpc.Metadata();
  for (const [key, value] of Object.entries(entries)) result.add(key, value);
  return result;
}

function refusal(text) {
  if (!text.startsWith('refuse:')) return null;
  const [, code, ...rest] = text.split(':');
  const trailers = metadata({
    'x-why': 'policy',
    'x-raw-bin': Buffer.from([0, 1, 254, 255]),
    'grpc-status-details-bin': Buffer.from([8, 7]),
  });
  return { code: Number(code), details: rest.join(':'), metadata: trailers };
}

function say(call, answer) {
  const { text, number, body } = call.request;
  const refused = refusal(text);
  if (refused) return answer(refused);
  if (text === 'wait') {
    call.sendMetadata(metadata({ 'x-head': 'waiting' }));
    return call.on('cancelled', () => cancelled++);
  }
  if (text === 'cancelled') return answer(null, { number: cancelled });
  if (text !== 'metadata') return answer(null, { text, number: number + 1, body });
  call.sendMetadata(metadata({ 'x-head': 'head' }));
  const raw = call.metadata.get('x-raw-bin')[0].toString('hex');
  answer(null, { text: `${call.metadata.get('x-text')[0]} ${raw}` }, metadata({ 'x-trail': 'trail' }));
}

function count(call) {
  for (let number = 0; number < call.request.number; number++) call.write({ number });
  const refused = refusal(call.request.text);
  if (refused) call.emit('error', refused);
  else call.end();
}

function add(call, answer) {
  let sum = 0;
  call.on('data', ({ number }) => { sum += number; });
  call.on('end', () => answer(null, { number: sum }));
}

function double(call) {
  call.on('data', ({ number }) => call.write({ number: number * 2 }));
  call.on('end', () => call.end());
}

const server = new grpc.Server({ 'grpc.max_receive_message_length': 8 << 20 });
server.addService(Echo.service, { Say: say, Count: count, Add: add, Double: double });
server.bindAsync('127.0.0.1:0', credentials(transport, folder, 'peer').server, (error, port) => {
  if (error) throw error;
  console.log(port);
});
process.stdin.on('end', () => process.exit(0)).resume();
