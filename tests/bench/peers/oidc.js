// oidc-provider as a token endpoint over TLS: one confidential client, client credentials, access tokens that are JWTs.
//   node oidc.js KEY_FILE CERTIFICATE_FILE RS256|ES256 CLIENT_SECRET     prints its port
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');
const https = require('node:https');

const [keyFile, certificateFile, algorithm, secret] = process.argv.slice(2);
const resource = 'https://graph.example/';

async function main() {
  const { Provider } = await import('oidc-provider');
  const made = algorithm === 'RS256' ? crypto.generateKeyPairSync('rsa', { modulusLength: 2048 })
                                     : crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const provider = new Provider('https://127.0.0.1', {
    clients: [{
      client_id: 'console', client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [],
      response_types: [], token_endpoint_auth_method: 'client_secret_post',
      id_token_signed_response_alg: algorithm,
    }],
    cookies: { keys: ['not a secret: nobody signs in here'] },
    jwks: { keys: [{ ...made.privateKey.export({ format: 'jwk' }), alg: algorithm, use: 'sig', kid: 'bench' }] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        getResourceServerInfo: () => ({
          scope: 'read', audience: resource, accessTokenTTL: 3600, accessTokenFormat: 'jwt',
          jwt: { sign: { alg: algorithm } },
        }),
      },
    },
  });
  const server = https.createServer({ key: fs.readFileSync(keyFile), cert: fs.readFileSync(certificateFile) },
                                    provider.callback());
  server.keepAliveTimeout = 60000;
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}
main();
