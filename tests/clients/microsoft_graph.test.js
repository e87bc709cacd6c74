// Microsoft's own Graph client: what it follows, counts and unpacks by itself must be there for it.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ClientSecretCredential } from '@azure/identity';
import { BatchRequestContent, BatchResponseContent, Client, PageIterator } from '@microsoft/microsoft-graph-client';
import { graphScope, ids, server } from './fixture.js';

const at = server();
const credential = new ClientSecretCredential(ids.tenant, ids.keeper, at.secret, {
  authorityHost: at.url, disableInstanceDiscovery: true,
});
const client = Client.initWithMiddleware({
  baseUrl: at.url,
  customHosts: new Set([new URL(at.url).hostname]),
  authProvider: { getAccessToken: async () => (await credential.getToken(graphScope)).token },
});

const people = 45;
const made = [];  // ids of users

function person(number) {
  return {
    accountEnabled: true,
    displayName: `Person ${number}`,
    mailNickname: `person${number}`,
    userPrincipalName: `person${number}@contoso.example`,
    department: number % 3 === 0 ? 'Sales' : 'Support',
    passwordProfile: { password: 'Correct-Horse-1' },
  };
}

// Everything behind a link, and the link to go on from.
async function all(path, query = {}) {
  const items = [];
  const iterator = new PageIterator(client, await client.api(path).query(query).get(), (item) => items.push(item) > 0);
  await iterator.iterate();
  return { items, deltaLink: iterator.getDeltaLink() };
}

// Asks again until the answer is right: dynamic groups follow in the background.
async function eventually(ask, isRight) {
  for (let attempt = 0; attempt < 100; ++attempt) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return assert.fail('it never came');
}

before(async () => {
  // Twenty at a time, as a batch holds. The client leaves the host out, and the version is the batch's own.
  for (let first = 0; first < people; first += 20) {
    const steps = [];
    for (let number = first; number < Math.min(people, first + 20); ++number) {
      steps.push({
        id: `${number}`,
        request: new Request(`${at.url}/users`, {
          method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(person(number)),
        }),
      });
    }
    const content = await new BatchRequestContent(steps).getContent();
    const answers = new BatchResponseContent(await client.api('/$batch').post(content));
    for (const { id } of steps) {
      const response = answers.getResponseById(id);
      assert.equal(response.status, 201, id);
      made.push((await response.json()).id);
    }
  }
});

test('PageIterator follows every page', async () => {
  const { items } = await all('/users', { $top: 7, $filter: "startswith(displayName,'Person')" });
  assert.equal(items.length, people);
  assert.equal(new Set(items.map((item) => item.id)).size, people);
});

test('counting and searching with eventual consistency', async () => {
  const page = await client.api('/users').header('ConsistencyLevel', 'eventual')
    .count(true).filter("department ne 'Sales'").search('"displayName:person"').top(5).get();
  assert.equal(page['@odata.count'], 30);
  assert.equal(page.value.length, 5);
  await assert.rejects(client.api('/users').filter("department ne 'Sales'").get(),
    (error) => error.statusCode === 400 && error.code === 'Request_UnsupportedQuery');
});

test('a filter that names many', async () => {
  const list = made.slice(0, 40).map((id) => `'${id}'`).join(',');
  const { value } = await client.api('/users').filter(`id in (${list})`).select(['id', 'department']).top(999).get();
  assert.equal(value.length, 40);
  assert.deepEqual(Object.keys(value[0]).sort(), ['department', 'id']);
});

test('errors say what they are', async () => {
  await assert.rejects(client.api(`/users/${ids.keeper}`).get(), (error) => error.statusCode === 404
    && error.code === 'Request_ResourceNotFound' && /^[0-9a-f-]{36}$/.test(error.requestId));
});

test('a batch waits for what it depends on', async () => {
  const missing = new Request(`${at.url}/users/${ids.keeper}`);
  const waiting = new Request(`${at.url}/users/${made[0]}`);
  const batch = new BatchRequestContent([{ id: '1', request: missing }, { id: '2', request: waiting, dependsOn: ['1'] }]);
  const answers = new BatchResponseContent(await client.api('/$batch').post(await batch.getContent()));
  assert.equal(answers.getResponseById('1').status, 404);
  assert.equal(answers.getResponseById('2').status, 424);
});

test('a dynamic group and its delta', async () => {
  const start = await all('/groups/delta', { $select: 'displayName,members' });
  const group = await client.api('/groups').post({
    displayName: 'Salespeople', mailEnabled: false, mailNickname: 'sales', securityEnabled: true,
    groupTypes: ['DynamicMembership'], membershipRule: 'user.department -eq "Sales"', membershipRuleProcessingState: 'On',
  });
  const members = await eventually(async () => (await all(`/groups/${group.id}/members`)).items,
    (items) => items.length === people / 3);
  assert.equal(members[0]['@odata.type'], '#microsoft.graph.user');

  const next = await all(start.deltaLink.replace(`${at.url}/v1.0`, ''));
  const told = next.items.find((item) => item.id === group.id);
  assert.equal(told['members@delta'].length, people / 3);
  await client.api(`/users/${members[0].id}`).patch({ department: 'Support' });
  const last = await all(next.deltaLink.replace(`${at.url}/v1.0`, ''));
  const gone = last.items.find((item) => item.id === group.id)['members@delta'];
  assert.deepEqual(gone.map((member) => [member.id, member['@removed'].reason]), [[members[0].id, 'deleted']]);

  await client.api(`/groups/${group.id}`).delete();
  const end = await all(last.deltaLink.replace(`${at.url}/v1.0`, ''));
  assert.deepEqual(end.items.map((item) => [item.id, item['@removed']?.reason]), [[group.id, 'deleted']]);
});
