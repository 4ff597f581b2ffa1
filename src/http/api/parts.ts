import type { Program } from '../../activation/program.ts';
import type { Line } from '../../lines.ts';
import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Enqueuer } from '../../queue/enqueue.ts';
import type { ReplyTexts } from '../../reply/compile.ts';
import type { Database } from '../../store/database.ts';
import type { ReplyQuota } from '../../store/reply-quota.ts';

/** What the routes of the API work with. */
export interface ApiParts {
  readonly db: Database;
  readonly programs: ReadonlyMap<string, Program>;
  readonly lines: ReadonlyMap<string, Line>;
  /** Told of replies once they are committed. */
  readonly enqueue: Pick<Enqueuer, 'send'>;
  readonly quota: ReplyQuota;
  /** The words as they are now: ask again for each call. */
  readonly texts: () => ReplyTexts;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => Date;
}
