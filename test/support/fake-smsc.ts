import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import smpp, { type PduFields } from 'smpp';
import { pduBytes, pduReader, type SeenPdu } from './fake-smsc-wire.ts';
import { waitFor } from './wait-for.ts';

/**
 * What happens to one submit_sm. `accept`: status 0 and an id. `silence`: taken, then no answer. `hold`: no answer until
 * `release`. `reset`: taken, then the connection is reset. `receipt-first`: a receipt, then the answer. `nack`: a
 * generic_nack. `malformed`: an answer whose TLV reaches beyond its end. A name such as ESME_RTHROTTLED: that status.
 */
export type SubmitBehaviour =
  | 'accept'
  | 'silence'
  | 'hold'
  | 'reset'
  | 'receipt-first'
  | 'nack'
  | 'malformed'
  | `ESME_${string}`;

/** What happens to one bind: `silence` no answer, `cut` the connection is closed, a name that status. */
export type BindBehaviour = 'accept' | 'silence' | 'cut' | `ESME_${string}`;

export interface FakeSmscOptions {
  readonly port?: number;
  readonly systemId?: string;
  readonly password?: string;
  readonly tls?: TlsOptions;
}

/** A submit_sm that was taken. */
export interface TakenSubmit {
  readonly messageId: string;
  readonly fields: PduFields;
  readonly sequence: number;
  readonly session: FakeSession;
}

/** One connection of an ESME. */
export interface FakeSession {
  /** `bind_transceiver` and so on; absent: not bound. */
  readonly kind: string | undefined;
  /** Every PDU that came, in order. */
  readonly seen: readonly SeenPdu[];
  /** Writes any bytes. */
  write(bytes: Buffer): void;
  /** Sends a request; resolves with the response of the same sequence number. */
  request(command: string, fields?: PduFields): Promise<SeenPdu>;
  /** Empties `seen`. */
  forget(): void;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  /** RST. */
  reset(): void;
  /** FIN. */
  end(): void;
}

/** Starts an SMSC of one's own on 127.0.0.1. */
export async function startFakeSmsc(options: FakeSmscOptions = {}): Promise<FakeSmsc> {
  const smsc = new FakeSmsc(options);
  await smsc.listen(options.port ?? 0);
  return smsc;
}

/** An SMSC on this machine. By default everything is accepted; `plan…` says what happens to the coming requests. */
export class FakeSmsc {
  readonly #options: FakeSmscOptions;
  readonly #connections = new Set<Connection>();
  readonly #submitPlans: SubmitBehaviour[] = [];
  readonly #bindPlans: BindBehaviour[] = [];
  readonly #held: (() => void)[] = [];
  readonly #submits: TakenSubmit[] = [];
  readonly #binds: { readonly at: number; readonly pdu: SeenPdu }[] = [];
  #server: Server | undefined;
  /** What happens when nothing is planned. */
  usually: SubmitBehaviour = 'accept';
  /** When true nothing at all is answered, as by a peer whose cable is cut. */
  isMute = false;
  /** An SMS that stands behind the answer to each bind, in the same packet. */
  deliverWithBind: PduFields | undefined;
  #lastId = 0x3e7;

  constructor(options: FakeSmscOptions) {
    this.#options = options;
  }

  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Connections that are bound. */
  get sessions(): readonly FakeSession[] {
    return [...this.#connections].filter(({ kind }) => kind !== undefined);
  }

  get connections(): readonly FakeSession[] {
    return [...this.#connections];
  }

  /** Every submit_sm that was taken, in order. */
  get submits(): readonly TakenSubmit[] {
    return this.#submits;
  }

  /** Every bind that was tried, with the ms of a clock that never jumps. */
  get binds(): readonly { readonly at: number; readonly pdu: SeenPdu }[] {
    return this.#binds;
  }

  plan(...behaviours: readonly SubmitBehaviour[]): void {
    this.#submitPlans.push(...behaviours);
  }

  planBinds(...behaviours: readonly BindBehaviour[]): void {
    this.#bindPlans.push(...behaviours);
  }

  /** Reads no more of what this session writes. */
  pause(session: FakeSession): void {
    for (const connection of this.#connections) if (connection === session) connection.socket.pause();
  }

  /** Answers what is on hold, in the order that `order` makes of it. */
  release(order: (held: readonly (() => void)[]) => readonly (() => void)[] = (held) => held): void {
    for (const answer of order(this.#held.splice(0))) answer();
  }

  get heldCount(): number {
    return this.#held.length;
  }

  /** The first bound session, as soon as there is one. */
  session(): Promise<FakeSession> {
    return waitFor(() => this.sessions[0], { what: 'a bound session' });
  }

  /** Delivers an SMS over a session that may receive. */
  async deliver(fields: PduFields): Promise<SeenPdu> {
    const receiver = await waitFor(() => this.sessions.find(({ kind }) => kind !== 'bind_transmitter'), {
      what: 'a session that receives',
    });
    return receiver.request('deliver_sm', fields);
  }

  async listen(port: number): Promise<void> {
    const serve = (socket: Socket) => {
      const connection = new Connection(socket, (pdu) => this.#take(connection, pdu));
      this.#connections.add(connection);
      socket.on('close', () => this.#connections.delete(connection));
    };
    const { tls } = this.#options;
    const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    for (const { socket } of this.#connections) socket.destroy();
    await new Promise<void>((resolve) => {
      if (this.#server === undefined) resolve();
      else this.#server.close(() => resolve());
    });
  }

  #take(connection: Connection, pdu: SeenPdu): void {
    if (this.isMute) return;
    if (pdu.command.startsWith('bind_') && !pdu.command.endsWith('_resp')) this.#bind(connection, pdu);
    else if (pdu.command === 'submit_sm') this.#submit(connection, pdu);
    else if (pdu.command === 'enquire_link') connection.respond(pdu, 'enquire_link_resp');
    else if (pdu.command === 'unbind') {
      connection.respond(pdu, 'unbind_resp');
      connection.kind = undefined;
    }
  }

  #bind(connection: Connection, pdu: SeenPdu): void {
    this.#binds.push({ at: performance.now(), pdu });
    const behaviour = this.#bindPlans.shift() ?? this.#judge(pdu.fields);
    if (behaviour === 'silence') return;
    if (behaviour === 'cut') {
      connection.end();
      return;
    }
    if (behaviour === 'accept') connection.kind = pdu.command;
    const status = behaviour === 'accept' ? 0 : smpp.errors[behaviour];
    connection.socket.cork();
    connection.respond(pdu, `${pdu.command}_resp`, { command_status: status, system_id: 'fake-smsc' });
    if (this.deliverWithBind !== undefined) void connection.request('deliver_sm', this.deliverWithBind);
    connection.socket.uncork();
  }

  #judge({ system_id: systemId, password }: PduFields): BindBehaviour {
    if (systemId !== (this.#options.systemId ?? 'cardwake')) return 'ESME_RINVSYSID';
    return password === (this.#options.password ?? 'secret') ? 'accept' : 'ESME_RINVPASWD';
  }

  #submit(session: Connection, pdu: SeenPdu): void {
    const behaviour = this.#submitPlans.shift() ?? this.usually;
    if (behaviour.startsWith('ESME_')) {
      session.respond(pdu, 'submit_sm_resp', { command_status: smpp.errors[behaviour] });
    } else if (behaviour === 'nack') {
      session.respond(pdu, 'generic_nack', { command_status: smpp.errors.ESME_RINVCMDLEN });
    } else this.#takeSubmit(session, pdu, behaviour);
  }

  #takeSubmit(session: Connection, pdu: SeenPdu, behaviour: SubmitBehaviour): void {
    this.#lastId += 1;
    const messageId = this.#lastId.toString(16);
    this.#submits.push({ messageId, fields: pdu.fields, sequence: pdu.sequence, session });
    const answer = () => session.respond(pdu, 'submit_sm_resp', { message_id: messageId });
    if (behaviour === 'accept') answer();
    else if (behaviour === 'hold') this.#held.push(answer);
    else if (behaviour === 'reset') session.reset();
    else if (behaviour === 'receipt-first') void session.request('deliver_sm', receiptFields(messageId)).then(answer);
    else if (behaviour === 'malformed') session.write(malformedAnswer(pdu, messageId));
  }
}

/** The fields of a receipt in the usual dialect. */
export function receiptFields(messageId: string, state = 'DELIVRD', error = '000'): PduFields {
  const text = `id:${messageId} sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 stat:${state} err:${error} text:`;
  return { esm_class: 4, data_coding: 0, source_addr: '79160000567', short_message: Buffer.from(text, 'latin1') };
}

function malformedAnswer({ sequence }: SeenPdu, messageId: string): Buffer {
  const whole = pduBytes('submit_sm_resp', { sequence_number: sequence, message_id: messageId });
  const answer = Buffer.concat([whole, Buffer.from([0x04, 0x24, 0xff, 0xff])]);
  answer.writeUInt32BE(answer.length, 0);
  return answer;
}

class Connection implements FakeSession {
  readonly socket: Socket;
  readonly seen: SeenPdu[] = [];
  readonly #awaited = new Map<number, (pdu: SeenPdu) => void>();
  readonly closed: Promise<void>;
  kind: string | undefined;
  #sequence = 0;

  constructor(socket: Socket, take: (pdu: SeenPdu) => void) {
    this.socket = socket.setNoDelay(true);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.on(
      'data',
      pduReader((pdu) => {
        this.seen.push(pdu);
        const awaited = this.#awaited.get(pdu.sequence);
        if (!pdu.command.endsWith('_resp') && pdu.command !== 'generic_nack') return take(pdu);
        this.#awaited.delete(pdu.sequence);
        awaited?.(pdu);
      }),
    );
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  respond(to: SeenPdu, command: string, fields: PduFields = {}): void {
    this.write(pduBytes(command, { ...fields, sequence_number: to.sequence }));
  }

  request(command: string, fields: PduFields = {}): Promise<SeenPdu> {
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.write(pduBytes(command, { ...fields, sequence_number: sequence }));
    return new Promise((resolve) => this.#awaited.set(sequence, resolve));
  }

  forget(): void {
    this.seen.length = 0;
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  end(): void {
    this.socket.end();
  }
}
