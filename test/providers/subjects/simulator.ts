import { createHmac } from 'node:crypto';
import type { Subject } from '../subject.ts';

const HEADERS = { 'content-type': 'application/json' };

/** The simulator in the contract. */
export const simulator: Subject = {
  options: { secret: 'secret-of-the-fixtures' },
  secretOption: 'secret',
  proof: { headers: ['x-cardwake-signature'] },
  sign(request, secret) {
    const signature = createHmac('sha256', secret).update(request.body).digest('hex');
    return { ...request, headers: { ...request.headers, 'x-cardwake-signature': signature } };
  },
  message: (message) => ({ headers: HEADERS, body: JSON.stringify(message) }),
  receipt: ({ replyId, providerMessageId, status }) => ({
    headers: HEADERS,
    body: JSON.stringify({ replyId, providerMessageId, status }),
  }),
  skips: {
    stale: 'the simulator signs no time',
    'batch with one bad element': 'the simulator tells one thing a call',
    'long message in parts': 'the simulator knows no parts',
    'rotated secret': 'a simulator has one secret, and nobody to rotate it with',
    throttled: 'there is no API behind the simulator: it takes everything at once',
    'opted out': 'there is no API behind the simulator: it takes everything at once',
  },
};
