import type { ProviderName } from '../../src/providers/registry.ts';
import type { Subject } from './subject.ts';
import { africasTalking } from './subjects/africas-talking.ts';
import { http } from './subjects/http.ts';
import { infobip } from './subjects/infobip.ts';
import { jasmin } from './subjects/jasmin.ts';
import { kannel } from './subjects/kannel.ts';
import { messagebird } from './subjects/messagebird.ts';
import { plivo } from './subjects/plivo.ts';
import { simulator } from './subjects/simulator.ts';
import { sinch } from './subjects/sinch.ts';
import { telnyx } from './subjects/telnyx.ts';
import { twilio } from './subjects/twilio.ts';
import { vonage } from './subjects/vonage.ts';

/** The providers that call us over HTTP. SMPP speaks in PDUs and has a suite of its own. */
export type CalledProvider = Exclude<ProviderName, 'smpp'>;

/** Every provider of the registry, or this file does not compile. */
export const SUBJECTS: Readonly<Record<CalledProvider, Subject>> = {
  twilio,
  vonage,
  telnyx,
  plivo,
  infobip,
  sinch,
  messagebird,
  'africas-talking': africasTalking,
  kannel,
  jasmin,
  http,
  simulator,
};
