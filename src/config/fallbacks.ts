import { pickRoute } from '../activation/route.ts';
import type { Channel } from './channels.ts';
import type { ConfigDocument } from './document.ts';
import { didYouMean } from './suggest.ts';

/**
 * Reports a `fallback` that is no other channel, that sends nothing, or that has no address for a programme of its channel:
 * customers answer to where a reply comes from. Two channels may be each other's, because a reply moves only once.
 */
export function checkFallbacks(doc: ConfigDocument, channels: ReadonlyMap<string, Channel>): void {
  for (const { key, fallback, routes, isRehearsal } of channels.values()) {
    if (typeof fallback !== 'string') continue;
    const path = ['channels', key, 'fallback'];
    const other = channels.get(fallback);
    if (other === undefined) {
      const others = [...channels.keys()].filter((one) => one !== key);
      doc.report(path, `there is no channel ${fallback} under channels:${didYouMean(fallback, others)}`);
    } else if (fallback === key) {
      doc.report(path, 'is the channel itself. Name another one');
    } else if (other.isRehearsal && !isRehearsal) {
      doc.report(path, `${fallback} is in rehearsal: what moves there, nobody gets`);
    } else {
      for (const program of new Set(routes.map((route) => route.program))) {
        if (leadsTo(other, program)) continue;
        doc.report(path, `no address of ${fallback} belongs to the programme ${program}, whose customers answer there`);
      }
    }
  }
}

/** What stands beside a reported mistake may be incomplete. */
function leadsTo({ addresses, routes }: Channel, program: string): boolean {
  if (!Array.isArray(addresses)) return true;
  return addresses.some((address) =>
    routes.some(
      ({ keyword, program: its }) => its === program && pickRoute(routes, address, keyword ?? '')?.program === program,
    ),
  );
}
