import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findNetSmpp } from '../../scripts/lib/net-smpp.mjs';
import { endWithRun } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';
import type { TextPart } from './shown-texts.ts';

/** A line that `smsc.pl` wrote; see its head for which event has which fields. */
export interface SmscEvent {
  readonly event: 'listening' | 'bound' | 'refused' | 'submitted' | 'answered' | 'enquired' | 'ended';
  readonly esme?: string;
  readonly port?: number;
  readonly command?: string;
  readonly version?: number;
  readonly status?: number;
  readonly ref?: number;
  readonly by?: string;
}

/** A submit_sm as Net::SMPP read it, its text as Perl's Encode did. */
export interface SubmittedPart extends TextPart {
  readonly esme: string;
  readonly id: string;
}

/** How an ESME gets its receipts. */
export interface ReceiptHabit {
  readonly form: 'text' | 'tlv';
  /** Before the submit_sm_resp. */
  readonly first?: boolean;
  readonly state: 'DELIVRD' | 'EXPIRED' | 'UNDELIV' | 'REJECTD';
  readonly error?: number;
  readonly ids?: 'hex-to-decimal';
}

/** An SMS of a customer. Perl's Encode writes its text in a charset that Perl knows: `gsm0338`, `UTF-16BE`. */
export interface Delivered {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly charset: string;
  readonly dataCoding: number;
  /** The user data header in hexadecimal. */
  readonly header?: string;
  /** In message_payload instead of short_message. */
  readonly isPayload?: boolean;
  /** TLVs by Net::SMPP's names, in hexadecimal. */
  readonly tlvs?: Readonly<Record<string, string>>;
}

/** An SMSC in Perl, in a process of its own. */
export interface NetSmppSmsc {
  readonly port: number;
  readonly events: readonly SmscEvent[];
  readonly submitted: readonly SubmittedPart[];
  receipts(esme: string, habit: ReceiptHabit): void;
  /** Refuses the next `count` submit_sm with ESME_RTHROTTLED. */
  throttle(esme: string, count: number): void;
  /** On every session of the ESME: asks whether it is there, unbinds it, or cuts the connection. */
  order(order: 'enquire' | 'unbind' | 'drop', esme: string): void;
  /** Resolves with the status of the deliver_sm_resp. */
  deliver(esme: string, sms: Delivered): Promise<number>;
  stop(): Promise<void>;
}

/** Starts `smsc.pl`; its password is `secret` for every system_id. */
export async function startNetSmppSmsc(): Promise<NetSmppSmsc> {
  const script = fileURLToPath(new URL('smsc.pl', import.meta.url));
  const child = spawn('perl', [script], {
    env: { ...process.env, PERL5LIB: await findNetSmpp() },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  await once(child, 'spawn');
  child.once('exit', endWithRun(child.pid as number));
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const events: SmscEvent[] = [];
  const submitted: SubmittedPart[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as SmscEvent;
    if (event.event === 'submitted') submitted.push(event as unknown as SubmittedPart);
    else events.push(event);
  });
  const tell = (order: Readonly<Record<string, unknown>>) => child.stdin.write(`${JSON.stringify(order)}\n`);
  const seen = (is: (event: SmscEvent) => boolean, what: string) => {
    const find = () => {
      assert.equal(child.exitCode, null, `smsc.pl ended: ${complaint}`);
      return events.find(is);
    };
    return waitFor(find, { what: `${what} at smsc.pl` });
  };
  let refs = 0;
  const { port = 0 } = await seen(({ event }) => event === 'listening', 'its port');
  return {
    port,
    events,
    submitted,
    receipts: (esme, { error = 0, ...habit }) => tell({ order: 'receipts', esme, ...habit, error }),
    throttle: (esme, count) => tell({ order: 'throttle', esme, count }),
    order: (order, esme) => tell({ order, esme }),
    async deliver(esme, { header, isPayload, text, charset, ...sms }) {
      const ref = ++refs;
      tell({
        order: 'deliver',
        esme,
        ref,
        header,
        isPayload,
        text,
        charset,
        fields: fieldsOf(sms, header !== undefined),
      });
      const { status = -1 } = await seen((event) => event.event === 'answered' && event.ref === ref, 'an answer');
      return status;
    },
    async stop() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
      assert.deepEqual([child.exitCode, complaint], [0, '']);
    },
  };
}

function fieldsOf(
  { from, to, dataCoding, tlvs = {} }: Pick<Delivered, 'from' | 'to' | 'dataCoding' | 'tlvs'>,
  hasHeader: boolean,
) {
  return {
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: from.replace('+', ''),
    dest_addr_ton: 0,
    dest_addr_npi: 1,
    destination_addr: to,
    esm_class: hasHeader ? 0x40 : 0,
    data_coding: dataCoding,
    ...Object.fromEntries(Object.entries(tlvs).map(([name, hex]) => [name, { hex }])),
  };
}
