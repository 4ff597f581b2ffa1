import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { smppChannel } from '../../../src/providers/smpp/channel.ts';
import { type FakeSmsc, startFakeSmsc } from '../../support/fake-smsc.ts';
import { freePort } from '../../support/ports.ts';
import { openSmppChannel, smppOptionsTo } from '../../support/smpp-channel.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Made for these tests, of a host that does not exist; good for nothing else. */
const TLS = {
  cert: readFileSync(new URL('tls/certificate.pem', import.meta.url), 'utf8'),
  key: readFileSync(new URL('tls/key.pem', import.meta.url), 'utf8'),
};

describe('The credentials of an SMPP channel', () => {
  let smsc: FakeSmsc;

  beforeEach(async () => {
    smsc = await startFakeSmsc();
  });

  afterEach(() => smsc.close());

  const check = (options: Readonly<Record<string, unknown>> = {}) =>
    smppChannel(smppOptionsTo(smsc, { responseTimeoutMs: 300, ...options })).check();

  it('are proven by a bind that receives nothing, and an unbind', async () => {
    assert.deepEqual(await check(), { kind: 'ok' });
    assert.deepEqual(
      smsc.binds.map(({ pdu }) => pdu.command),
      ['bind_transmitter'],
    );
    assert.equal(smsc.submits.length, 0);
    await waitFor(() => smsc.connections.length === 0, { what: 'the end of the connection' });
  });

  it('are proven as the channel binds where the account may not bind as a transmitter', async () => {
    smsc.planBinds('ESME_RINVBNDSTS');
    assert.deepEqual(await check(), { kind: 'ok' });
    assert.deepEqual(
      smsc.binds.map(({ pdu }) => pdu.command),
      ['bind_transmitter', 'bind_transceiver'],
    );
  });

  it('are proven by the sessions that are bound, without one more', async () => {
    const channel = await openSmppChannel(smsc);
    assert.deepEqual(await channel.provider.check(), { kind: 'ok' });
    assert.equal(smsc.binds.length, 1);
    await channel.stop();
  });

  it('that are refused are tried once, and said to be wrong without being told', async () => {
    const verdict = await check({ password: 'not-that' });
    assert.equal(verdict.kind, 'failed');
    assert.match(verdict.kind === 'failed' ? verdict.advice : '', /refuses systemId or password \(ESME_RINVPASWD\)/);
    assert.doesNotMatch(JSON.stringify(verdict), /not-that/);
    assert.equal(smsc.binds.length, 1);
  });

  it('that are in use by all the sessions allowed are not said to be wrong', async () => {
    smsc.planBinds('ESME_RALYBND');
    const verdict = await check();
    assert.match(verdict.kind === 'ok' ? String(verdict.warnings) : '', /bound already \(ESME_RALYBND\)/);
  });

  it('are not told to be wrong when nobody answers', async () => {
    smsc.isMute = true;
    const verdict = await check();
    assert.match(verdict.kind === 'failed' ? verdict.advice : '', /did not bind us \(response-timeout\)/);
    const nobody = smppChannel(smppOptionsTo({ port: await freePort() }));
    const refused = await nobody.check();
    assert.match(refused.kind === 'failed' ? refused.advice : '', /ECONNREFUSED/);
  });
});

describe('SMPP over TLS', () => {
  const secure = { tls: true, caCertificate: TLS.cert, serverName: 'smsc.example' };
  let smsc: FakeSmsc;

  beforeEach(async () => {
    smsc = await startFakeSmsc({ tls: TLS });
  });

  afterEach(() => smsc.close());

  it('sends and receives like any other', async () => {
    const channel = await openSmppChannel(smsc, { options: secure });
    assert.equal((await channel.send('1')).kind, 'accepted');
    await channel.stop();
  });

  for (const [what, options, code] of [
    ['an authority that nobody trusts', { tls: true, serverName: 'smsc.example' }, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['another name', { tls: true, caCertificate: TLS.cert }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const) {
    it(`gives no password to a certificate of ${what}`, async () => {
      const verdict = await smppChannel(smppOptionsTo(smsc, options)).check();
      assert.ok(verdict.kind === 'failed' && verdict.advice.includes(code), JSON.stringify(verdict));
      assert.equal(smsc.binds.length, 0);
    });
  }

  it('gives no password to an SMSC that answers a TLS greeting in plain text', async () => {
    let received = Buffer.alloc(0);
    const plain = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        socket.write('no TLS here');
      });
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as { port: number };
    const verdict = await smppChannel(smppOptionsTo({ port }, secure)).check();
    assert.equal(verdict.kind, 'failed');
    assert.ok(received.length > 0 && !received.includes('secret'));
    await new Promise((resolve) => plain.close(resolve));
  });
});
