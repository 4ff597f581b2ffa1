import { createHash } from 'node:crypto';
import express, { type Request, type Response, Router } from 'express';
import Joi from 'joi';
import type { ConversationMessage } from '../store/conversation.ts';
import { packagedFolder } from './packaged-folder.ts';

/** An address that the phone page can text, and cards to try there. */
export interface PhoneLine {
  /** The channel's key, and who carries its SMS otherwise. */
  readonly channel: string;
  readonly provider: string;
  /** The provider is a real one, which brings SMS as well and is never asked to send. */
  readonly isRehearsal: boolean;
  readonly address: string;
  /** The first word that the line's programme expects, if it shares the address. */
  readonly keyword?: string;
  /** The programme's name, for people. */
  readonly program: string;
  /** Card numbers that no phone has. */
  readonly cards: readonly string[];
}

/** An SMS as typed on the phone page. */
export interface TypedSms {
  /** The provider message id it is to have, so that sending it again is no second SMS; made up when absent. */
  readonly id?: string;
  readonly from: string;
  /** The channel's key; absent: the one that has the address, and without an address the first. */
  readonly channel?: string;
  /** An address of the channel; absent: its first. */
  readonly to?: string;
  readonly text: string;
}

/** What became of a typed SMS at the door. `id` is the provider message id that it got, `status` as a webhook answers. */
export interface Posted {
  readonly id: string;
  readonly status: number;
}

export interface Phone {
  readonly lines: () => Promise<readonly PhoneLine[]>;
  /** The latest messages of a phone, oldest first: on one channel, or on all that the page speaks as. */
  readonly conversation: (phone: string, channel?: string) => Promise<readonly ConversationMessage[]>;
  /**
   * Brings an SMS in as the channel's provider would; rejects when nothing listens. `shut`: no channel that the page may
   * speak as has this key and this address.
   */
  readonly send: (sms: TypedSms) => Promise<Posted | 'shut'>;
}

/** A number is personal data and stays out of URLs: both questions are POSTs. */
const typedSms = Joi.object<TypedSms>({
  id: Joi.string().pattern(/^[\w-]{1,64}$/),
  from: Joi.string().trim().max(32).required(),
  channel: Joi.string().max(64),
  to: Joi.string().trim().max(32),
  text: Joi.string().allow('').max(1600).required(),
});
const question = Joi.object<{ phone: string; channel?: string; after?: string }>({
  phone: Joi.string().trim().max(32).required(),
  channel: Joi.string().max(64),
  after: Joi.string().max(64),
});

/**
 * The phone page and its API, to be mounted at `/phone`:
 * - `POST messages` `{ from, text, channel?, to?, id? }` → 202 `{ id }`, else `{ error }` with a sentence for people;
 * - `POST conversation` `{ phone, channel?, after? }` → `{ messages, cursor }`: the latest messages, oldest first; none
 *   when nothing has changed since the answer whose cursor is given as `after`;
 * - `GET cards` → `{ lines }`.
 */
export function createPhone(phone: Phone): Router {
  const router = Router();
  const json = express.json({ limit: '16kb' });
  router.get('/cards', async (_request, response) => {
    response.json({ lines: await phone.lines() });
  });
  router.post('/conversation', json, async (request, response) => {
    const asked = understand(question, request, response);
    if (asked === undefined) return;
    const messages = await phone.conversation(asked.phone, asked.channel);
    const cursor = createHash('sha256').update(JSON.stringify(messages)).digest('base64url');
    response.json({ messages: cursor === asked.after ? [] : messages, cursor });
  });
  router.post('/messages', json, async (request, response) => {
    const sms = understand(typedSms, request, response);
    if (sms !== undefined) await pass(phone, sms, response);
  });
  const page = packagedFolder('web/phone');
  if (page !== undefined) {
    router.get('/', (_request, response) => response.sendFile('index.html', { root: page }));
    router.use(express.static(page, { redirect: false }));
  }
  return router;
}

const SHUT = 'Only channels in rehearsal and simulators can be texted from here, at their own addresses.';

async function pass(phone: Phone, sms: TypedSms, response: Response): Promise<void> {
  const posted = await phone.send(sms).catch(() => undefined);
  if (posted === undefined) return complain(response, 502, 'Nothing answers at the webhook.');
  if (posted === 'shut') return complain(response, 404, SHUT);
  if (posted.status >= 200 && posted.status < 300) return void response.status(202).json({ id: posted.id });
  if (posted.status === 503) return complain(response, 503, 'The message could not be kept. Try again in a moment.');
  complain(response, 502, `The webhook answered with status ${posted.status}.`);
}

function understand<T>(schema: Joi.ObjectSchema<T>, request: Request, response: Response): T | undefined {
  const read = schema.validate(request.body ?? {});
  if (read.error === undefined) return read.value;
  complain(response, 400, `Not understood: ${read.error.message}.`);
  return undefined;
}

function complain(response: Response, status: number, error: string): void {
  response.status(status).json({ error });
}
