import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node';
import { amina, graphScope, ids, payrollScope, server } from './fixture.js';
import { Person } from './person.js';

const at = server();
const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
const auth = (clientId, more = {}) => ({
  auth: { clientId, authority: at.authority, knownAuthorities: [at.host], ...more },
});

test('a secret gives an application its token', async () => {
  const client = new ConfidentialClientApplication(auth(ids.daemon, { clientSecret: at.secret }));
  const answer = await client.acquireTokenByClientCredential({ scopes: [graphScope] });
  const claims = claimsOf(answer.accessToken);
  assert.deepEqual(claims.roles.sort(), ['Device.Read.All', 'Directory.Read.All', 'Policy.ReadWrite.ConditionalAccess']);
  assert.equal(claims.azpacr, '1');
});

test('a wrong secret is told by its number', async () => {
  const client = new ConfidentialClientApplication(auth(ids.daemon, { clientSecret: 'wrong' }));
  await assert.rejects(client.acquireTokenByClientCredential({ scopes: [graphScope] }), (error) => {
    assert.equal(error.errorCode, 'invalid_client');
    assert.match(error.errorMessage, /AADSTS7000215/);
    return true;
  });
});

test('a certificate gives an application its token, whichever hash names it', async () => {
  const der = new X509Certificate(at.certificate).raw;
  const thumbprintSha256 = createHash('sha256').update(der).digest('hex');
  const client = new ConfidentialClientApplication(
    auth(ids.daemon, { clientCertificate: { thumbprintSha256, privateKey: at.privateKey } }));
  const answer = await client.acquireTokenByClientCredential({ scopes: [graphScope] });
  assert.equal(claimsOf(answer.accessToken).azpacr, '2');
});

test('code and PKCE sign a person in, and silence renews it', async () => {
  const client = new PublicClientApplication(auth(ids.desktop));
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const request = { scopes: [payrollScope], redirectUri: 'http://localhost:49152' };
  const url = await client.getAuthCodeUrl(
    { ...request, codeChallenge: challenge, codeChallengeMethod: 'S256', nonce: 'n-1', state: 's-1' });
  const back = await new Person().signIn(url);
  assert.equal(back.searchParams.get('state'), 's-1');
  const code = back.searchParams.get('code');
  const answer = await client.acquireTokenByCode({ ...request, code, codeVerifier: verifier, nonce: 'n-1' });
  assert.equal(answer.account.username, amina.name);
  assert.equal(answer.account.tenantId, ids.tenant);
  assert.equal(claimsOf(answer.accessToken).scp, 'user_impersonation');
  assert.equal(claimsOf(answer.idToken).nonce, 'n-1');

  const renewed = await client.acquireTokenSilent({ scopes: [payrollScope], account: answer.account, forceRefresh: true });
  assert.notEqual(renewed.accessToken, answer.accessToken);
  assert.equal(renewed.fromCache, false);
});

test('a confidential client signs people in with its secret', async () => {
  const client = new ConfidentialClientApplication(auth(ids.website, { clientSecret: at.secret }));
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const request = { scopes: ['User.Read'], redirectUri: 'https://website.example/done' };
  const url = await client.getAuthCodeUrl({ ...request, codeChallenge: challenge, codeChallengeMethod: 'S256' });
  const back = await new Person().signIn(url);
  const answer = await client.acquireTokenByCode({ ...request, code: back.searchParams.get('code'), codeVerifier: verifier });
  assert.equal(answer.account.name, 'Amina Diallo');
});

test('a device code signs a device in', async () => {
  const client = new PublicClientApplication(auth(ids.desktop));
  let approval;
  const answer = await client.acquireTokenByDeviceCode({
    scopes: [payrollScope],
    deviceCodeCallback: (code) => {
      assert.match(code.message, new RegExp(code.userCode));
      approval = new Person().approveDevice(code.verificationUri, code.userCode);
    },
  });
  await approval;
  assert.equal(answer.account.username, amina.name);
});
