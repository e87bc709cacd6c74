// The tenant that every test file finds: who is in it, and how to reach it. Written by run.js, read by the tests.
import { readFileSync } from 'node:fs';

export const ids = {
  tenant: '11111111-2222-4333-8444-555555555555',
  daemon: 'aaaaaaaa-0000-4000-8000-000000000001',    // confidential: a secret and a certificate
  payroll: 'aaaaaaaa-0000-4000-8000-000000000002',   // a resource
  desktop: 'aaaaaaaa-0000-4000-8000-000000000003',   // public, also by device code
  website: 'aaaaaaaa-0000-4000-8000-000000000004',   // confidential, people sign in to it
  vault: 'aaaaaaaa-0000-4000-8000-000000000005',     // another, for tests that put a policy on it
  keeper: 'aaaaaaaa-0000-4000-8000-00000000000a',    // may write users and groups
};
export const amina = { name: 'amina@contoso.example', password: 'correct horse battery staple' };
export const payrollScope = 'api://payroll/user_impersonation';
export const graphScope = 'https://graph.microsoft.com/.default';

// What the tests get from run.js.
export function server() {
  const folder = process.env.WARDBRIDGE_FIXTURE;
  const read = (name) => readFileSync(`${folder}/${name}`, 'utf8').trim();
  const url = process.env.WARDBRIDGE_TENANT_URL;
  return {
    url,
    host: new URL(url).host,
    authority: `${url}/${ids.tenant}`,
    secret: read('secret.txt'),
    privateKey: read('client-key.pem'),
    certificate: read('client.pem'),
    certificateFile: `${folder}/client-both.pem`,
  };
}

// The configuration of the server.
export function configuration(folder, ports) {
  return `
data: ${folder}/data
log_level: error
management: {listen: "127.0.0.1:${ports.management}"}
tenant:
  listen: "127.0.0.1:${ports.tenant}"
  tenants:
    - id: ${ids.tenant}
      name: Contoso
      domains: [contoso.example]
      users:
        - {user_principal_name: ${amina.name}, display_name: Amina Diallo, password_file: ${folder}/password.txt}
      applications:
        - name: Daemon
          client_id: ${ids.daemon}
          client_secret_file: ${folder}/secret.txt
          certificate_file: ${folder}/client.pem
          assertion_audience: token_endpoint
          application_permissions: [Device.Read.All, Directory.Read.All, Policy.ReadWrite.ConditionalAccess]
        - name: Keeper
          client_id: ${ids.keeper}
          client_secret_file: ${folder}/secret.txt
          application_permissions: [User.ReadWrite.All, Group.ReadWrite.All]
        - {name: Payroll, client_id: ${ids.payroll}, identifier_uris: ["api://payroll"]}
        - name: Desktop
          client_id: ${ids.desktop}
          public_client: true
          device_code: true
          redirect_uris: ["http://localhost"]
          delegated_permissions: [${payrollScope}]
        - name: Website
          client_id: ${ids.website}
          client_secret_file: ${folder}/secret.txt
          redirect_uris: ["https://website.example/done"]
          delegated_permissions: [${payrollScope}, User.Read]
        - name: Vault
          client_id: ${ids.vault}
          client_secret_file: ${folder}/secret.txt
          redirect_uris: ["https://website.example/done"]
`;
}
