import type { Program } from '../activation/program.ts';
import { addressKeys } from '../activation/sender.ts';
import type { Line } from '../lines.ts';
import type { Logger } from '../log.ts';
import type { Reading } from './read-inbound.ts';

/** What SMS are read by. */
export interface ReadingNeighbours {
  readonly programs: ReadonlyMap<string, Program>;
  readonly lines: ReadonlyMap<string, Pick<Line, 'channel'>>;
  readonly log: Logger;
}

/** What the SMS of a channel are judged by; throws for a channel that is not configured. */
export type Readings = (channelKey: string) => Reading;

/** The readings of all configured channels. */
export function createReadings({ programs, lines, log }: ReadingNeighbours): Readings {
  const ownAddresses = addressKeys([...lines.values()].flatMap(({ channel }) => channel.addresses));
  const onReadError = (error: unknown) => log.error({ error }, 'An SMS could not be read');
  return (channelKey) => {
    const line = lines.get(channelKey);
    if (line === undefined) throw new Error(`There is no channel ${channelKey}`);
    return { channel: line.channel, programs, ownAddresses, onReadError };
  };
}
