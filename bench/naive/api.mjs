// @ts-check
/**
 * The straightforward design, its webhook: express with its usual middleware, the signature checked by the twilio package,
 * one BullMQ job for each SMS.
 */
import { Queue } from 'bullmq';
import express from 'express';
import { Redis } from 'ioredis';
import twilio from 'twilio';
import { answerParent } from '../ground/child.mjs';
import { ACCOUNT_SID, AUTH_TOKEN } from '../world/account.mjs';

const { REDIS_URL = '' } = process.env;
const sms = new Queue('sms', { connection: new Redis(REDIS_URL, { maxRetriesPerRequest: null }) });
const app = express();
let webhookUrl = '';

app.use(express.urlencoded({ extended: false }));
app.post('/webhooks/sms', async (request, response) => {
  const signature = request.get('x-twilio-signature') ?? '';
  if (!twilio.validateRequest(AUTH_TOKEN, signature, webhookUrl, request.body)) return response.sendStatus(403);
  const { MessageSid: sid, From: from, To: to, Body: text, AccountSid: account } = request.body;
  if (account !== ACCOUNT_SID) return response.sendStatus(403);
  await sms.add('activate', { from, to, text }, { jobId: sid, attempts: 5, removeOnComplete: 1_000 });
  return response.type('text/xml').send('<Response/>');
});

const server = app.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  webhookUrl = `http://127.0.0.1:${port}/webhooks/sms`;
  answerParent({}, { webhookUrl });
});
