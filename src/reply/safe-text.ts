import type { Locale } from '../activation/program.ts';
import type { TextName } from './texts.ts';
import { isTillText } from './till-texts.ts';

/**
 * What is said when a text fails: true whatever the outcome, so it promises nothing but a person to call.
 * Built in, because the template files are what just failed.
 */
const SAFE_TEXTS = {
  ru: {
    plain: 'Спасибо, мы получили ваше сообщение.',
    call: ' Будут вопросы, звоните:',
    till: 'По вопросам о карте звоните:',
  },
  en: {
    plain: 'Thank you, we have received your message.',
    call: ' Any questions? Please call',
    till: 'For help with this card call',
  },
  fa: {
    plain: 'سپاسگزاریم، پیام شما به دست ما رسید.',
    call: ' برای راهنمایی با ما تماس بگیرید:',
    till: 'برای راهنمایی دربارهٔ این کارت تماس بگیرید:',
  },
} as const satisfies Record<Locale, { plain: string; call: string; till: string }>;

/** The safe text of a language for customers or cashiers, with the support's phone when it is known; two segments at most. */
export function safeText(locale: Locale, name: TextName, support: string | undefined): string {
  const { plain, call, till } = SAFE_TEXTS[locale];
  if (isTillText(name)) return `${till} ${support ?? ''}`;
  return support === undefined ? plain : `${plain}${call} ${support}`;
}
