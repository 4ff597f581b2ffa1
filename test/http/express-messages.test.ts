import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import express from 'express';
import { messagesFor } from '../../src/http/express-messages.ts';
import { call, closeAll, serve } from './client.ts';

describe('the requests and answers of a server', () => {
  afterEach(closeAll);

  it('are made as its express app wants them, so that the app changes no prototype', () => {
    const app = express();
    const { IncomingMessage: Made = assert.fail(), ServerResponse: Answer = assert.fail() } = messagesFor(app);
    const request = new Made(new Socket());
    assert.equal(Object.getPrototypeOf(request), app.request);
    assert.equal(Object.getPrototypeOf(new Answer(request)), app.response);
    assert.ok(request instanceof IncomingMessage && new Answer(request) instanceof ServerResponse);
  });

  it("have what express gives them, and the app's own settings", async () => {
    const app = express().disable('x-powered-by').set('trust proxy', true);
    app.get('/', (request, response) => void response.json({ ip: request.ip, host: request.hostname }));
    const headers = { host: 'cards.example', 'x-forwarded-for': '203.0.113.7' };
    const { body } = await call(await serve(app), { path: '/', headers });
    assert.deepEqual(JSON.parse(body), { ip: '203.0.113.7', host: 'cards.example' });
  });

  it("are Node's own where no express app answers", () => {
    assert.deepEqual(
      messagesFor(() => {}),
      {},
    );
  });
});
