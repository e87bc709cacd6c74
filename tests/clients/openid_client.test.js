import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as openid from 'openid-client';
import { amina, graphScope, ids, server } from './fixture.js';
import { Person } from './person.js';

const at = server();
const issuer = new URL(`${at.authority}/v2.0`);
const redirectUri = 'https://website.example/done';

async function signedIn(config, person, more = {}) {
  const verifier = openid.randomPKCECodeVerifier();
  const [state, nonce] = [openid.randomState(), openid.randomNonce()];
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile email offline_access',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  });
  const back = await person.signIn(url);
  return openid.authorizationCodeGrant(config, back,
    { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });
}

test('discovery, code, user info, refresh, and sign-out', async () => {
  const config = await openid.discovery(issuer, ids.website, at.secret);
  const person = new Person();
  const tokens = await signedIn(config, person);
  const claims = tokens.claims();
  assert.equal(claims.preferred_username, amina.name);
  const info = await openid.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(info.name, 'Amina Diallo');
  assert.equal(info.email, amina.name);
  const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(renewed.refresh_token, tokens.refresh_token);

  // The same browser needs no password.
  await signedIn(config, person, { prompt: 'none' });
  const out = openid.buildEndSessionUrl(config,
    { id_token_hint: tokens.id_token, post_logout_redirect_uri: redirectUri, state: 'bye' });
  const left = await person.request(out);
  assert.equal(left.location, `${redirectUri}?state=bye`);
  await assert.rejects(signedIn(config, person, { prompt: 'none' }), { error: 'login_required' });
});

test('client credentials with private_key_jwt for the issuer', async () => {
  const key = await crypto.subtle.importKey('pkcs8',
    Buffer.from(at.privateKey.replace(/-----[^-]+-----|\s/g, ''), 'base64'),
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign']);
  const { X509Certificate } = await import('node:crypto');
  const fingerprint = new X509Certificate(at.certificate).fingerprint.replaceAll(':', '');
  const config = await openid.discovery(issuer, ids.daemon, undefined, openid.PrivateKeyJwt({ key, kid: fingerprint }));
  const tokens = await openid.clientCredentialsGrant(config, { scope: graphScope });
  assert.ok(tokens.access_token);
});

test('a device code', async () => {
  const config = await openid.discovery(issuer, ids.desktop, undefined, openid.None());
  const begun = await openid.initiateDeviceAuthorization(config, { scope: 'openid api://payroll/user_impersonation' });
  await new Person().approveDevice(begun.verification_uri, begun.user_code);
  const tokens = await openid.pollDeviceAuthorizationGrant(config, begun);
  assert.equal(tokens.claims().preferred_username, amina.name);
});
