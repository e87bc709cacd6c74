// A person with a browser, as far as a sign-in needs one: forms, cookies, and no scripts.
import { amina } from './fixture.js';

export class Person {
  #cookies = new Map();

  async request(url, form) {
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      body: form && new URLSearchParams(form),
      headers: this.#cookies.size ? { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') } : {},
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) this.#cookies.set(name, value);
      else this.#cookies.delete(name);
    }
    return { status: response.status, location: response.headers.get('location'), text: await response.text() };
  }

  // The one form of a page, filled in with `fields` beside what is hidden in it.
  async answer(page, fields) {
    const action = decode(/<form [^>]*action="([^"]*)"/.exec(page.text)[1]);
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
    return this.request(action, { ...Object.fromEntries(hidden.map(([, name, value]) => [name, decode(value)])), ...fields });
  }

  // Opens a client's sign-in address and types name and password; where the server then sends the browser.
  async signIn(url) {
    let page = await this.request(url);
    if (page.status === 200) page = await this.answer(page, { login: amina.name, passwd: amina.password });
    if (page.status !== 303) throw new Error(`the sign-in ended with ${page.status}: ${page.text}`);
    return new URL(page.location);
  }

  // Types a device's code and lets the device in.
  async approveDevice(url, userCode) {
    let page = await this.answer(await this.request(url), { user_code: userCode });
    page = await this.answer(page, { login: amina.name, passwd: amina.password });
    page = await this.answer(page, { choice: 'accept' });
    if (!page.text.includes('You are signed in')) throw new Error(`the device was not let in: ${page.text}`);
  }
}

function decode(text) {
  return text.replace(/&#39;/g, '\'').replace(/&quot;/g, '"').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}
