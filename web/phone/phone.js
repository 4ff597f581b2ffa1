import { bubbleOf, element, timeOf } from './bubbles.js';
import { fetchConversation, fetchLines, sendText } from './service.js';

const PEOPLE = [
  { name: 'Анна', phone: '+79161234567', shown: '+7 916 123-45-67', card: 'Карта' },
  { name: 'Айгерим', phone: '+77012345678', shown: '+7 701 234-56-78', card: 'Карта' },
  { name: 'سارا', phone: '+989121234567', shown: '+98 912 123 4567', card: 'کارت' },
];
const POLL_MS = 700;
/** While an answer is awaited, so that it shows as fast as it comes. */
const EAGER_POLL_MS = 150;
const EAGER_FOR_MS = 15_000;
const REMEMBERED = 'cardwake.phone';

const at = (id) => document.getElementById(id);
const state = {
  phone: recall(),
  lines: [],
  line: 0,
  messages: [],
  unsent: [],
  cursor: undefined,
  drawn: new Map(),
  nextPoll: undefined,
};

start();

function start() {
  drawPeople();
  at('composer').addEventListener('submit', submit);
  at('text').addEventListener('input', allowSending);
  at('text').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event);
  });
  at('lines').addEventListener('change', () => chooseLine(at('lines').selectedIndex));
  allowSending();
  tick();
  setInterval(tick, 1000);
  void refreshLines();
  void poll();
}

/* Who texts. */

function drawPeople() {
  at('people').replaceChildren(...PEOPLE.map(personOf));
  const other = at('other');
  if (!PEOPLE.some(({ phone }) => phone === state.phone)) other.value = state.phone;
  other.parentElement.classList.toggle('chosen', other.value !== '');
  other.addEventListener('change', () => choosePhone(other.value.trim() || PEOPLE[0].phone));
}

function personOf({ name, phone, shown }) {
  const label = element('label', 'person');
  const radio = element('input');
  Object.assign(radio, { type: 'radio', name: 'person', value: phone, checked: phone === state.phone });
  radio.addEventListener('change', () => choosePhone(phone));
  const plate = element('span');
  const number = element('small', '', shown);
  number.dir = 'ltr';
  plate.append(element('b', '', name), number);
  label.append(radio, plate);
  return label;
}

function choosePhone(phone) {
  const isReady = PEOPLE.some((person) => person.phone === phone);
  if (isReady) at('other').value = '';
  at('other').parentElement.classList.toggle('chosen', !isReady);
  for (const radio of document.getElementsByName('person')) radio.checked = radio.value === phone;
  Object.assign(state, { phone, messages: [], unsent: [], cursor: undefined });
  remember(phone);
  draw();
  void refresh();
}

function recall() {
  try {
    return localStorage.getItem(REMEMBERED) || PEOPLE[0].phone;
  } catch {
    return PEOPLE[0].phone;
  }
}

function remember(phone) {
  try {
    localStorage.setItem(REMEMBERED, phone);
  } catch {
    // A browser that keeps nothing still texts.
  }
}

/* What is texted, and where. */

async function refreshLines() {
  try {
    state.lines = await fetchLines();
    const titles = state.lines.map(({ address, keyword, program }) =>
      [program, address, keyword].filter(Boolean).join(' · '),
    );
    at('lines').replaceChildren(...titles.map((title) => element('option', '', title)));
    chooseLine(Math.min(state.line, Math.max(0, state.lines.length - 1)));
  } catch (error) {
    showTrouble(error.message);
  }
}

function chooseLine(index) {
  state.line = index;
  at('lines').selectedIndex = index;
  const { program = '', address = '', cards = [] } = state.lines[index] ?? {};
  at('program').textContent = program;
  at('avatar').textContent = program.slice(0, 1);
  at('address').textContent = address;
  at('address').hidden = state.lines.length > 1;
  at('lines').hidden = state.lines.length < 2;
  at('cards').replaceChildren(...cards.map(chipOf));
  at('no-cards').hidden = cards.length > 0;
}

function chipOf(card) {
  const grouped = card.replace(/(.{4})(?=.)/g, '$1 ');
  const chip = element('button');
  chip.type = 'button';
  chip.dir = 'ltr';
  chip.append(element('small', '', state.lines[state.line].program), element('b', '', grouped));
  chip.addEventListener('click', () => {
    const word = state.lines[state.line].keyword ?? PEOPLE.find(({ phone }) => phone === state.phone)?.card ?? 'Card';
    at('text').value = `${word} ${grouped}`;
    allowSending();
    at('text').focus();
  });
  return chip;
}

function allowSending() {
  at('composer').querySelector('button').disabled = at('text').value.trim() === '';
}

function submit(event) {
  event.preventDefault();
  const text = at('text').value.trim();
  if (text === '') return;
  at('text').value = '';
  allowSending();
  void send({ id: newId(), direction: 'in', text, at: new Date().toISOString(), status: 'sending' });
}

/** Sends it under its own id, so that trying again cannot make it two. */
async function send(message) {
  const { phone } = state;
  state.unsent = [...state.unsent.filter(({ id }) => id !== message.id), message];
  draw();
  const sms = { id: message.id, from: phone, to: state.lines[state.line]?.address, text: message.text };
  const result = await sendText(sms).then(
    () => ({ status: 'received' }),
    (error) => ({ status: 'failed', error: error.message }),
  );
  if (phone !== state.phone) return;
  state.unsent = state.unsent.map((each) => (each.id === message.id ? { ...message, ...result } : each));
  draw();
  void poll();
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/* What was written. */

async function poll() {
  clearTimeout(state.nextPoll);
  if (!document.hidden) await refresh();
  clearTimeout(state.nextPoll);
  state.nextPoll = setTimeout(poll, isAwaiting() ? EAGER_POLL_MS : POLL_MS);
}

/** True while the latest SMS is young and not everything about it has come to its end. */
function isAwaiting() {
  const all = [...state.messages, ...state.unsent];
  const isYoung = all.some(({ at, direction }) => direction === 'in' && Date.now() - Date.parse(at) < EAGER_FOR_MS);
  return (
    isYoung &&
    all.slice(-4).some(({ status }) => ['received', 'queued', 'sending', 'accepted', 'sent'].includes(status))
  );
}

async function refresh() {
  const { phone } = state;
  try {
    const { messages, cursor } = await fetchConversation(phone, state.cursor);
    if (phone !== state.phone) return;
    showTrouble('');
    if (cursor === state.cursor) return;
    const kept = new Set(messages.map(({ id }) => id));
    const outcomes = (list) => list.filter(({ outcome }) => outcome).length;
    const isDecided = outcomes(messages) !== outcomes(state.messages);
    Object.assign(state, { messages, cursor, unsent: state.unsent.filter(({ id }) => !kept.has(id)) });
    draw();
    if (isDecided) void refreshLines();
  } catch (error) {
    showTrouble(`${error.message} Trying again…`);
  }
}

/** Redraws what changed only, so that nothing flickers and a screen reader hears each message once. */
function draw() {
  const list = at('messages');
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const drawn = new Map();
  const items = [...state.messages, ...state.unsent].map((message) => {
    const look = JSON.stringify(message);
    const before = state.drawn.get(message.id);
    const item = before?.look === look ? before.item : itemOf(message, before === undefined);
    drawn.set(message.id, { look, item });
    return item;
  });
  if (items.length === 0) items.push(element('li', 'empty', 'No messages yet. Pick a free card and send it.'));
  items.forEach((item, index) => {
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  });
  while (list.children.length > items.length) list.lastElementChild.remove();
  state.drawn = drawn;
  if (wasAtEnd) list.scrollTop = list.scrollHeight;
}

function itemOf(message, isNew) {
  const item = bubbleOf(message, () => void send({ ...message, status: 'sending', error: undefined }));
  item.classList.toggle('arriving', isNew);
  return item;
}

function showTrouble(words) {
  at('trouble').textContent = words;
  at('trouble').hidden = words === '';
}

function tick() {
  at('clock').textContent = timeOf(new Date().toISOString());
}
