import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientCertificateCredential, ClientSecretCredential } from '@azure/identity';
import { graphScope, ids, server } from './fixture.js';

const at = server();
const options = { authorityHost: at.url, disableInstanceDiscovery: true };

test('ClientSecretCredential', async () => {
  const token = await new ClientSecretCredential(ids.tenant, ids.daemon, at.secret, options).getToken(graphScope);
  assert.ok(token.expiresOnTimestamp > Date.now());
});

test('ClientSecretCredential says why it was refused', async () => {
  const credential = new ClientSecretCredential(ids.tenant, ids.daemon, 'wrong', options);
  await assert.rejects(credential.getToken(graphScope), /AADSTS7000215/);
});

test('ClientCertificateCredential', async () => {
  const token = await new ClientCertificateCredential(ids.tenant, ids.daemon, at.certificateFile, options).getToken(graphScope);
  assert.ok(token.token);
});
