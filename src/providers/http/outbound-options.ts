import joi, { type CustomHelpers } from 'joi';
import { gatewayBaseUrl, plainHttp } from '../gateway-url.ts';
import { requestTimeoutMs } from '../options.ts';
import { OUTCOMES } from './outcome.ts';
import { checkedText, conditions, place, texts } from './schemas.ts';
import { isCoding, slotsOf, templateOf } from './template.ts';
import { fillFault } from './values.ts';

const PATH = /^\/[\x21\x24-\x3b\x3d\x40-\x5b\x5d-\x5f\x61-\x7a\x7e]*$/;
const HEADER_NAME = /^[A-Za-z\d-]{1,64}$/;
const FIELD_NAME = /^[^\p{Cc}{}]{1,128}$/u;
const XML_NAME = /^(?:@?[A-Za-z_][\w.:-]{0,63}|#text)$/;
const OURS: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
]);

type Fault = (text: string) => string | undefined;

function pathFault(fault: Fault): Fault {
  return (text) => {
    if (!PATH.test(text.replaceAll(/\{\{[^{}]*\}\}/g, '')))
      return 'must begin with / and hold neither spaces nor ? nor #: parameters stand in query';
    const missing = slotsOf(templateOf(text)).find(({ name }) => name.startsWith('validity'));
    return (
      fault(text) ?? (missing === undefined ? undefined : `cannot hold {{ ${missing.name} }}: not every SMS has one`)
    );
  };
}

function headerFault(fault: Fault): Fault {
  return (text) => {
    if (!/^[\x20-\x7e]*$/.test(text)) return 'may hold ASCII only';
    const risky = slotsOf(templateOf(text)).find(({ name, filter }) => name === 'text' && !isCoding(filter));
    return (
      fault(text) ??
      (risky === undefined ? undefined : 'needs {{ text | base64 }} or {{ text | urlEncoded }} in a header')
    );
  };
}

/** The keys of a request; `fault`: what may not stand in its templates. */
function request(fault: Fault) {
  const text = checkedText(fault)
    .allow('')
    .messages({ 'string.base': 'must be text, and in quotes when it holds braces' });
  const tree = joi.any().custom(checkTree(fault, FIELD_NAME)).messages({ 'declared.wrong': '{#fault}' });
  return {
    method: joi.valid('GET', 'POST').default('POST').description('The method.'),
    path: checkedText(pathFault(fault)).required().description('The path, without parameters.').example('/v1/messages'),
    query: texts(FIELD_NAME, text).description(
      'The URL’s parameters. Never a phone or a text where a body is possible: URLs are logged.',
    ),
    headers: texts(HEADER_NAME, checkedText(headerFault(fault)).allow(''))
      .custom(checkHeaders)
      .messages({ 'declared.wrong': '{#fault}' })
      .description('Headers. The Content-Type follows from the body.')
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as it stands in the file, where a variable fills it in.
      .example({ authorization: 'Bearer ${API_KEY}' }),
    form: texts(FIELD_NAME, text).description('A body of a form’s fields.'),
    json: tree.description('A JSON body, written as YAML. `"{{ to | number }}"` becomes a number.'),
    xml: joi
      .object()
      .length(1)
      .custom(checkTree(fault, XML_NAME))
      .messages({ 'declared.wrong': '{#fault}', 'object.length': 'must have one root' })
      .description(
        'An XML body, written as YAML: elements by name, attributes with `@`, the text beside them as `#text`.',
      ),
  };
}

const STATUS_FORM = 'must be a status, or all of a kind';

const outcome = joi
  .object({
    status: joi
      .array()
      .items(
        joi
          .alternatives(joi.number().integer().min(100).max(599).strict(), joi.string().pattern(/^[1-5]xx$/))
          .messages({ 'alternatives.types': STATUS_FORM, 'string.pattern.base': STATUS_FORM }),
      )
      .single()
      .min(1)
      .description('Statuses, such as `429` or `"4xx"`.'),
    when: conditions('What the answer has to say, as in `messages.when`.'),
    outcome: joi
      .valid(...OUTCOMES)
      .required()
      .description(
        'What the send then was. `transient` only when the SMS was surely not taken, because it is sent again: for a while (`transient`), when the account is mended (`accountTrouble`), when this phone may be texted again (`recipientLater`). Never to be taken: `rejected`, for want of a route that another channel may have (`noRoute`), because of an opt-out (`optedOut`). `unknown` when it may have been taken.',
      ),
    retryAfterSeconds: joi
      .number()
      .integer()
      .min(1)
      .max(3_600)
      .default(1)
      .description('How long `throttled` waits when the answer has no `Retry-After`.'),
  })
  .or('status', 'when');

const answer = joi
  .valid('json', 'xml', 'text')
  .default('json')
  .description(
    'How an answer is read. `text` has its words in `words.0`, `words.1` and so on, and all of it in `text`.',
  );

const send = joi
  .object({
    ...request(fillFault),
    answer,
    id: place(
      'Where the provider’s id of the SMS is in an answer. Absent: it gives none, and receipts need `replyId`.',
    ),
    errorCode: place('Where the code of an error is in an answer; it is logged.'),
    outcomes: joi
      .array()
      .items(outcome)
      .min(1)
      .required()
      .description('What answers mean: the first rule that fits. An answer that fits none is `unknown`.'),
  })
  .oxor('form', 'json', 'xml')
  .custom(checkBody)
  .messages({ 'declared.wrong': '{#fault}' })
  .required()
  .description(
    'The request that sends an SMS. Templates: `{{ to }}`, `{{ from }}`, `{{ text }}`, `{{ replyId }}`, `{{ callbackUrl }}`, `{{ validitySeconds }}`, `{{ validityMinutes }}`, and behind `|` one of `withoutPlus`, `national` (as dialled in the number’s own country), `number`, `ucs2Hex`, `base64`, `urlEncoded`. What needs a value that an SMS has not is left out.',
  );

const check = joi
  .object({
    ...request((text) => (/\{\{|\}\}/.test(text) ? 'cannot hold {{ }}: no SMS is sent here' : undefined)),
    answer,
    when: conditions('What the answer has to say when the credentials are right, besides a status of 200 to 299.'),
  })
  .oxor('form', 'json', 'xml')
  .custom(checkBody)
  .messages({ 'declared.wrong': '{#fault}' })
  .description('A request that changes nothing and needs the credentials, for `cardwake doctor`: that of the balance.');

/** The keys of how the provider is called. */
export const outboundOptions = {
  plainHttp: plainHttp('the provider'),
  apiBaseUrl: gatewayBaseUrl('The provider’s API: scheme, host and port.')
    .required()
    .example('https://api.example.com'),
  requestTimeoutMs: requestTimeoutMs('the provider’s API'),
  send,
  check,
};

function checkHeaders(headers: Readonly<Record<string, string>>, { error }: CustomHelpers) {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const ours = names.find((name) => OURS.has(name));
  if (ours !== undefined) return error('declared.wrong', { fault: `${ours} is set by the connection itself` });
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  return doubled === undefined ? headers : error('declared.wrong', { fault: `has ${doubled} twice` });
}

interface WithBody {
  readonly method: string;
  readonly form?: unknown;
  readonly json?: unknown;
  readonly xml?: unknown;
}

function checkBody<T extends WithBody>(value: T, { error }: CustomHelpers) {
  const hasBody = value.form !== undefined || value.json !== undefined || value.xml !== undefined;
  return value.method === 'GET' && hasBody
    ? error('declared.wrong', {
        fault: 'has a body, which a GET cannot carry: write method: POST, or its values under query',
      })
    : value;
}

/** Every text of the tree is a template, every name one that cannot be mistaken for something else. */
function checkTree(fault: Fault, name: RegExp) {
  const faultIn = (value: unknown, path: string, depth: number): string | undefined => {
    const at = path === '' ? '' : `${path} `;
    if (depth > 16) return 'is nested deeper than 16';
    if (typeof value === 'string') return prefixed(at, fault(value));
    if (typeof value !== 'object' || value === null) return undefined;
    const children = Object.entries(value);
    const odd = Array.isArray(value) ? undefined : children.find(([key]) => !name.test(key))?.[0];
    if (odd !== undefined)
      return `${at}cannot have a key ${odd}${odd.startsWith('{') ? ': put {{ … }} in quotes' : ''}`;
    return children
      .map(([key, child]) => faultIn(child, path === '' ? key : `${path}.${key}`, depth + 1))
      .find((one) => one !== undefined);
  };
  return (value: unknown, { error }: CustomHelpers) => {
    const found = faultIn(value, '', 0);
    return found === undefined ? value : error('declared.wrong', { fault: found });
  };
}

function prefixed(at: string, fault: string | undefined): string | undefined {
  return fault === undefined ? undefined : `${at}${fault}`;
}
