import type { Locale } from '../activation/program.ts';

/**
 * What is sent when a reply's own text fails: true whatever the outcome, so it promises nothing but a person to call.
 * Built in, because the template files are what just failed.
 */
const SAFE_TEXTS = {
  ru: { plain: 'Спасибо, мы получили ваше сообщение.', call: ' Будут вопросы, звоните:' },
  en: { plain: 'Thank you, we have received your message.', call: ' Any questions? Please call' },
  fa: { plain: 'سپاسگزاریم، پیام شما به دست ما رسید.', call: ' برای راهنمایی با ما تماس بگیرید:' },
} as const satisfies Record<Locale, { plain: string; call: string }>;

/** The safe text of a language, with the phone of the support when it is known; at most two segments. */
export function safeText(locale: Locale, support: string | undefined): string {
  const { plain, call } = SAFE_TEXTS[locale];
  return support === undefined ? plain : `${plain}${call} ${support}`;
}
