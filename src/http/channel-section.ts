import type { SessionState } from '../providers/provider.ts';
import type { ShownChannel, ShownSession, ShownSessions } from './channel-board.ts';
import { type Html, html } from './html.ts';

/** The channels as a section of the home page; `home.js` looks for its id. */
export function channelSection(channels: readonly ShownChannel[], now: Date): Html {
  return html`<section id="channels" aria-labelledby="channels-title">
<h2 id="channels-title">Channels</h2>
<ul>
${channels.map((channel) => itemOf(channel, now))}
</ul>
</section>`;
}

const MODES = {
  live: 'Live',
  rehearsal: 'In rehearsal: nothing is sent',
  simulator: 'Simulator',
} as const satisfies Record<ShownChannel['mode'], string>;

function itemOf({ key, provider, addresses, mode, sessions }: ShownChannel, now: Date): Html {
  return html`<li class="channel">
<h3>${key}</h3> <span class="mode ${mode}">${MODES[mode]}</span>
<p>${provider} <span class="addresses">${addresses.map((address) => html`<bdi>${address}</bdi>`)}</span></p>
${sessions === undefined ? [] : [sessionsOf(sessions, now)]}
</li>`;
}

function sessionsOf(shown: ShownSessions, now: Date): Html {
  switch (shown.kind) {
    case 'unreadable':
      return html`<p class="note bad">The database did not say how its sessions are.</p>`;
    case 'nobody':
      return html`<p class="note bad">No process has its sessions: no worker runs.</p>`;
    case 'old':
      return html`<p class="note bad">This is old: the process that told it does not answer any more.</p>
${tableOf(shown.sessions, 'old', now)}`;
    case 'held':
      return tableOf(shown.sessions, 'held', now);
    default:
      return shown satisfies never;
  }
}

function tableOf(sessions: readonly ShownSession[], age: 'held' | 'old', now: Date): Html {
  return html`<table class="${age}">
<thead><tr><th scope="col">Session</th><th scope="col">State</th><th scope="col">For</th><th scope="col">In flight</th></tr></thead>
<tbody>
${sessions.map((session) => rowOf(session, now))}
</tbody>
</table>`;
}

const TONES = {
  bound: 'good',
  connecting: 'wait',
  binding: 'wait',
  unbinding: 'wait',
  waiting: 'bad',
  closed: 'bad',
} as const satisfies Record<SessionState['state'], string>;

function rowOf({ name, state, since, inFlight, reason = '' }: ShownSession, now: Date): Html {
  const lasted = durationOf(now.getTime() - Date.parse(since));
  const why = reason === '' ? [] : [html`<tr class="why"><td></td><td colspan="3">${reason}</td></tr>`];
  return html`<tr><th scope="row">${name}</th><td class="state ${TONES[state]}">${state}</td><td><time datetime="${since}">${lasted}</time></td><td>${inFlight}</td></tr>
${why}`;
}

/** `12 s`, `3 min`, `2 h 5 min`, `4 d`; what lies ahead, by a clock that differs, has just begun. */
export function durationOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}
