// Starts a server, runs every *.test.js here against it (or those named), and stops it.   run.js WARDBRIDGE [FILE...]
// A FILE is named from here, or in full.
// Exit code 77: skipped, and standard output says why.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve as resolvePath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { amina, configuration } from './fixture.js';

const here = dirname(fileURLToPath(import.meta.url));
const skipped = 77;

// Debian 12's Node.js is too old for some of these clients, so theirs comes with them from the npm registry.
function ownNode() {
  const path = join(here, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  return existsSync(path) ? path : process.execPath;
}

function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(skipped);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// A key and a self-signed certificate, as an administrator would make them.
function makeClientCertificate(folder) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=daemon',
    '-keyout', join(folder, 'client-key.pem'), '-out', join(folder, 'client.pem')], { stdio: 'ignore' });
  execFileSync('sh', ['-c', 'cat client-key.pem client.pem > client-both.pem'], { cwd: folder });
}

function startServer(program, folder) {
  const server = spawn(program, ['serve', '--config', join(folder, 'wardbridge.yaml')],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let said = '';
    server.stdout.on('data', (text) => {
      said += text;
      // The last line that it prints: everything is up.
      if (said.includes('CA file')) resolve(server);
    });
    server.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

async function main() {
  const [program, ...named] = process.argv.slice(2);
  if (!existsSync(join(here, 'node_modules'))) {
    const installed = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--prefix', here], { stdio: 'ignore' });
    if (installed.status !== 0) skip('the packages of tests/clients can\'t be installed: run `npm ci` there');
  }
  const version = execFileSync(ownNode(), ['--version'], { encoding: 'utf8' }).trim();
  if (Number(version.slice(1).split('.')[0]) < 22) skip(`these clients need Node 22, and this is ${version}`);
  const folder = mkdtempSync(join(tmpdir(), 'wardbridge-clients-'));
  let server;
  let status = 1;
  try {
    const ports = { management: await freePort(), tenant: await freePort() };
    writeFileSync(join(folder, 'password.txt'), amina.password);
    writeFileSync(join(folder, 'secret.txt'), 'Xq8~fixture-secret-of-the-tests-only');
    makeClientCertificate(folder);
    writeFileSync(join(folder, 'wardbridge.yaml'), configuration(folder, ports));
    server = await startServer(program, folder);
    const files = named.length ? named : readdirSync(here).filter((name) => name.endsWith('.test.js')).sort();
    const tests = spawn(ownNode(), ['--test', ...files.map((name) => resolvePath(here, name))], {
      stdio: 'inherit',
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: join(folder, 'data', 'ca.pem'),
        WARDBRIDGE_FIXTURE: folder,
        WARDBRIDGE_TENANT_URL: `https://127.0.0.1:${ports.tenant}`,
      },
    });
    status = await new Promise((resolve) => tests.on('exit', (code) => resolve(code ?? 1)));
  } finally {
    server?.removeAllListeners('exit');
    server?.kill('SIGTERM');
    if (server && server.exitCode === null) await new Promise((resolve) => server.on('exit', resolve));
    rmSync(folder, { recursive: true, force: true });
  }
  process.exit(status);
}

await main();
