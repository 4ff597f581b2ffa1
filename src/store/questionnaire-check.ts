import { enrol } from '../activation/enrol.ts';
import { complete, type Fact, type Profile } from '../activation/profile.ts';
import type { Program } from '../activation/program.ts';
import { keepTimes } from '../activation/restrain.ts';
import { commit, type LiveWorld } from '../activation/world.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import type { Database, Trx } from './database.ts';
import { peekWorld } from './load-world.ts';
import { profilesOf } from './members.ts';
import type { Form, FormConflict } from './questionnaire.ts';

/** What would become of a form. */
export type FormForecast =
  | { readonly kind: 'enters'; readonly outcome: 'activated' | 'already-active' }
  | { readonly kind: 'refused'; readonly conflict: FormConflict; readonly differing: readonly Fact[] };

/** Says what would become of a pile of forms, each as if those before it had been entered. */
export interface FormCheck {
  /** The next forms of the pile, with a forecast for each. */
  check(forms: readonly Form[]): Promise<readonly FormForecast[]>;
}

/**
 * Begins with the world as it is. Nothing is locked, and nothing can be written: Postgres itself refuses to. What forms
 * would change is kept in memory, a few hundred bytes for each.
 */
export function checkForms(db: Database, program: Program, now: () => Date): FormCheck {
  const world: LiveWorld = { cards: new Map(), phones: new Map(), repliesLeft: 0 };
  const profiles = new Map<Msisdn, Profile>();

  async function look(trx: Trx, forms: readonly Form[]): Promise<void> {
    const wanted = {
      phones: new Set(forms.map(({ phone }) => phone).filter((phone) => !world.phones.has(phone))),
      cards: new Set(forms.map(({ card }) => card).filter((card) => !world.cards.has(card))),
    };
    const { cards, phones } = await peekWorld(trx, program.key, wanted);
    for (const [number, card] of cards) world.cards.set(number, card);
    for (const [number, phone] of phones) world.phones.set(number, phone);
    for (const [phone, profile] of await profilesOf(trx, program.key, wanted.phones)) profiles.set(phone, profile);
  }

  function foresee(form: Form): FormForecast {
    const { outcome, decision } = enrol({ ...form, proof: 'operator', wish: 'activate', now: now() }, world, program);
    if (outcome === 'awaiting-check') throw new Error('A form is entered or refused, and never waits');
    if (outcome !== 'activated' && outcome !== 'already-active')
      return { kind: 'refused', conflict: outcome, differing: [] };
    const { profile, differing } = complete(profiles.get(form.phone) ?? {}, form.profile);
    if (differing.length > 0) return { kind: 'refused', conflict: 'member-differs', differing };
    commit(world, decision.changes, keepTimes(program));
    profiles.set(form.phone, profile);
    return { kind: 'enters', outcome };
  }

  return {
    async check(forms) {
      await db
        .transaction()
        .setAccessMode('read only')
        .execute((trx) => look(trx, forms));
      return forms.map(foresee);
    },
  };
}
