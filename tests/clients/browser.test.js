// A person at a real browser, without scripts: the pages must carry a whole sign-in by themselves, and a policy of their
// own must not stand in the way of their forms. Fields are found by their labels, as a screen reader finds them.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer } from 'node:https';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { amina, graphScope, ids, payrollScope, server } from './fixture.js';

const at = server();
const program = '/usr/bin/chromium';
const missing = existsSync(program) ? false : `there is no ${program}`;
const done = 'https://website.example/done';
let browser;
let client;

// The client's own site; the browser finds it under its name.
function startClient() {
  return new Promise((resolve) => {
    const site = createServer({ key: at.privateKey, cert: at.certificate }, (request, response) => response.end('back'));
    site.listen(0, '127.0.0.1', () => resolve(site));
  });
}

before(async () => {
  if (missing) return;
  client = await startClient();
  browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu',
    `--host-resolver-rules=MAP website.example 127.0.0.1:${client.address().port}`] });
});
after(async () => {
  await browser?.close();
  client?.closeAllConnections();
  client?.close();
});

async function newPage() {
  const context = await browser.newContext({ javaScriptEnabled: false, ignoreHTTPSErrors: true });
  return context.newPage();
}

function authorizeUrl(more = {}) {
  return `${at.authority}/oauth2/v2.0/authorize?${new URLSearchParams({
    client_id: ids.website, redirect_uri: done, response_type: 'code', scope: 'openid profile', state: 's',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256', ...more })}`;
}

async function typePassword(page, password = amina.password, name = amina.name) {
  await page.getByLabel('Account').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

function oneTimePassword(base32, step) {
  const bits = [...base32].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

async function graph(method, path, body, application = ids.daemon) {
  const answer = await fetch(`${at.authority}/oauth2/v2.0/token`, { method: 'POST', body: new URLSearchParams({
    grant_type: 'client_credentials', client_id: application, client_secret: at.secret, scope: graphScope }) });
  const { access_token: token } = await answer.json();
  const response = await fetch(`${at.url}${path}`, { method, body: JSON.stringify(body),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } });
  assert.ok(response.ok, await response.clone().text());
  return response.status === 204 ? {} : response.json();
}

test('a wrong password is told, the right one leads back to the client', { skip: missing }, async () => {
  const page = await newPage();
  await page.goto(authorizeUrl());
  assert.equal(await page.getByRole('heading').innerText(), 'Sign in');
  await typePassword(page, 'wrong');
  assert.match(await page.getByRole('alert').innerText(), /AADSTS50126/);
  await typePassword(page);
  await page.waitForURL(`${done}*`);
  assert.ok(new URL(page.url()).searchParams.get('code'));
  // The browser is known now.
  await page.goto(authorizeUrl({ prompt: 'none' }));
  assert.ok(new URL(page.url()).searchParams.get('code'));
  await page.goto(`${at.authority}/oauth2/v2.0/logout`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  assert.equal(await page.getByRole('heading').innerText(), 'Signed out');
});

test('whoever has to change the password chooses a new one', { skip: missing }, async () => {
  const name = 'newcomer@contoso.example';
  const made = await graph('POST', '/v1.0/users', { accountEnabled: true, displayName: 'Newcomer', mailNickname: 'newcomer',
    userPrincipalName: name, passwordProfile: { password: 'Handed-over-1', forceChangePasswordNextSignIn: true } }, ids.keeper);
  try {
    const page = await newPage();
    await page.goto(authorizeUrl());
    await typePassword(page, 'Handed-over-1', name);
    assert.equal(await page.getByRole('heading').innerText(), 'Choose a new password');
    await page.getByLabel('New password', { exact: true }).fill('too-weak');
    await page.getByLabel('The new password once more').fill('too-weak');
    await page.getByRole('button', { name: 'Change and sign in' }).click();
    assert.match(await page.getByRole('alert').innerText(), /AADSTS120002/);
    await page.getByLabel('New password', { exact: true }).fill('Chosen-by-me-2');
    await page.getByLabel('The new password once more').fill('Chosen-by-me-2');
    await page.getByRole('button', { name: 'Change and sign in' }).click();
    await page.waitForURL(`${done}*`);
    assert.ok(new URL(page.url()).searchParams.get('code'));
  } finally {
    await graph('DELETE', `/v1.0/users/${made.id}`, undefined, ids.keeper);
  }
});

test('a person consents, and may decline', { skip: missing }, async () => {
  const page = await newPage();
  await page.goto(authorizeUrl({ prompt: 'consent', scope: payrollScope }));
  await typePassword(page);
  assert.match(await page.getByRole('listitem').innerText(), /user_impersonation of Payroll/);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForURL(`${done}*`);
  assert.equal(new URL(page.url()).searchParams.get('error'), 'access_denied');
  await page.goto(authorizeUrl({ prompt: 'consent', scope: payrollScope }));
  await typePassword(page);
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await page.waitForURL(`${done}*`);
});

test('a device is let in by its code', { skip: missing }, async () => {
  const begun = await (await fetch(`${at.authority}/oauth2/v2.0/devicecode`, { method: 'POST',
    body: new URLSearchParams({ client_id: ids.desktop, scope: payrollScope }) })).json();
  const page = await newPage();
  await page.goto(begun.verification_uri);
  await page.getByLabel('Code').fill('BBBB-BBBB');
  await page.getByRole('button', { name: 'Next' }).click();
  assert.match(await page.getByRole('alert').innerText(), /not known/);
  await page.getByLabel('Code').fill(begun.user_code);
  await page.getByRole('button', { name: 'Next' }).click();
  await typePassword(page);
  assert.match(await page.locator('#requester').innerText(), /Desktop/);
  await page.getByRole('button', { name: 'Continue' }).click();
  assert.match(await page.getByRole('main').innerText(), /You are signed in to Desktop/);
});

test('a second factor is set up and asked for', { skip: missing }, async () => {
  const policy = await graph('POST', '/v1.0/identity/conditionalAccess/policies', {
    displayName: 'Two factors for the vault', state: 'enabled',
    conditions: { users: { includeUsers: ['All'] }, clientAppTypes: ['all'], applications: { includeApplications: [ids.vault] } },
    grantControls: { operator: 'OR', builtInControls: ['mfa'] } });
  try {
    const page = await newPage();
    await page.goto(authorizeUrl({ client_id: ids.vault }));
    await typePassword(page);
    const secret = await page.locator('#generator-key').innerText();
    const step = Math.floor(Date.now() / 30000);
    await page.getByLabel('Digits that the generator shows').fill(oneTimePassword(secret, step));
    await page.getByRole('button', { name: 'Verify' }).click();
    assert.equal(await page.getByRole('listitem').count(), 10);
    const recovery = await page.getByRole('listitem').first().innerText();
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await page.waitForURL(`${done}*`);

    const other = await newPage();
    await other.goto(authorizeUrl({ client_id: ids.vault }));
    await typePassword(other);
    // The step that enrolled is used up; the next is good already.
    await other.getByLabel('Code').fill(oneTimePassword(secret, step));
    await other.getByRole('button', { name: 'Verify' }).click();
    assert.match(await other.getByRole('alert').innerText(), /AADSTS500121/);
    await other.getByLabel('Code').fill(recovery);
    await other.getByRole('button', { name: 'Verify' }).click();
    await other.waitForURL(`${done}*`);
  } finally {
    await graph('DELETE', `/v1.0/identity/conditionalAccess/policies/${policy.id}`);
  }
});
