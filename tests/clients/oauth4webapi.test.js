import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
import { amina, graphScope, ids, payrollScope, server } from './fixture.js';
import { Person } from './person.js';

const at = server();
const issuer = new URL(`${at.authority}/v2.0`);
const found = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));

test('client credentials', async () => {
  const client = { client_id: ids.daemon };
  const response = await oauth.clientCredentialsGrantRequest(
    found, client, oauth.ClientSecretBasic(at.secret), { scope: graphScope });
  const tokens = await oauth.processClientCredentialsResponse(found, client, response);
  assert.equal(tokens.token_type, 'bearer');
});

test('code and PKCE with every check that the library has', async () => {
  const client = { client_id: ids.desktop };
  const redirectUri = 'http://localhost:50505';
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const url = new URL(found.authorization_endpoint);
  for (const [name, value] of Object.entries({
    client_id: client.client_id, redirect_uri: redirectUri, response_type: 'code', state, nonce,
    scope: `openid offline_access ${payrollScope}`, max_age: '60',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  })) url.searchParams.set(name, value);
  const back = oauth.validateAuthResponse(found, client, await new Person().signIn(url), state);
  const response = await oauth.authorizationCodeGrantRequest(found, client, oauth.None(), back, redirectUri, verifier);
  const tokens = await oauth.processAuthorizationCodeResponse(found, client, response,
    { expectedNonce: nonce, maxAge: 60, requireIdToken: true });
  assert.equal(oauth.getValidatedIdTokenClaims(tokens).preferred_username, amina.name);
  await oauth.validateApplicationLevelSignature(found, response);

  const again = await oauth.refreshTokenGrantRequest(found, client, oauth.None(), tokens.refresh_token);
  await oauth.processRefreshTokenResponse(found, client, again);
  const reused = await oauth.refreshTokenGrantRequest(found, client, oauth.None(), tokens.refresh_token);
  await assert.rejects(oauth.processRefreshTokenResponse(found, client, reused), { error: 'invalid_grant' });
});
