import { bubbleOf, element, timeOf } from './bubbles.js';
import { plateOf } from './plates.js';
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
  /** Every address to text, and the one of them that is texted; undefined until they are known. */
  lines: [],
  line: undefined,
  channelsDrawn: '',
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
  at('lines').addEventListener('change', () => chooseLine(linesOf(state.line.channel)[at('lines').selectedIndex]));
  allowSending();
  tick();
  setInterval(tick, 1000);
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
  return plateOf('person', { value: phone, title: name, hint: shown, isHintNumber: true }, phone === state.phone, () =>
    choosePhone(phone),
  );
}

function choosePhone(phone) {
  const isReady = PEOPLE.some((person) => person.phone === phone);
  if (isReady) at('other').value = '';
  at('other').parentElement.classList.toggle('chosen', !isReady);
  for (const radio of document.getElementsByName('person')) radio.checked = radio.value === phone;
  state.phone = phone;
  remember(phone);
  beginAnew();
}

/** Another phone or another channel is another conversation. */
function beginAnew() {
  Object.assign(state, { messages: [], unsent: [], cursor: undefined });
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
  state.lines = await fetchLines();
  const { channel, address, keyword } = state.line ?? {};
  const isSame = (line) => line.channel === channel && line.address === address && line.keyword === keyword;
  drawChannels();
  chooseLine(state.lines.find(isSame) ?? state.lines[0]);
}

function drawChannels() {
  const lines = [...new Map(state.lines.map((line) => [line.channel, line])).values()];
  at('through').hidden = lines.length < 2;
  // What has not changed stays, and with it the keyboard's focus.
  const look = JSON.stringify(lines.map(({ channel, provider, isRehearsal }) => [channel, provider, isRehearsal]));
  if (look === state.channelsDrawn) return;
  state.channelsDrawn = look;
  at('channels').replaceChildren(
    ...lines.map(({ channel, provider, isRehearsal }) =>
      plateOf(
        'channel',
        { value: channel, title: channel, hint: provider, badge: isRehearsal ? 'Rehearsal' : '' },
        false,
        () => chooseChannel(channel),
      ),
    ),
  );
}

function linesOf(channel) {
  return state.lines.filter((line) => line.channel === channel);
}

function chooseChannel(channel) {
  chooseLine(linesOf(channel)[0]);
  beginAnew();
}

function chooseLine(line) {
  state.line = line;
  const { channel, program = '', address = '', keyword, cards = [], isRehearsal = false } = line ?? {};
  const lines = linesOf(channel);
  for (const radio of document.getElementsByName('channel')) radio.checked = radio.value === channel;
  at('lines').replaceChildren(...lines.map((each) => element('option', '', titleOf(each))));
  at('lines').selectedIndex = lines.indexOf(line);
  at('program').textContent = program;
  at('avatar').textContent = program.slice(0, 1);
  at('address').textContent = [address, keyword].filter(Boolean).join(' · ');
  at('address').hidden = lines.length > 1;
  at('lines').hidden = lines.length < 2;
  at('rehearsal').hidden = !isRehearsal;
  at('cards').replaceChildren(...cards.map(chipOf));
  at('no-cards').hidden = cards.length > 0;
}

function titleOf({ program, address, keyword }) {
  return [program, address, keyword].filter(Boolean).join(' · ');
}

function chipOf(card) {
  const grouped = card.replace(/(.{4})(?=.)/g, '$1 ');
  const chip = element('button');
  chip.type = 'button';
  chip.dir = 'ltr';
  chip.append(element('small', '', state.line.program), element('b', '', grouped));
  chip.addEventListener('click', () => {
    const word = state.line.keyword ?? PEOPLE.find(({ phone }) => phone === state.phone)?.card ?? 'Card';
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
  const { phone, line } = state;
  state.unsent = [...state.unsent.filter(({ id }) => id !== message.id), message];
  draw();
  const sms = { id: message.id, from: phone, channel: line?.channel, to: line?.address, text: message.text };
  const result = await sendText(sms).then(
    () => ({ status: 'received' }),
    (error) => ({ status: 'failed', error: error.message }),
  );
  if (!isShown(phone, line)) return;
  state.unsent = state.unsent.map((each) => (each.id === message.id ? { ...message, ...result } : each));
  draw();
  void poll();
}

function isShown(phone, line) {
  return phone === state.phone && line?.channel === state.line?.channel;
}

/** Under a channel in rehearsal ids begin with that word, so that no provider's is ever the same. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `${state.line?.isRehearsal ? 'rehearsal' : 'page'}-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
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
  return isYoung && all.slice(-4).some((message) => UNDER_WAY.includes(message.status) || isWithoutText(message));
}

const UNDER_WAY = ['received', 'queued', 'sending', 'accepted', 'sent'];

/** A receipt may be quicker than the text that it is of is written down. */
function isWithoutText({ direction, text, status }) {
  return direction === 'out' && text === '' && status !== 'failed';
}

async function refresh() {
  const { phone } = state;
  try {
    if (state.line === undefined) await refreshLines();
    const { line } = state;
    const { messages, cursor } = await fetchConversation(phone, line?.channel, state.cursor);
    if (!isShown(phone, line)) return;
    showTrouble('');
    if (cursor === state.cursor) return;
    const kept = new Set(messages.map(({ id }) => id));
    const outcomes = (list) => list.filter(({ outcome }) => outcome).length;
    const isDecided = outcomes(messages) !== outcomes(state.messages);
    Object.assign(state, { messages, cursor, unsent: state.unsent.filter(({ id }) => !kept.has(id)) });
    draw();
    if (isDecided) await refreshLines();
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
