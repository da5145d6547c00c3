// What client and server have in common.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const file = fileURLToPath(new URL('echo.proto', import.meta.url));
export const { Echo } = grpc.loadPackageDefinition(loader.loadSync(file, { defaults: true })).peers;

// TRANSPORT is "plain", "tls" or "mtls"; certificates are PEM files in FOLDER, for this side named NAME.
export function credentials(transport, folder, name) {
  if (transport === 'plain') return { client: grpc.credentials.createInsecure(), server: grpc.ServerCredentials.createInsecure() };
  const read = (suffix) => readFileSync(`${folder}/${suffix}`);
  const authority = read('ca.crt');
  const own = [read(`${name}.key`), read(`${name}.crt`)];
  const mutual = transport === 'mtls';
  return {
    client: mutual ? grpc.credentials.createSsl(authority, ...own) : grpc.credentials.createSsl(authority),
    server: grpc.ServerCredentials.createSsl(authority, [{ private_key: own[0], cert_chain: own[1] }], mutual),
  };
}
