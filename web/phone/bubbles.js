/** Draws messages. All that came from a phone or a template goes through `textContent`. */

const OUTCOMES = {
  activated: ['Activated', 'good'],
  'already-active': ['Already active', 'good'],
  'no-card-number': ['No card number', 'wait'],
  'mistyped-card-number': ['Mistyped number', 'wait'],
  'several-card-numbers': ['Several numbers', 'wait'],
  'unknown-card': ['Unknown card', 'bad'],
  'phone-has-another-card': ['Phone has another card', 'wait'],
  'card-has-another-phone': ['Card has another phone', 'bad'],
  'card-blocked': ['Card blocked', 'bad'],
  'card-awaiting-check': ['Card awaits a check', 'wait'],
  switched: ['Switched', 'good'],
  released: ['Released', 'good'],
  'switch-code-wrong': ['Wrong code', 'bad'],
  'switch-expired': ['Code expired', 'wait'],
  'too-many-attempts': ['Too many attempts', 'bad'],
  stopped: ['Stopped', 'plain'],
  started: ['Started', 'good'],
  help: ['Help', 'plain'],
  'unsupported-sender': ['Sender not supported: no reply', 'plain'],
  unreadable: ['Unreadable: no reply', 'plain'],
  error: ['Set aside for an operator', 'bad'],
};

const SILENCES = {
  'opted-out': 'no reply: opted out',
  'provider-answered': 'the provider replied',
  loop: 'no reply: too many in ten minutes',
  told: 'no reply: told to wait',
  'daily-cap': 'no reply: daily limit',
};

const REPLY_STATUSES = {
  queued: ['◷', 'Queued', ''],
  sending: ['◷', 'Sending', ''],
  unknown: ['?', 'Perhaps sent', ''],
  accepted: ['✓', 'Accepted', ''],
  sent: ['✓', 'Sent', ''],
  delivered: ['✓✓', 'Delivered', 'done'],
  read: ['✓✓', 'Read', 'done'],
  undelivered: ['!', 'Not delivered', 'bad'],
  failed: ['!', 'Failed', 'bad'],
};

const SMS_STATUSES = {
  sending: ['◷', 'Sending', ''],
  received: ['✓', 'Received', ''],
  done: ['✓✓', 'Done', 'done'],
  quarantined: ['!', 'Set aside', 'bad'],
  failed: ['!', 'Not sent', 'bad'],
};

/** A list item for a message; `tryAgain` is called from the button of one that could not be sent. */
export function bubbleOf(message, tryAgain) {
  const item = element('li', `message ${message.direction}`);
  if (message.direction === 'out' && message.text === '') return typing(item);
  const bubble = element('p', 'bubble', message.text === '' ? '(empty)' : message.text);
  bubble.dir = 'auto';
  item.classList.toggle('failed', message.status === 'failed');
  item.append(bubble, metaOf(message, tryAgain));
  return item;
}

function typing(item) {
  const bubble = element('p', 'bubble');
  bubble.setAttribute('aria-label', 'A reply is being written');
  bubble.append(element('i'), element('i'), element('i'));
  item.classList.add('typing');
  item.append(bubble);
  return item;
}

function metaOf(message, tryAgain) {
  const meta = element('div', 'meta');
  const [label, tone] = OUTCOMES[message.outcome] ?? [message.outcome, 'plain'];
  if (label) meta.append(element('span', `outcome ${tone}`, label));
  if (message.silence) meta.append(element('span', '', SILENCES[message.silence] ?? message.silence));
  if (message.error) meta.append(element('span', '', message.error));
  if (message.error) meta.append(buttonOf('Try again', tryAgain));
  if (message.segments)
    meta.append(element('span', '', `${message.segments} ${message.segments === 1 ? 'segment' : 'segments'}`));
  const time = element('time', '', timeOf(message.at));
  time.dateTime = message.at;
  const end = element('span', 'end');
  end.append(time, ticksOf(message));
  meta.append(end);
  return meta;
}

function ticksOf({ direction, status }) {
  const [sign, words, tone] = (direction === 'in' ? SMS_STATUSES : REPLY_STATUSES)[status] ?? ['', status, ''];
  const ticks = element('span', `ticks ${tone}`, sign);
  ticks.title = words;
  ticks.setAttribute('role', 'img');
  ticks.setAttribute('aria-label', words);
  return ticks;
}

function buttonOf(words, onClick) {
  const button = element('button', 'again', words);
  button.type = 'button';
  button.addEventListener('click', onClick);
  return button;
}

/** `14:05`, in the reader's own way. */
export function timeOf(iso) {
  return new Date(iso).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/** An element with a class and a text; never markup. */
export function element(tag, className = '', text = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
