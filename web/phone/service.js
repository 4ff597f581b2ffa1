/** What the page asks of Cardwake. Numbers travel in bodies, never in a URL. */

/** The addresses to text, with free cards: `[{ channel, provider, isRehearsal, address, keyword?, program, cards }]`. */
export async function fetchLines() {
  const { lines } = await ask('/phone/cards');
  return lines;
}

/** `{ messages, cursor }`; no messages when nothing changed since the answer with that cursor. */
export function fetchConversation(phone, channel, after) {
  return ask('/phone/conversation', { phone, channel, after });
}

/** Sends `{ id, from, channel, to, text }`; throws an error whose message is for people. */
export function sendText(sms) {
  return ask('/phone/messages', sms);
}

async function ask(path, body) {
  const request = body && {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  const response = await fetch(path, { ...request, signal: AbortSignal.timeout(8000) }).catch(() => {
    throw new Error('Cardwake is not answering.');
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? 'Cardwake could not do that.');
  return answer;
}
