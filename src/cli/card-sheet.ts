import type { Program } from '../activation/program.ts';
import { maskCard, maskPhone } from '../sms/mask.ts';
import type { CardEvent, CardHistory, PastBinding } from '../store/cards.ts';

/** A card, its holder, its bindings and its audit as lines for a terminal; phones in full only when revealed. */
export function describeCard(card: CardHistory, program: Program, isRevealed: boolean): string[] {
  const phone = (number: string | null) => {
    if (number === null) return '(erased)';
    return isRevealed ? number : maskPhone(number);
  };
  const holder = card.bindings.find(({ closedAt }) => closedAt === null);
  return [
    `Card      ${isRevealed ? card.number : maskCard(card.number)} of ${program.name}`,
    `Status    ${card.status} since ${time(card.statusSince)}${successor(card, isRevealed)}`,
    `Holder    ${holder === undefined ? 'nobody' : `${phone(holder.phone)} since ${time(holder.openedAt)}`}`,
    ...titled(
      'Bindings',
      card.bindings.map((binding) => describeBinding(binding, phone)),
    ),
    ...titled(
      'Audit',
      card.events.map((event) => describeEvent(event, phone)),
    ),
  ];
}

function successor({ replacedBy }: CardHistory, isRevealed: boolean): string {
  if (replacedBy === null) return '';
  return `, by ${isRevealed ? replacedBy : maskCard(replacedBy)}`;
}

function describeBinding(binding: PastBinding, phone: (number: string | null) => string): string {
  const { openedAt, closedAt, closedBy, proof, actor } = binding;
  const end = closedAt === null ? 'now' : `${time(closedAt)} (${closedBy ?? 'unknown'})`;
  return `${phone(binding.phone)}  ${time(openedAt)} (${actor}, proved by ${proof}) to ${end}`;
}

function describeEvent(event: CardEvent, phone: (number: string) => string): string {
  const { at, action, actor, before, after } = event;
  const change = [before, after].map((state) => (state === null ? '' : words(state)));
  const facts = change[0] ? change.join(' → ') : (change[1] ?? '');
  return [time(at), action, actor, event.phone === null ? '' : phone(event.phone), facts].filter(Boolean).join('  ');
}

/** `{ status: 'blocked', reason: 'lost' }` → `status blocked, reason lost`; card numbers masked. */
function words(state: object): string {
  return Object.entries(state)
    .map(([name, value]) => `${name} ${name === 'replacedBy' ? maskCard(String(value)) : String(value)}`)
    .join(', ');
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

/** `2026-01-31 23:59:59Z`. */
function time(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
