import { createHash, createPrivateKey, createPublicKey, sign as signBytes } from 'node:crypto';
import type { ApiAnswer, SeenRequest, SpokenMessage, Subject } from '../subject.ts';

/** RFC 8032 §7.1, tests 1 and 2: the private keys whose public ones Telnyx would show in its portal. */
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const NEXT_SEED = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb';
const PUBLIC_KEY = publicKeyOf(SEED);
const NEXT_PUBLIC_KEY = publicKeyOf(NEXT_SEED);
const API_KEY = 'KEY0123-of-the-fixtures';
const JSON_TYPE = { 'content-type': 'application/json' };
const OPTIONS = { apiKey: API_KEY, apiBaseUrl: 'http://127.0.0.1:1' };
const SEED_OF = new Map([
  [PUBLIC_KEY, SEED],
  [NEXT_PUBLIC_KEY, NEXT_SEED],
]);

/** Telnyx in the contract. A "secret" is the public key of the pair that signs. */
export const telnyx: Subject = {
  options: { ...OPTIONS, publicKey: PUBLIC_KEY },
  secretOption: 'publicKey',
  rotating: { ...OPTIONS, publicKey: [NEXT_PUBLIC_KEY, PUBLIC_KEY] },
  proof: { headers: ['telnyx-signature-ed25519', 'telnyx-timestamp'] },
  sign(request, secret, at) {
    const timestamp = String(Math.floor(at / 1_000));
    const seed = SEED_OF.get(secret) ?? createHash('sha256').update(secret).digest('hex');
    const signature = signBytes(null, Buffer.concat([Buffer.from(`${timestamp}|`), request.body]), privateKeyOf(seed));
    const proof = { 'telnyx-signature-ed25519': signature.toString('base64'), 'telnyx-timestamp': timestamp };
    return { ...request, headers: { ...request.headers, ...proof } };
  },
  message: ({ id, from, to, text }: SpokenMessage) =>
    event('message.received', {
      direction: 'inbound',
      id,
      from: { carrier: 'MTS', line_type: 'Wireless', phone_number: from, status: 'received' },
      to: [{ carrier: 'Telnyx', line_type: 'Wireless', phone_number: to, status: 'webhook_delivered' }],
      text,
      type: 'SMS',
      autoresponse_type: null,
    }),
  receipt: ({ replyId, providerMessageId, status, to }) =>
    event(status === 'sent' ? 'message.sent' : 'message.finalized', {
      direction: 'outbound',
      id: providerMessageId,
      from: { phone_number: '+79160000500' },
      to: [
        {
          phone_number: to,
          status: { sent: 'sent', delivered: 'delivered', undelivered: 'delivery_failed', failed: 'sending_failed' }[
            status
          ],
        },
      ],
      type: 'SMS',
      webhook_url: `https://sms.example.com/webhooks/telnyx-main?reply=${replyId}`,
    }),
  api: {
    at: (origin) => ({ apiBaseUrl: origin }),
    read,
    accepted: (id, to) =>
      json(200, { data: { id, record_type: 'message', to: [{ phone_number: to, status: 'queued' }] } }),
    throttled: errors(429, { code: '10011', title: 'Too many requests' }),
    transient: errors(401, { code: '10009', title: 'Authentication failed' }),
    rejected: errors(400, { code: '40310', title: "Invalid 'to' address" }),
    optedOut: errors(403, {
      code: '40300',
      title: 'Blocked due to STOP message',
      detail: "Messages cannot be sent from '+79160000500' to '+79160000567' due to an existing block rule.",
    }),
    unknown: errors(500, { code: '10007', title: 'Unexpected error' }),
  },
  skips: {
    'batch with one bad element': 'Telnyx tells one thing a call',
    'long message in parts': 'Telnyx joins the parts before it calls',
  },
};

function privateKeyOf(seed: string) {
  const pkcs8 = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex');
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
}

function publicKeyOf(seed: string): string {
  const spki = createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' });
  return spki.subarray(-32).toString('base64');
}

function event(type: string, payload: object) {
  const occurredAt = '2026-11-21T00:00:00.000+00:00';
  const id = 'b301ed3f-1490-491f-995f-6e64e69674d4';
  const data = {
    event_type: type,
    id,
    occurred_at: occurredAt,
    payload: { ...payload, record_type: 'message' },
    record_type: 'event',
  };
  return { headers: JSON_TYPE, body: JSON.stringify({ data, meta: { attempt: 1 } }) };
}

function read({ method, path, headers, body }: SeenRequest) {
  if (method !== 'POST' || path !== '/v2/messages' || headers.authorization !== `Bearer ${API_KEY}`) return undefined;
  const { from, to, text } = JSON.parse(body) as { from: string; to: string; text: string };
  return { from, to, text };
}

function json(status: number, content: object): ApiAnswer {
  return { status, headers: JSON_TYPE, body: JSON.stringify(content) };
}

function errors(status: number, error: object): ApiAnswer {
  return json(status, { errors: [error] });
}
