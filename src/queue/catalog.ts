import joi from 'joi';

/** Ids in one job at most: what waited while two enqueues were in flight. */
export const MAX_PACK = 50;

/** What every job carries: ids of rows, in decimal. Never a phone, a card or a text: a queue is read by many. */
export interface Pack {
  readonly ids: readonly string[];
}

/** Everything that is to be said about a kind of job, in one place. */
interface JobEntry {
  /** One queue for all, or one per channel, so that a slow provider holds up nobody else. */
  readonly perChannel: boolean;
  readonly payload: joi.ObjectSchema<Pack>;
  /** Runs of one job, when its handler throws; after that the job is given up and the sweeper makes a new one. */
  readonly attempts: number;
  /** The wait before the second run at most; it doubles with each, and half of it is chance. */
  readonly backoffMs: number;
  /** Jobs of one queue that one process holds at a time. */
  readonly concurrency: number;
  /**
   * A job ends once the process has taken its ids in hand, up to so many ids at a time; 0: once its handler has ended.
   * With one job at a time BullMQ makes three commands of a lone job instead of five. The rows tell what is done, so that a process
   * that dies loses no more than with open jobs, which are found as late as their rows.
   */
  readonly idsInHand: number;
  /** A worker that shows no sign of life for this long has lost its job to another. */
  readonly lockMs: number;
  /** Failed jobs kept, for people to look at. Finished ones are removed at once: the rows tell what happened. */
  readonly keepFailed: number;
}

/** Decimal ids of a Postgres `bigint`: positive, without a leading zero. */
const ID = /^[1-9]\d{0,18}$/;
/** One more is an error of Postgres, which would fail its whole pack. Decimals of one length are in the order of their digits. */
const LAST_ID = '9223372036854775807';

const isId = (id: unknown) => typeof id === 'string' && ID.test(id) && (id.length < LAST_ID.length || id <= LAST_ID);

/** One look for all ids: looked at by joi one by one, each left 1.4 KB of garbage. */
const areIds: joi.CustomValidator<unknown[]> = (ids, { error }) => (ids.every(isId) ? ids : error('any.invalid'));

const pack = joi.object<Pack>({ ids: joi.array().min(1).max(MAX_PACK).custom(areIds).required() }).required();

/**
 * The jobs, each declared once. `bind` decides the inbox rows it names, `send` hands the replies it names to the
 * channel's provider.
 *
 * A handler throws only when nothing can be done at all, such as a lost database: the state, attempts and next attempt
 * of each message are columns of its row. So a job needs no id of its own against duplicates either: a handler that
 * meets a row which is already done, or in other hands, passes over it.
 */
export const CATALOG = {
  bind: {
    perChannel: false,
    payload: pack,
    attempts: 5,
    backoffMs: 500,
    concurrency: 1,
    // Two packs of 100 that run, and the next two.
    idsInHand: 400,
    lockMs: 30_000,
    keepFailed: 100,
  },
  send: {
    perChannel: true,
    payload: pack,
    attempts: 5,
    backoffMs: 500,
    concurrency: 4,
    idsInHand: 0,
    lockMs: 30_000,
    keepFailed: 100,
  },
} as const satisfies Record<string, JobEntry>;

/** A kind of job; also the name that its jobs carry in the queue. */
export type JobKind = keyof typeof CATALOG;

/** The name of a queue; in the metrics, the logs and the store. It never holds a colon. */
export type QueueName = 'bind' | `send-${string}`;

/** The queue of a channel's replies. */
export function sendQueue(channel: string): QueueName {
  return `send-${channel}`;
}

/** The payload when it is exactly what the catalogue says, else undefined: somebody else wrote into the queue. */
export function parsePayload(kind: JobKind, payload: unknown): Pack | undefined {
  const { error, value } = CATALOG[kind].payload.validate(payload, { convert: false, abortEarly: true });
  return error === undefined ? value : undefined;
}

/** What a handler is told beside the payload. */
export interface JobContext {
  /** Aborted when the process has to end soon: stop at the next row, the rest is found again. */
  readonly signal: AbortSignal;
}

/** Of a job whose queue belongs to a channel. */
export interface ChannelJobContext extends JobContext {
  readonly channel: string;
}

/** One handler per kind of job; one that is missing does not compile. */
export type Handlers = {
  readonly [Kind in JobKind]: (
    pack: Pack,
    context: (typeof CATALOG)[Kind]['perChannel'] extends true ? ChannelJobContext : JobContext,
  ) => Promise<void>;
};

/**
 * How often one reply is tried, counted in its row, when the provider surely did not take it: with these waits for
 * about an hour, which is how long a customer may still be glad of an answer.
 */
export const SEND_RETRY = { attempts: 12, backoff: { firstMs: 2_000, maxMs: 900_000 } } as const;

/**
 * How often a provider is asked about a send that it never answered, while it cannot tell: with these waits for about a
 * quarter of an hour.
 */
export const LOOKUP_RETRY = { tries: 5, backoff: { firstMs: 60_000, maxMs: 900_000 } } as const;
