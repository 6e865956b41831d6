// Try it: sends a request of the reference to this server, and shows what came. A key lives in its field and nowhere else;
// the field is emptied when the page is left, so that no browser brings it back.
'use strict';

const mostShown = 200000; // characters of an answer
const liveKey = /(ftk|ftn|ec)_live_/;
const root = new URL('../', document.baseURI); // a page of a reference lies one step below the root of the server
const keys = document.getElementById('keys');

class Refusal extends Error {}

// credentials gives the headers of the way that needs most of what was typed.
function credentials(ways) {
  if (ways === '') return [];
  const field = (id) => keys.querySelector(`[data-key="${id}"]`);
  const all = ways.split(' ').map((way) => way.split('+').map(field)).sort((a, b) => b.length - a.length);
  const way = all.find((fields) => fields.every((f) => f.value.trim() !== ''));
  if (!way) throw new Refusal('Type your key first, at the top of this page.');
  return way.map((f) => {
    const value = f.value.trim().replace(/^Bearer /, '');
    return [f.dataset.header, f.hasAttribute('data-bearer') ? 'Bearer ' + value : value];
  });
}

// fresh is a new idempotency key.
function fresh() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}

// parts makes a form of a JSON object: each member is a part, and one that is no text is sent as JSON.
function parts(text) {
  let members;
  try {
    members = JSON.parse(text);
  } catch {
    throw new Refusal('The body is no JSON. Each member of its object is sent as a part.');
  }
  const form = new FormData();
  for (const [name, value] of Object.entries(members)) form.append(name, typeof value === 'string' ? value : JSON.stringify(value));
  return form;
}

// request is what the fields of an operation say.
function request(box) {
  const headers = credentials(box.dataset.ways);
  let path = box.dataset.path;
  const query = new URLSearchParams();
  for (const f of box.querySelectorAll('[data-in]')) {
    let value = f.value;
    if (value === '' && f.hasAttribute('data-fresh')) value = fresh();
    if (value === '' && f.hasAttribute('data-required')) throw new Refusal(`${f.dataset.name} is required.`);
    if (value === '') continue;
    if (f.dataset.in === 'path') path = path.replace(`{${f.dataset.name}}`, encodeURIComponent(value));
    if (f.dataset.in === 'query') query.append(f.dataset.name, value);
    if (f.dataset.in === 'header') headers.push([f.dataset.name, value]);
  }
  const url = new URL(path.slice(1), root);
  url.search = query;
  const body = box.querySelector('[data-body]');
  const sent = body && body.value !== '' ? body.value : undefined;
  let carried = sent;
  if (sent !== undefined) {
    const chosen = box.querySelector('[data-examples]').selectedOptions[0];
    const type = chosen ? chosen.dataset.type : 'application/json';
    if (type === 'multipart/form-data') carried = parts(sent); // the browser says how they are parted
    else headers.push(['Content-Type', type]);
  }
  if (liveKey.test(decodeURIComponent(url.href) + JSON.stringify(headers) + (sent || ''))) {
    throw new Refusal('This is a live key. Nothing was sent: use a key of a sandbox.');
  }
  return [url, {
    method: box.dataset.method, headers, body: carried,
    credentials: 'omit', cache: 'no-store', redirect: 'manual', referrerPolicy: 'no-referrer',
  }];
}

function pretty(text) {
  try {
    text = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // it is no JSON, and is shown as it is
  }
  return text.length > mostShown ? text.slice(0, mostShown) + '\n… and more' : text;
}

async function send(box) {
  const said = box.querySelector('.said');
  const came = box.querySelector('.came');
  const say = (text, sort) => { said.textContent = text; said.className = 'said ' + sort; };
  came.hidden = true;
  say('Sending…', '');
  try {
    const [url, options] = request(box);
    const start = performance.now();
    const answer = await fetch(url, options);
    const text = await answer.text();
    say(`${answer.status} ${answer.statusText} in ${Math.round(performance.now() - start)} ms`, answer.ok ? 'good' : 'wrong');
    box.querySelector('[data-headers]').textContent = Array.from(answer.headers, ([name, value]) => `${name}: ${value}`).join('\n');
    box.querySelector('[data-answer]').textContent = text === '' ? '(empty)' : pretty(text);
    came.hidden = false;
  } catch (err) {
    say(err instanceof Refusal ? err.message : 'The request did not get through: ' + err.message, 'wrong');
  }
}

for (const box of document.querySelectorAll('.try')) {
  const button = box.querySelector('button');
  button.addEventListener('click', async () => {
    button.disabled = true;
    await send(box);
    button.disabled = false;
    button.focus({preventScroll: true});
  });
  const examples = box.querySelector('[data-examples]');
  if (examples) {
    const body = box.querySelector('[data-body]');
    const fill = () => { body.value = examples.value; };
    examples.addEventListener('change', fill);
    fill();
  }
  box.hidden = false;
}
keys.hidden = false;
addEventListener('pagehide', () => {
  for (const f of keys.querySelectorAll('[data-key]')) f.value = '';
});
