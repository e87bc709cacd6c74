import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { graphScope, ids, server } from './fixture.js';

const at = server();

async function tokenOf(path, form) {
  const response = await fetch(`${at.authority}${path}`, { method: 'POST', body: new URLSearchParams(
    { grant_type: 'client_credentials', client_id: ids.daemon, client_secret: at.secret, ...form }) });
  return (await response.json()).access_token;
}

test('the published keys verify tokens of version 2', async () => {
  const keys = createRemoteJWKSet(new URL(`${at.authority}/discovery/v2.0/keys`));
  const token = await tokenOf('/oauth2/v2.0/token', { scope: graphScope });
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer: `${at.authority}/v2.0`, audience: '00000003-0000-0000-c000-000000000000', algorithms: ['RS256'] });
  assert.equal(payload.tid, ids.tenant);
  assert.ok(protectedHeader.kid);
});

test('and of version 1', async () => {
  const keys = createRemoteJWKSet(new URL(`${at.authority}/discovery/keys`));
  const token = await tokenOf('/oauth2/token', { resource: 'https://graph.microsoft.com' });
  await jwtVerify(token, keys, { issuer: `${at.authority}/`, audience: 'https://graph.microsoft.com' });
});

test('and the keys of `common` verify those of every tenant', async () => {
  const keys = createRemoteJWKSet(new URL(`${at.url}/common/discovery/v2.0/keys`));
  await jwtVerify(await tokenOf('/oauth2/v2.0/token', { scope: graphScope }), keys);
});
