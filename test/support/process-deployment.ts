import { fileURLToPath } from 'node:url';
import { Pool } from 'pg';
import { type FakeTwilio, startFakeTwilio } from './fake-twilio.ts';
import { createTestDatabase } from './postgres.ts';
import { type ProgramFile, type RunningProcess, startProcess } from './processes.ts';
import { temporaryFolder } from './run.ts';
import { waitFor } from './wait-for.ts';

/** Processes of Cardwake, with all that they share: a database, a queue, a Twilio. */
export interface Deployment {
  readonly twilio: FakeTwilio;
  /** For looking into the database from outside. */
  readonly db: Pool;
  /** Starts one more process; it may take a while until it is ready. */
  start(program: ProgramFile, env?: Readonly<Record<string, string>>): Promise<RunningProcess>;
  /** Puts `count` cards into the registry: those of the customers 1 to `count`. */
  issueCards(count: number): Promise<void>;
  /** Has customers text their card's number; each answer is what the webhook gave. */
  text(customers: readonly number[], options: TextOptions): Promise<readonly Answer[]>;
  /** Kills what still runs and drops the database. */
  end(): Promise<void>;
}

export interface DeploymentOptions {
  /** Absent: the queue lives in Postgres. */
  readonly redisUrl?: string;
  /** A database that the test looks after; absent: one of the run's Postgres. */
  readonly databaseUrl?: string;
}

export interface TextOptions {
  /** The processes that are called, in turn. */
  readonly to: readonly RunningProcess[];
  /** Customers who text at the same time. Default: 10. */
  readonly atOnce?: number;
  /** True: as a provider does, whatever is not acknowledged is posted again until it is. */
  readonly isPersistent?: boolean;
  /** Called after each answer with the number of answers so far. */
  readonly onAnswer?: (answers: number) => unknown;
}

/** What a webhook call came to. */
export interface Answer {
  readonly customer: number;
  /** 0: no answer came, such as when nobody listens. */
  readonly status: number;
  readonly ms: number;
}

const CONFIG = fileURLToPath(new URL('../processes/cardwake.yaml', import.meta.url));
const ADDRESS = '+14155550100';

/** The id under which Twilio knows a customer's SMS. */
export function sidOf(customer: number): string {
  return `SM${customer.toString(16).padStart(32, '0')}`;
}

/** A Russian mobile number. */
function phoneOf(customer: number): string {
  return `+7916${1_000_000 + customer}`;
}

/** The number of the card that the customer holds in their hand. */
function cardOf(customer: number): string {
  return `9643${String(customer).padStart(12, '0')}`;
}

/** The customers `first` to `last`. */
export function customers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Prepares a deployment; no process of it runs yet. */
export async function createDeployment(options: DeploymentOptions = {}): Promise<Deployment> {
  const twilio = await startFakeTwilio({ webhookUrl: 'https://sms.example.com/webhooks/twilio-main' });
  const database = options.databaseUrl === undefined ? await createTestDatabase() : undefined;
  const databaseUrl = options.databaseUrl ?? database?.url ?? '';
  const db = new Pool({ connectionString: databaseUrl, max: 4 });
  db.on('error', () => undefined);
  const folder = await temporaryFolder('process');
  const started: RunningProcess[] = [];
  const common = {
    CARDWAKE_CONFIG: CONFIG,
    API_BASE_URL: twilio.apiBaseUrl,
    DATABASE_URL: databaseUrl,
    DATA_DIR: folder,
    LOG_LEVEL: 'info',
    ...(options.redisUrl !== undefined && { REDIS_URL: options.redisUrl }),
  };
  return {
    twilio,
    db,
    async start(program, env = {}) {
      const process = await startProcess(program, { ...common, ...env });
      started.push(process);
      return process;
    },
    async issueCards(count) {
      const numbers = customers(1, count).map(cardOf);
      await db.query(`INSERT INTO cards (program, number) SELECT 'club', unnest($1::text[])`, [numbers]);
    },
    text: (who, how) => textAll(twilio, who, how),
    async end() {
      await Promise.all(started.map((process) => process.kill()));
      await twilio.close();
      await db.end();
      await database?.drop();
    },
  };
}

async function textAll(
  twilio: FakeTwilio,
  who: readonly number[],
  { to, atOnce = 10, isPersistent = false, onAnswer }: TextOptions,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  const waiting = who.entries();
  const line = async () => {
    for (const [index, customer] of waiting) {
      let turn = index;
      const isTaken = async () => {
        const answer = await textOnce(twilio, customer, to[turn++ % to.length] as RunningProcess);
        return answer.status === 200 || !isPersistent ? answer : undefined;
      };
      answers.push(await waitFor(isTaken, { what: `customer ${customer}'s SMS to be taken`, timeoutMs: 30_000 }));
      await onAnswer?.(answers.length);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, line));
  return answers;
}

async function textOnce(twilio: FakeTwilio, customer: number, { origin }: RunningProcess): Promise<Answer> {
  const sms = { sid: sidOf(customer), from: phoneOf(customer), to: ADDRESS, body: `Карта ${cardOf(customer)}` };
  // Read before the call leaves, so that calls to two processes do not mix.
  twilio.webhookOrigin = origin;
  const startedAt = performance.now();
  const { status } = await twilio.sendSms(sms).catch(() => ({ status: 0 }));
  return { customer, status, ms: performance.now() - startedAt };
}
