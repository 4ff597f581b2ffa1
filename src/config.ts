import type { CountryCode } from 'libphonenumber-js';
import type { Program } from './activation/program.ts';

/** Which programme an MO belongs to: the first route whose address and keyword fit. */
export interface Route {
  /** One of the channel's addresses; absent: all of them. */
  readonly address?: string;
  /** The first word of the text, compared without regard to case; absent: any text. */
  readonly keyword?: string;
  readonly program: string;
}

/** One account at one provider, as declared under `channels:`. */
export interface Channel {
  /** The key in the configuration file; part of the webhook's path. */
  readonly key: string;
  /** A name from the provider registry. */
  readonly provider: string;
  /** `publicUrl` + `/webhooks/` + key. */
  readonly webhookUrl: string;
  /** Our own addresses on this channel, in E.164 or as short codes. */
  readonly addresses: readonly [string, ...string[]];
  readonly routes: readonly [Route, ...Route[]];
  /** The country in which national forms of senders are read; default: the first of the programme's countries. */
  readonly country: CountryCode;
  readonly messagesPerSecond: number;
  /** Options of the provider, validated by the schema in the provider's own file. */
  readonly options: unknown;
}

/** The whole configuration: typed, frozen and complete before the first socket opens. */
export interface Settings {
  /** Where it was read from, for messages. */
  readonly file: string;
  readonly programs: ReadonlyMap<string, Program>;
  readonly channels: ReadonlyMap<string, Channel>;
  /** Absent: the embedded Postgres in `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** Absent: the queue lives in Postgres. */
  readonly redisUrl: string | undefined;
  /** Providers and API. */
  readonly port: number;
  /** People, health and metrics; `consoleHost` is 127.0.0.1 unless told otherwise. */
  readonly consolePort: number;
  readonly consoleHost: string;
  readonly dataDir: string;
  /** The folder of reply texts. */
  readonly templatesDir: string;
}
