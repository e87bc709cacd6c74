// The Basic OP and Config OP plans of the OpenID Foundation, module by module. See README.md.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { test } from 'node:test';
import { amina, ids, server } from '../../clients/fixture.js';
import { Person } from '../../clients/person.js';

const at = server();
const redirectUri = 'https://website.example/done';
const issuer = `${at.authority}/v2.0`;
const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const keys = (await (await fetch(metadata.jwks_uri)).json()).keys;

const sha256 = (text) => createHash('sha256').update(text).digest();
const part = (token, index) => JSON.parse(Buffer.from(token.split('.')[index], 'base64url'));

// SPEC: OpenID Connect Core 1.0 section 3.1.3.7, with nothing but Node's own cryptography.
function idTokenClaims(token, { nonce, accessToken } = {}) {
  const [header, claims] = [part(token, 0), part(token, 1)];
  assert.equal(header.alg, 'RS256');
  const key = createPublicKey({ key: keys.find((one) => one.kid === header.kid), format: 'jwk' });
  const [signed, signature] = [token.slice(0, token.lastIndexOf('.')), token.slice(token.lastIndexOf('.') + 1)];
  assert.ok(verify('sha256', Buffer.from(signed), key, Buffer.from(signature, 'base64url')));
  assert.equal(claims.iss, issuer);
  assert.equal(claims.aud, ids.website);
  const now = Date.now() / 1000;
  assert.ok(claims.exp > now && claims.iat <= now + 5);
  assert.equal(claims.nonce, nonce);
  if (accessToken) assert.equal(claims.at_hash, sha256(accessToken).subarray(0, 16).toString('base64url'));
  assert.ok(claims.sub.length > 0 && claims.sub.length <= 255);
  return claims;
}

class Flow {
  constructor(more = {}) {
    this.verifier = randomBytes(32).toString('base64url');
    this.query = {
      client_id: ids.website, redirect_uri: redirectUri, response_type: 'code', scope: 'openid',
      state: randomBytes(9).toString('base64url'), nonce: randomBytes(9).toString('base64url'),
      code_challenge: sha256(this.verifier).toString('base64url'), code_challenge_method: 'S256', ...more,
    };
    for (const [name, value] of Object.entries(this.query)) if (value === undefined) delete this.query[name];
  }
  get url() { return `${metadata.authorization_endpoint}?${new URLSearchParams(this.query)}`; }
  // Where the server sends the browser, checked.
  async answer(person = new Person()) {
    const back = await person.signIn(this.url);
    assert.equal(back.searchParams.get('state'), this.query.state ?? null);
    assert.equal(back.searchParams.get('iss'), issuer);
    return back.searchParams;
  }
  async redeem(code, { basic = true } = {}) {
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: this.verifier };
    if (!basic) Object.assign(form, { client_id: ids.website, client_secret: at.secret });
    const credentials = `${encodeURIComponent(ids.website)}:${encodeURIComponent(at.secret)}`;
    const response = await fetch(metadata.token_endpoint, { method: 'POST', body: new URLSearchParams(form),
      headers: basic ? { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } : {} });
    assert.equal(response.headers.get('cache-control'), 'no-store');
    return { status: response.status, ...(await response.json()) };
  }
  async tokens(person) {
    const tokens = await this.redeem((await this.answer(person)).get('code'));
    assert.equal(tokens.status, 200, tokens.error_description);
    tokens.claims = idTokenClaims(tokens.id_token, { nonce: this.query.nonce, accessToken: tokens.access_token });
    return tokens;
  }
}

const userInfo = async (token, init = {}) => {
  const response = await fetch(metadata.userinfo_endpoint, { headers: { authorization: `Bearer ${token}` }, ...init });
  return { status: response.status, ...(await response.json().catch(() => ({}))) };
};

test('oidcc-discovery-endpoint-verification', () => {
  assert.equal(metadata.issuer, issuer);
  for (const name of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri', 'end_session_endpoint'])
    assert.equal(new URL(metadata[name]).protocol, 'https:');
  for (const [name, value] of Object.entries({ response_types_supported: 'code', scopes_supported: 'openid',
    subject_types_supported: 'pairwise', id_token_signing_alg_values_supported: 'RS256',
    grant_types_supported: 'authorization_code', code_challenge_methods_supported: 'S256' }))
    assert.ok(metadata[name].includes(value), name);
  assert.equal(new Set(keys.map((key) => key.kid)).size, keys.length);
  for (const key of keys) for (const secret of ['d', 'p', 'q', 'k']) assert.ok(!(secret in key));
});

test('oidcc-server', async () => { await new Flow().tokens(); });

test('oidcc-response-type-missing', async () => {
  assert.equal((await new Flow({ response_type: undefined }).answer()).get('error'), 'invalid_request');
});

for (const [module, init] of [['oidcc-userinfo-get', {}], ['oidcc-userinfo-post-header', { method: 'POST' }]])
  test(module, async () => {
    const tokens = await new Flow().tokens();
    assert.equal((await userInfo(tokens.access_token, init)).sub, tokens.claims.sub);
  });

test('oidcc-userinfo-post-body', async () => {
  const tokens = await new Flow().tokens();
  const answer = await userInfo('', { method: 'POST', headers: {}, body: new URLSearchParams({ access_token: tokens.access_token }) });
  assert.equal(answer.sub, tokens.claims.sub);
});

test('oidcc-ensure-request-without-nonce-succeeds-for-code-flow', async () => { await new Flow({ nonce: undefined }).tokens(); });

test('oidcc-scope-profile', async () => {
  const tokens = await new Flow({ scope: 'openid profile' }).tokens();
  assert.equal((await userInfo(tokens.access_token)).name, 'Amina Diallo');
});

test('oidcc-scope-email', async () => {
  const tokens = await new Flow({ scope: 'openid email' }).tokens();
  const answer = await userInfo(tokens.access_token);
  assert.equal(answer.email, amina.name);
  assert.equal(answer.name, undefined);
});

test('oidcc-ensure-other-scope-order-succeeds', async () => { await new Flow({ scope: 'email openid' }).tokens(); });

for (const [module, more] of Object.entries({
  'oidcc-display-page': { display: 'page' }, 'oidcc-display-popup': { display: 'popup' },
  'oidcc-ensure-request-with-unknown-parameter-succeeds': { extra: 'foobar' },
  'oidcc-ui-locales': { ui_locales: 'se' }, 'oidcc-claims-locales': { claims_locales: 'se' },
  'oidcc-ensure-request-with-acr-values-succeeds': { acr_values: '1 2' },
  'oidcc-login-hint': { login_hint: amina.name },
})) test(module, async () => { await new Flow(more).tokens(); });

test('oidcc-prompt-login', async () => {
  const person = new Person();
  const first = await new Flow().tokens(person);
  await new Promise((resolve) => { setTimeout(resolve, 1100); });
  const second = await new Flow({ prompt: 'login' }).tokens(person);
  assert.ok(second.claims.auth_time > first.claims.auth_time);
});

test('oidcc-prompt-none-not-logged-in', async () => {
  assert.equal((await new Flow({ prompt: 'none' }).answer()).get('error'), 'login_required');
});

test('oidcc-prompt-none-logged-in', async () => {
  const person = new Person();
  const first = await new Flow().tokens(person);
  const second = await new Flow({ prompt: 'none' }).tokens(person);
  assert.equal(second.claims.sub, first.claims.sub);
  assert.equal(second.claims.auth_time, first.claims.auth_time);
});

test('oidcc-max-age-1', async () => {
  const person = new Person();
  const first = await new Flow().tokens(person);
  await new Promise((resolve) => { setTimeout(resolve, 2000); });
  const second = await new Flow({ max_age: '1' }).tokens(person);
  assert.ok(second.claims.auth_time > first.claims.auth_time);
});

test('oidcc-max-age-10000', async () => {
  const person = new Person();
  const first = await new Flow().tokens(person);
  const second = await new Flow({ max_age: '10000' }).tokens(person);
  assert.equal(second.claims.auth_time, first.claims.auth_time);
});

test('oidcc-id-token-hint', async () => {
  const person = new Person();
  const first = await new Flow().tokens(person);
  const second = await new Flow({ prompt: 'none', id_token_hint: first.id_token }).tokens(person);
  assert.equal(second.claims.sub, first.claims.sub);
});

test('oidcc-codereuse and oidcc-codereuse-30seconds', async () => {
  const flow = new Flow();
  const code = (await flow.answer()).get('code');
  const first = await flow.redeem(code);
  assert.equal((await flow.redeem(code)).error, 'invalid_grant');
  assert.equal((await userInfo(first.access_token)).status, 401, 'the tokens of the first use are taken back');
});

test('oidcc-ensure-registered-redirect-uri', async () => {
  const page = await new Person().request(new Flow({ redirect_uri: 'https://website.example/other' }).url);
  assert.equal(page.status, 400);
  assert.equal(page.location, null);
});

test('oidcc-ensure-post-request-succeeds', async () => {
  const flow = new Flow();
  const person = new Person();
  const sentOn = await person.request(metadata.authorization_endpoint, flow.query);
  const back = await person.signIn(sentOn.location);
  assert.equal((await flow.redeem(back.searchParams.get('code'))).status, 200);
});

test('oidcc-server-client-secret-post', async () => {
  const flow = new Flow();
  assert.equal((await flow.redeem((await flow.answer()).get('code'), { basic: false })).status, 200);
});

test('oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', async () => {
  assert.equal(metadata.request_parameter_supported, false);
  assert.equal((await new Flow({ request: 'e30.e30.' }).answer()).get('error'), 'request_not_supported');
});

test('oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported', async () => {
  assert.equal(metadata.request_uri_parameter_supported, false);
  const answer = await new Flow({ request_uri: 'https://website.example/request' }).answer();
  assert.equal(answer.get('error'), 'request_uri_not_supported');
});

test('oidcc-claims-essential', async () => {
  assert.equal(metadata.claims_parameter_supported, false);
  await new Flow({ claims: '{"userinfo":{"name":{"essential":true}}}' }).tokens();
});

test('oidcc-refresh-token', async () => {
  const tokens = await new Flow({ scope: 'openid offline_access' }).tokens();
  const response = await fetch(metadata.token_endpoint, { method: 'POST', body: new URLSearchParams({
    grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: ids.website, client_secret: at.secret }) });
  const renewed = await response.json();
  const claims = part(renewed.id_token, 1);
  // SPEC: OpenID Connect Core 1.0 section 12.2.
  for (const name of ['iss', 'sub', 'aud', 'auth_time']) assert.equal(claims[name], tokens.claims[name], name);
  assert.equal(claims.nonce, undefined);
});
