import type { Locale, Program } from '../activation/program.ts';
import { countSegments, type SegmentCount } from '../sms/segment.ts';
import type { ReplyTexts } from './compile.ts';
import { liquidProblem } from './liquid.ts';
import { finish, localise } from './localise.ts';
import { REPLY_NAMES } from './replies.ts';
import { safeText } from './safe-text.ts';
import type { TextName } from './texts.ts';
import { TILL_TEXT_NAMES } from './till-texts.ts';
import { samplesOf } from './values.ts';
import type { ReplyValues } from './variables.ts';

/** Which text to say, to whom. */
export interface ReplyRequest {
  /** The programme's key. */
  readonly program: string;
  readonly locale: Locale;
  readonly name: TextName;
  readonly values: ReplyValues;
}

/** The words of a reply, ready to be sent. */
export interface RenderedReply {
  readonly text: string;
  /** True when the reply's own text failed and the safe text stands in: somebody is to be told `error`. */
  readonly isFallback: boolean;
  /** Why, without any value of the reply. */
  readonly error?: string;
}

/** A reply and its price. */
export interface ReplyPreview extends RenderedReply, SegmentCount {}

/** One reply in one situation, with what it costs. */
export interface SampleReply extends ReplyPreview {
  readonly program: string;
  readonly locale: Locale;
  readonly name: TextName;
  readonly situation: string;
}

/** Puts a reply, or what a till shows, into words. Never throws and never returns an empty text: a failing text gives way to a safe one. */
export function renderReply(texts: ReplyTexts, { program, locale, name, values }: ReplyRequest): RenderedReply {
  try {
    const text = texts.find(program, locale, name)?.render(values);
    if (text !== undefined && text !== '') return { text, isFallback: false };
    return fallback(locale, name, values, text === '' ? 'the text is empty' : 'there is no text');
  } catch (error) {
    return fallback(locale, name, values, liquidProblem(error, '').message);
  }
}

/** The same as `renderReply`, with what the text costs. */
export function previewReply(texts: ReplyTexts, request: ReplyRequest): ReplyPreview {
  const rendered = renderReply(texts, request);
  return { ...rendered, ...countSegments(rendered.text) };
}

/** Every reply of every programme in every situation, in the order of the tables. */
export function sampleReplies(texts: ReplyTexts, programs: readonly Program[]): readonly SampleReply[] {
  return samples(REPLY_NAMES, texts, programs);
}

/** Every text for the till, in the same way. */
export function sampleTillTexts(texts: ReplyTexts, programs: readonly Program[]): readonly SampleReply[] {
  return samples(TILL_TEXT_NAMES, texts, programs);
}

function samples(names: readonly TextName[], texts: ReplyTexts, programs: readonly Program[]): readonly SampleReply[] {
  return programs.flatMap((program) =>
    program.locales.flatMap((locale) =>
      names.flatMap((name) =>
        samplesOf(name, program).map(({ situation, values }) => {
          const place = { program: program.key, locale, name };
          return { ...place, situation, ...previewReply(texts, { ...place, values }) };
        }),
      ),
    ),
  );
}

function fallback(locale: Locale, name: TextName, values: ReplyValues, error: string): RenderedReply {
  return { text: finish(safeText(locale, name, localise(values, locale).support)), isFallback: true, error };
}
